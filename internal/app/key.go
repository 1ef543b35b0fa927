package app

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"

	"switchyard"
	"switchyard/internal/core"
	"switchyard/internal/engine"
	journalsqlite "switchyard/internal/journal/sqlite"
	"switchyard/internal/seal"
)

// KeyUse is a key that seals credentials, and how much it seals.
type KeyUse struct {
	seal.KeyInfo
	Live int // credentials in use, of all accounts
}

// KeyUses is all keys of a server, the one that seals new credentials first.
type KeyUses struct {
	Keys   []KeyUse
	Sealed int // credentials in use that none of the keys opens
}

// older is how many credentials in use are sealed with another key than the first.
func (u *KeyUses) older() (n int) {
	for _, k := range u.Keys[1:] {
		n += k.Live
	}
	return n
}

// ListKeys counts the credentials each key seals, in a data folder that no server holds.
func ListKeys(ctx context.Context, o Options) (uses *KeyUses, err error) {
	s, key, err := openForKeys(ctx, o)
	if err != nil {
		return nil, err
	}
	uses, err = useOfKeys(ctx, s, key)
	return uses, errors.Join(err, s.close())
}

// openForKeys opens an existing data folder and its keys.
func openForKeys(ctx context.Context, o Options) (*stores, *seal.Key, error) {
	if _, err := os.Stat(filepath.Join(o.Data, journalsqlite.File)); err != nil {
		return nil, nil, fmt.Errorf("%s is no data folder: it has no %s", o.Data, journalsqlite.File)
	}
	s, err := openStores(ctx, o)
	if err != nil {
		return nil, nil, err
	}
	key, err := openKey(o)
	if err != nil {
		return nil, nil, errors.Join(err, s.close())
	}
	return s, key, nil
}

func useOfKeys(ctx context.Context, s *stores, key *seal.Key) (*KeyUses, error) {
	accounts, err := s.journal.Accounts(ctx)
	if err != nil {
		return nil, fmt.Errorf("list accounts of the journal: %w", err)
	}
	live := map[string]int{}
	for _, account := range accounts {
		state, err := engine.Peek(ctx, s.journal, s.tables, account)
		if err != nil {
			return nil, err
		}
		state.Credentials(func(text switchyard.Sealed) {
			id, _ := key.SealedBy(string(text))
			live[id]++
		})
	}
	uses := &KeyUses{Sealed: live[""]}
	for _, info := range key.Keys() {
		uses.Keys = append(uses.Keys, KeyUse{info, live[info.ID]})
	}
	return uses, nil
}

// Rotation says what a rotation of the sealing key came to.
type Rotation struct {
	Key      seal.KeyInfo // that seals now
	Finished bool         // an earlier rotation was finished; no key was made
	Live     int          // credentials in use that were sealed anew
	Unread   int          // credentials in use that no key opens, and that stay as they are
}

// ErrNoKeyFile: SWITCHYARD_KEY gives the key, so nobody but the operator can put a new one in front.
var ErrNoKeyFile = errors.New("SWITCHYARD_KEY gives the key, and its first key seals every credential: " +
	"put a new one in front, as in SWITCHYARD_KEY=\"$(openssl rand -base64 32),$SWITCHYARD_KEY\", and rotate again")

// RotateKey makes a new key, which seals from now on, and seals every credential anew with it, in a
// data folder that no server holds. The key file has the new key, durably, before anything is sealed
// with it, and keeps the older ones: whenever this is cut short the folder can be used, and the next
// rotation first finishes this one instead of making another key.
func RotateKey(ctx context.Context, o Options) (*Rotation, error) {
	s, key, err := openForKeys(ctx, o)
	if err != nil {
		return nil, err
	}
	before, err := useOfKeys(ctx, s, key)
	if err != nil {
		return nil, errors.Join(err, s.close())
	}
	r := &Rotation{Finished: before.older() > 0, Unread: before.Sealed}
	switch {
	case r.Finished:
	case o.Key != "":
		return nil, errors.Join(ErrNoKeyFile, s.close())
	default:
		if key, err = seal.AddKey(filepath.Join(o.Data, KeyFile)); err != nil {
			return nil, errors.Join(err, s.close())
		}
	}
	r.Key = key.Keys()[0]
	o.kept, o.Purpose = s, Change
	a, err := New(ctx, o)
	if err != nil {
		return nil, err // New has closed the stores
	}
	err = a.Start(ctx)
	if err == nil {
		r.Live, err = a.reseal(ctx)
	}
	return r, errors.Join(err, a.Stop(context.WithoutCancel(ctx)))
}

// How much one journaled input seals anew. One text may be as large as a gateway's body.
const (
	resealTexts = 500
	resealBytes = 256 << 10
)

// reseal seals anew everything that accounts hold, and all versions of their configs, where that was
// done with an older key. It returns how many credentials in use there were.
func (a *App) reseal(ctx context.Context) (live int, err error) {
	for _, account := range a.engine.Accounts() {
		n, err := a.resealAccount(ctx, account)
		if live += n; err != nil {
			return live, fmt.Errorf("seal the credentials of account %s anew: %w; rotate again to finish", account, err)
		}
	}
	return live, nil
}

func (a *App) resealAccount(ctx context.Context, account string) (live int, err error) {
	older := map[switchyard.Sealed]bool{}
	note := func(text switchyard.Sealed) {
		if a.key.Sealed(string(text)) && !a.key.Current(string(text)) {
			older[text] = true
		}
	}
	err = a.engine.View(ctx, account, func(s *core.State, _ switchyard.Instant) {
		s.Credentials(func(text switchyard.Sealed) {
			if note(text); older[text] {
				live++
			}
		})
		s.EachSealed(note)
	})
	if err != nil {
		return 0, err
	}
	for before := 0; ; {
		versions, err := a.engine.Configs(ctx, account, before, 100)
		if err != nil {
			return 0, err
		}
		for _, v := range versions {
			switchyard.EachSealed(v.Document, note)
			before = v.Version
		}
		if len(versions) == 0 || before <= 1 {
			break
		}
	}
	return live, a.resealTexts(ctx, account, older)
}

// resealTexts journals what takes the place of each text.
func (a *App) resealTexts(ctx context.Context, account string, older map[switchyard.Sealed]bool) error {
	in := &switchyard.Reseal{Key: a.key.Keys()[0].ID}
	bytes := 0
	flush := func() error {
		if len(in.Texts) == 0 {
			return nil
		}
		_, err := a.engine.Do(ctx, account, engine.Call{By: "client:command", Input: in})
		in, bytes = &switchyard.Reseal{Key: in.Key}, 0
		return err
	}
	texts := make([]switchyard.Sealed, 0, len(older))
	for text := range older {
		texts = append(texts, text)
	}
	slices.Sort(texts)
	for _, text := range texts {
		plain, err := a.key.Open(text)
		if err != nil {
			return err
		}
		in.Texts = append(in.Texts, switchyard.Resealed{Old: text, New: a.key.Seal(plain)})
		bytes += 2 * len(text)
		if len(in.Texts) == resealTexts || bytes >= resealBytes {
			if err := flush(); err != nil {
				return err
			}
		}
	}
	return flush()
}
