package app

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"switchyard"
	"switchyard/internal/core"
	"switchyard/internal/engine"
	"switchyard/internal/journal"
	"switchyard/internal/seal"
)

// What a version with one key left behind: its key file, and a secret it sealed.
const (
	keyBefore    = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=\n"
	sealedBefore = "s1:CwCyama3st5pyQAfq1LdBz2KJ5zufkAMth3DP/V8or3CqBMRg6Lf5I76uLPqTA"
)

// keyFolder is a data folder between servers.
type keyFolder struct {
	t    *testing.T
	data string
}

// newKeyFolder makes a folder with two accounts, whose credentials are of every kind: of documents
// old and new, of providers, overlapping, and in an answer that is kept.
func newKeyFolder(t *testing.T) *keyFolder {
	f := &keyFolder{t: t, data: t.TempDir()}
	if err := os.WriteFile(filepath.Join(f.data, KeyFile), []byte(keyBefore), 0o600); err != nil {
		t.Fatal(err)
	}
	f.serve(func(a *App) {
		for _, account := range []string{"acme", "zoo"} {
			f.apply(a, account, "first value")
			f.apply(a, account, "second value")
			f.do(a, account, engine.Call{By: "client:ops", Input: &switchyard.Register{Provider: "Api", Endpoint: "https://api.example.com/",
				Headers: a.key.Seal([]byte(`{"X-Key":"of the api"}`)), Secret: a.key.Seal([]byte("whsec_one"))}})
			f.do(a, account, engine.Call{By: "client:ops", Key: "client:ops once", Body: "0", Input: &switchyard.RotateSecret{
				Provider: "Api", Secret: a.key.Seal([]byte("whsec_two"))}})
		}
		f.publishAsBefore(a)
	})
	return f
}

func (f *keyFolder) options() Options { return Options{Data: f.data, Purpose: Change} }

// serve runs a server on the folder, with a manual clock and no listener.
func (f *keyFolder) serve(use func(a *App)) {
	f.t.Helper()
	a, err := New(context.Background(), Options{Data: f.data, Manual: true, AllowInsecure: true})
	if err == nil {
		err = a.Start(context.Background())
	}
	if err != nil {
		f.t.Fatal(err)
	}
	use(a)
	if err := a.Stop(context.Background()); err != nil {
		f.t.Fatal(err)
	}
}

func (f *keyFolder) apply(a *App, account, secret string) {
	f.t.Helper()
	file := filepath.Join(f.t.TempDir(), "account.yaml")
	text := fmt.Sprintf(`
account: %s
secrets: {changed: %q, same: "of old"}
gateways: {sms: {g: {type: http, url: "https://sms.example.com/", headers: {X-Key: "of the gateway"}, body: "$(Message)"}}}
plans: [{name: P, start: q, applets: {q: {type: queue}}}]
routes: [{name: R, plan: P}]
providers: [{name: Filed, endpoint: "https://crm.example.com/", headers: {Authorization: "Bearer x"}}]
`, account, secret)
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		f.t.Fatal(err)
	}
	if _, err := a.ApplyFile(context.Background(), file, false); err != nil {
		f.t.Fatal(err)
	}
}

func (f *keyFolder) do(a *App, account string, c engine.Call) any {
	f.t.Helper()
	answer, err := a.engine.Do(context.Background(), account, c)
	if err != nil {
		f.t.Fatal(err)
	}
	return answer
}

// publishAsBefore publishes a document as a version with one key sealed it.
func (f *keyFolder) publishAsBefore(a *App) {
	f.t.Helper()
	var doc switchyard.Account
	f.state(a, "acme", func(s *core.State) { doc = *s.Config().Document })
	doc.Secrets = map[string]string{"changed": doc.Secrets["changed"], "same": doc.Secrets["same"], "unnamed": sealedBefore}
	f.do(a, "acme", engine.Call{By: "test", Input: &switchyard.Publish{Document: doc, Source: "test"}})
}

func (f *keyFolder) state(a *App, account string, use func(s *core.State)) {
	f.t.Helper()
	if err := a.engine.View(context.Background(), account, func(s *core.State, _ switchyard.Instant) { use(s) }); err != nil {
		f.t.Fatal(err)
	}
}

func (f *keyFolder) rotate(o Options) *Rotation {
	f.t.Helper()
	r, err := RotateKey(context.Background(), o)
	if err != nil {
		f.t.Fatal(err)
	}
	return r
}

func (f *keyFolder) list() *KeyUses {
	f.t.Helper()
	uses, err := ListKeys(context.Background(), f.options())
	if err != nil {
		f.t.Fatal(err)
	}
	return uses
}

// credentials are those in use, opened, with the key that sealed each.
func (f *keyFolder) credentials(a *App) (plain, keys []string) {
	f.t.Helper()
	for _, account := range []string{"acme", "zoo"} {
		f.state(a, account, func(s *core.State) {
			s.Credentials(func(text switchyard.Sealed) {
				opened, err := a.key.Open(text)
				if err != nil {
					f.t.Errorf("%s: %s: %v", account, text, err)
				}
				id, _ := a.key.SealedBy(string(text))
				plain, keys = append(plain, account+" "+string(opened)), append(keys, id)
			})
		})
	}
	slices.Sort(plain)
	slices.Sort(keys)
	return plain, slices.Compact(keys)
}

// opened are the credentials in use, all of which must be sealed with the key in front.
func (f *keyFolder) opened() (plain []string) {
	f.t.Helper()
	f.serve(func(a *App) {
		var keys []string
		if plain, keys = f.credentials(a); !slices.Equal(keys, []string{a.key.Keys()[0].ID}) {
			f.t.Errorf("credentials in use are sealed with %v, the key in front is %s", keys, a.key.Keys()[0].ID)
		}
	})
	return plain
}

func TestRotationSealsEverythingAnew(t *testing.T) {
	f := newKeyFolder(t)
	before := f.opened()
	if len(before) != 21 {
		t.Fatalf("credentials in use: %v", before)
	}
	r := f.rotate(f.options())
	uses := f.list()
	if r.Live != len(before) || r.Finished || r.Unread != 0 || len(uses.Keys) != 2 || uses.Keys[0].ID != r.Key.ID ||
		uses.Keys[0].Live != len(before) || uses.Keys[1].Live != 0 || uses.Sealed != 0 {
		t.Errorf("rotation %+v, keys %+v", r, uses)
	}
	if after := f.opened(); !slices.Equal(before, after) {
		t.Errorf("credentials were %q, are %q", before, after)
	}
	f.serve(func(a *App) {
		f.state(a, "acme", func(s *core.State) {
			s.EachSealed(func(text switchyard.Sealed) {
				if !a.key.Current(string(text)) {
					t.Errorf("the state holds %s still", text)
				}
			})
		})
		versions, err := a.engine.Configs(context.Background(), "acme", 0, 10)
		if err != nil || len(versions) != 3 {
			t.Fatalf("%d versions, %v", len(versions), err)
		}
		for _, v := range versions {
			switchyard.EachSealed(v.Document, func(text switchyard.Sealed) {
				if !a.key.Current(string(text)) {
					t.Errorf("version %d holds %s still", v.Version, text)
				}
			})
		}
		answer := f.do(a, "acme", engine.Call{By: "client:ops", Key: "client:ops once", Body: "0",
			Input: &switchyard.RotateSecret{Provider: "Api", Secret: a.key.Seal([]byte("whsec_three"))}})
		if text := fmt.Sprintf("%s", answer); !strings.Contains(text, "s2:"+r.Key.ID) {
			t.Errorf("the answer that is kept is %s", text)
		}
		if p, known := a.settings.Provider("acme", "Api"); !known || !a.key.Current(string(p.Secrets[0])) || len(p.Secrets) != 2 {
			t.Errorf("callbacks would be signed with %v", p.Secrets)
		}
	})
	if second := f.rotate(f.options()); second.Key.ID == r.Key.ID || second.Live != len(before) {
		t.Errorf("the second rotation: %+v", second)
	}
}

// A running server is told of its own rotation: effects look credentials up beside the owners.
func TestSettingsFollowARotation(t *testing.T) {
	f := newKeyFolder(t)
	if _, err := seal.AddKey(filepath.Join(f.data, KeyFile)); err != nil {
		t.Fatal(err)
	}
	f.serve(func(a *App) {
		if _, err := a.reseal(context.Background()); err != nil {
			t.Fatal(err)
		}
		secret, _ := a.settings.Secret("acme", "unnamed")
		gateway, _ := a.settings.Gateway("acme", "sms", "g")
		provider, _ := a.settings.Provider("acme", "Api")
		for _, text := range []string{string(secret), gateway.Headers["X-Key"], gateway.Body, string(provider.Headers),
			string(provider.Secrets[0]), string(provider.Secrets[1])} {
			if !a.key.Current(text) {
				t.Errorf("effects would open %s", text)
			}
		}
	})
}

// Whatever moment a rotation is cut short at, every credential can be opened, and the next rotation
// finishes it.
func TestRotationCutShort(t *testing.T) {
	for name, cut := range map[string]func(f *keyFolder){
		"with the new key written": func(f *keyFolder) {
			if _, err := seal.AddKey(filepath.Join(f.data, KeyFile)); err != nil {
				f.t.Fatal(err)
			}
		},
		"with one account sealed anew": func(f *keyFolder) {
			o := f.options()
			o.WrapJournal = func(s journal.Store) journal.Store { return resealing{s, "zoo"} }
			if _, err := RotateKey(context.Background(), o); err == nil || !strings.Contains(err.Error(), "zoo") {
				f.t.Fatalf("the rotation: %v", err)
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			f := newKeyFolder(t)
			before := f.opened()
			cut(f)
			uses := f.list()
			if len(uses.Keys) != 2 || uses.older() == 0 || uses.Sealed != 0 {
				t.Fatalf("keys %+v", uses)
			}
			f.serve(func(a *App) {
				if plain, _ := f.credentials(a); !slices.Equal(plain, before) {
					t.Errorf("credentials were %q, are %q", before, plain)
				}
			})
			if r := f.rotate(f.options()); !r.Finished || r.Key.ID != uses.Keys[0].ID || r.Live != uses.older() {
				t.Errorf("the next rotation: %+v; keys before it %+v", r, uses)
			}
			if after := f.opened(); !slices.Equal(before, after) {
				t.Errorf("credentials were %q, are %q", before, after)
			}
		})
	}
}

// resealing is a journal that takes no reseal of an account.
type resealing struct {
	journal.Store
	account string
}

func (j resealing) Append(ctx context.Context, rows []journal.Row) error {
	for _, r := range rows {
		if r.Account == j.account && bytes.Contains(r.Input, []byte(`"type":"reseal"`)) {
			return errors.New("cut short")
		}
	}
	return j.Store.Append(ctx, rows)
}

// A key that nothing kept needs is dropped; one that is needed stays, with the counts.
func TestPruneKeys(t *testing.T) {
	f := newKeyFolder(t)
	r := f.rotate(f.options())
	old := f.list().Keys[1].ID
	out, err := PruneKeys(context.Background(), f.options(), nil)
	if err != nil || len(out.Dropped) != 0 || len(out.Kept) != 1 {
		t.Fatalf("right after the rotation: %+v, %v", out, err)
	}
	if kept := out.Kept[0]; kept.ID != old || kept.Journal == 0 || kept.Snapshot+kept.Checkpoint+kept.Configs != 0 {
		t.Errorf("the old key is needed by %+v", kept)
	}
	f.serve(func(a *App) {
		for range 3 {
			if err := a.engine.AdvanceClock(context.Background(), switchyard.Duration(36*switchyard.Day)); err != nil {
				t.Fatal(err)
			}
		}
		for _, account := range []string{"acme", "zoo"} {
			eventually(t, "the rows of before the rotation are pruned", func() bool {
				if err := a.engine.Prune(context.Background(), account); err != nil { // as it does every hour
					t.Fatal(err)
				}
				oldest, last, err := a.stores.journal.Bounds(context.Background(), account)
				return err == nil && oldest+2 >= last
			})
		}
	})
	if out, err = PruneKeys(context.Background(), f.options(), nil); err != nil || len(out.Kept) != 0 || len(out.Dropped) != 1 || out.Dropped[0].ID != old {
		t.Fatalf("once the journal has forgotten: %+v, %v", out, err)
	}
	if uses := f.list(); len(uses.Keys) != 1 || uses.Keys[0].ID != r.Key.ID || uses.Sealed != 0 {
		t.Errorf("keys %+v", uses)
	}
	if after := f.opened(); len(after) != 21 {
		t.Errorf("credentials in use: %q", after)
	}
	if out, err := PruneKeys(context.Background(), f.options(), nil); err != nil || len(out.Kept)+len(out.Dropped) != 0 {
		t.Errorf("with one key: %+v, %v", out, err)
	}
}

// Keys that SWITCHYARD_KEY gives are put in front and left out by the operator; the rest is the same.
func TestRotationWithoutAKeyFile(t *testing.T) {
	f := newKeyFolder(t)
	o := f.options()
	old, fresh := strings.TrimSpace(keyBefore), strings.Repeat("B", 43)+"="
	o.Key = old
	if _, err := RotateKey(context.Background(), o); !errors.Is(err, ErrNoKeyFile) {
		t.Fatalf("with the same key: %v", err)
	}
	if err := os.Remove(filepath.Join(f.data, KeyFile)); err != nil {
		t.Fatal(err)
	}
	o.Key = fresh + "," + old
	key, err := seal.KeyFrom(o.Key)
	if err != nil {
		t.Fatal(err)
	}
	if r := f.rotate(o); !r.Finished || r.Live != 21 || r.Key.ID != key.Keys()[0].ID {
		t.Errorf("rotation %+v", r)
	}
	o.Key = fresh
	if uses, err := ListKeys(context.Background(), o); err != nil || uses.Keys[0].Live != 21 || uses.Sealed != 0 {
		t.Errorf("with the new key alone: %+v, %v", uses, err)
	}
	if _, err := os.Stat(filepath.Join(f.data, KeyFile)); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("a key file was made: %v", err)
	}
}

func TestKeysOfNoFolder(t *testing.T) {
	dir := t.TempDir()
	for name, err := range map[string]error{
		"list":   second(ListKeys(context.Background(), Options{Data: dir})),
		"rotate": second(RotateKey(context.Background(), Options{Data: dir})),
		"prune":  second(PruneKeys(context.Background(), Options{Data: dir}, nil)),
	} {
		if err == nil || !strings.Contains(err.Error(), "no data folder") {
			t.Errorf("%s: %v", name, err)
		}
	}
	if left, _ := os.ReadDir(dir); len(left) != 0 {
		t.Errorf("left behind: %v", left)
	}
}

func second[T any](_ T, err error) error { return err }

// An attempt at an effect uses the secret of its moment: one that was asked for before a secret was
// given a new value, and is tried again after, comes with the new value.
func TestEffectInFlightUsesTheSecretOfTheMoment(t *testing.T) {
	seen := make(chan string, 10)
	target := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		seen <- r.Header.Get("Authorization") + " " + string(body)
		w.WriteHeader(http.StatusServiceUnavailable)
	}))
	t.Cleanup(target.Close)
	account := func(value string) string {
		file := filepath.Join(t.TempDir(), "account.yaml")
		text := fmt.Sprintf(`
account: acme
secrets: {token: %q}
gateways: {sms: {g: {type: http, method: POST, url: "%s/", headers: {Authorization: "Bearer #(token)"}, body: "#(token)"}}}
plans: [{name: P, start: send, applets: {send: {type: sendsms, gateway: g, from: "1", to: "447700900123", message: hello}}}]
routes: [{name: R, plan: P}]
`, value, target.URL)
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return file
	}
	a, err := New(context.Background(), Options{Data: Memory, Manual: true, AllowInsecure: true})
	if err == nil {
		err = a.Start(context.Background())
	}
	if err == nil {
		_, err = a.ApplyFile(context.Background(), account("before"), false)
	}
	if err == nil {
		_, err = a.engine.Do(context.Background(), "acme", engine.Call{By: "client:crm", Input: &switchyard.Invoke{Requests: []switchyard.Request{{Route: "R"}}}})
	}
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := a.Stop(context.Background()); err != nil {
			t.Error(err)
		}
	}()
	next := func() string {
		select {
		case s := <-seen:
			return s
		case <-time.After(30 * time.Second):
			t.Fatal("no attempt came")
			return ""
		}
	}
	if got := next(); got != "Bearer before before" {
		t.Errorf("the first attempt came with %q", got)
	}
	if _, err := a.ApplyFile(context.Background(), account("after"), false); err != nil {
		t.Fatal(err)
	}
	if err := a.engine.AdvanceClock(context.Background(), switchyard.Minute); err != nil {
		t.Fatal(err)
	}
	if got := next(); got != "Bearer after after" {
		t.Errorf("the attempt after the secret had a new value came with %q", got)
	}
}
