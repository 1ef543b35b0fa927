package app

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/go-json-experiment/json"

	"switchyard/internal/journal"
	journalsqlite "switchyard/internal/journal/sqlite"
)

// hardAccount is the account file of these tests.
const hardAccount = scenarioDir + "/account.yaml"

// logBook keeps what a server logs.
type logBook struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (l *logBook) Write(line []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(line)
}

// lines returns the lines that hold all of the texts.
func (l *logBook) lines(texts ...string) (found []string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for line := range strings.Lines(l.text.String()) {
		holds := true
		for _, text := range texts {
			holds = holds && strings.Contains(line, text)
		}
		if holds {
			found = append(found, line)
		}
	}
	return found
}

// serveFolder serves a folder from this process, with the real clock.
func serveFolder(t *testing.T, data string, wrap func(journal.Store) journal.Store) (*server, *logBook) {
	t.Helper()
	log := &logBook{}
	a, err := New(context.Background(), Options{Data: data, Listen: "127.0.0.1:0", AccountFiles: []string{hardAccount},
		AllowInsecure: true, WrapJournal: wrap, Log: slog.New(slog.NewTextHandler(log, nil))})
	if err != nil {
		t.Fatal(err)
	}
	if err := a.Start(context.Background()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := a.Stop(context.Background()); err != nil {
			t.Error(err)
		}
	})
	return &server{t: t, url: a.URL(), account: hardAccount, tokens: map[string]string{}}, log
}

// eventually looks again and again until something outside of this process's control is so.
func eventually(t *testing.T, what string, so func() bool) {
	t.Helper()
	limit := time.After(30 * time.Second)
	for !so() {
		select {
		case <-limit:
			t.Fatalf("not so within 30 s: %s", what)
		case <-time.After(10 * time.Millisecond):
		}
	}
}

// refuseToOpen expects a server not to open a folder and returns why.
func refuseToOpen(t *testing.T, o Options) error {
	t.Helper()
	a, err := New(context.Background(), o)
	if err == nil {
		if err = a.Start(context.Background()); err == nil {
			_ = a.Stop(context.Background())
			t.Fatal("the server started")
		}
		err = errors.Join(err, a.stores.close())
	}
	return err
}

// troubled is a journal on a device in trouble.
type troubled struct {
	journal.Store
	trouble atomic.Pointer[error]
}

func (j *troubled) Append(ctx context.Context, rows []journal.Row) error {
	if err := j.trouble.Load(); err != nil {
		return fmt.Errorf("append %d rows: %w", len(rows), *err)
	}
	return j.Store.Append(ctx, rows)
}

func (j *troubled) Probe(ctx context.Context) error {
	if err := j.trouble.Load(); err != nil {
		return fmt.Errorf("probe: %w", *err)
	}
	return j.Store.Probe(ctx)
}

// trial is a device that can be brought into trouble and out of it.
type trial struct {
	*server
	log           *logBook
	worsen, mend  func()
	reason        string // what log and readyz say
	acknowledged  map[string]string
	refused       []string // requestids
	bytesARequest int
	n             int
}

// dispatch asks for one interaction; false when it was refused because nothing can be stored.
func (x *trial) dispatch(requestID string) bool {
	x.t.Helper()
	var properties []any
	for n := range x.bytesARequest / 1000 {
		properties = append(properties, map[string]any{"type": "interactionproperty", "key": fmt.Sprint("p", n), "value": strings.Repeat("x", 1000)})
	}
	body, err := json.Marshal(map[string]any{"requests": []any{map[string]any{"requestid": requestID,
		"externalid": "x-" + requestID, "route": "Cases", "linkeddata": properties}}})
	if err != nil {
		x.t.Fatal(err)
	}
	a := x.send("POST", "/interactions/invoke", map[string]string{"Authorization": "Bearer " + x.token("crm"),
		"Accept": "application/vnd.newvoicemedia.v1+json", "Content-Type": "application/json", "Prefer": "return=representation"}, string(body))
	var results []struct {
		Status      string `json:"status"`
		Interaction string `json:"interaction"`
	}
	switch {
	case a.status == http.StatusServiceUnavailable:
		if !strings.Contains(string(a.body), "nothing was acknowledged") || a.header.Get("Retry-After") == "" {
			x.t.Errorf("503 says %s, Retry-After %q", a.body, a.header.Get("Retry-After"))
		}
		return false
	case a.status != http.StatusOK || json.Unmarshal(a.body, &results) != nil || results[0].Status != "accepted":
		x.t.Fatalf("request %s: %d %s", requestID, a.status, a.body)
	}
	x.acknowledged[requestID] = results[0].Interaction
	return true
}

// fill dispatches until the server refuses, or so many were taken.
func (x *trial) fill(most int) (refused bool) {
	x.t.Helper()
	for range most {
		x.n++
		id := fmt.Sprint("r", x.n)
		if !x.dispatch(id) {
			x.refused = append(x.refused, id)
			return true
		}
	}
	return false
}

// ready asks /readyz.
func (x *trial) ready() (bool, string) {
	a := x.send("GET", "/readyz", nil, "")
	return a.status == http.StatusOK, string(a.body)
}

// run plays it through: nothing is acknowledged that is not stored, the log and /readyz say why, and
// when the trouble is over the server goes on by itself with everything it had acknowledged.
func (x *trial) run() {
	x.t.Helper()
	x.acknowledged = map[string]string{}
	if x.fill(10) {
		x.t.Fatal("refused before there was trouble")
	}
	for round := range 2 {
		x.worsen()
		if !x.fill(3000) {
			x.t.Fatal("everything was acknowledged, whatever the device said")
		}
		if ready, why := x.ready(); ready || !strings.Contains(why, x.reason) {
			x.t.Errorf("readyz says %v %s, want %q", ready, why, x.reason)
		}
		if alive := x.send("GET", "/healthz", nil, ""); alive.status != http.StatusOK {
			x.t.Errorf("healthz: %d", alive.status)
		}
		if len(x.log.lines("level=ERROR", "account=story", x.reason)) <= round {
			x.t.Errorf("no line of the log says %q:\n%s", x.reason, x.log.text.String())
		}
		if again := x.fill(1); !again {
			x.t.Error("acknowledged while the trouble lasts")
		}
		x.mend()
		eventually(x.t, "the server is ready again", func() bool { ready, _ := x.ready(); return ready })
		for _, id := range x.refused { // they happened not: none is a duplicate
			if !x.dispatch(id) {
				x.t.Errorf("request %s is refused although the trouble is over", id)
			}
		}
		x.refused = nil
	}
	x.everything()
}

// everything checks that what was acknowledged is there, once, and nothing else.
func (x *trial) everything() {
	x.t.Helper()
	found := map[string]string{}
	for cursor := ""; ; {
		a := x.native("GET", "/v1/interactions?limit=1000&cursor="+url.QueryEscape(cursor), nil)
		var page struct {
			Items []struct {
				ID        string `json:"id"`
				RequestID string `json:"requestid"`
			} `json:"items"`
			Next string `json:"next"`
		}
		if err := json.Unmarshal(a.body, &page); err != nil || a.status != http.StatusOK {
			x.t.Fatalf("%d %.300s", a.status, a.body)
		}
		for _, i := range page.Items {
			if x.acknowledged[i.RequestID] != i.ID || found[i.RequestID] != "" {
				x.t.Errorf("request %s is there as %s, was acknowledged as %q", i.RequestID, i.ID, x.acknowledged[i.RequestID])
			}
			found[i.RequestID] = i.ID
		}
		if cursor = page.Next; cursor == "" {
			break
		}
	}
	if len(found) != len(x.acknowledged) {
		x.t.Errorf("%d requests were acknowledged, %d are there", len(x.acknowledged), len(found))
	}
	x.t.Logf("%d acknowledged", len(found))
}

func TestJournalInTroubleStopsAcknowledgements(t *testing.T) {
	for name, trouble := range map[string]error{"full disk": journal.ErrFull, "unwritable folder": journal.ErrReadOnly} {
		t.Run(name, func(t *testing.T) {
			device := &troubled{}
			x := &trial{reason: trouble.Error(), mend: func() { device.trouble.Store(nil) },
				worsen: func() { device.trouble.Store(&trouble) }}
			x.server, x.log = serveFolder(t, t.TempDir(), func(s journal.Store) journal.Store {
				device.Store = s
				return device
			})
			x.run()
		})
	}
}

// TestFullDisk fills a real file system when it may mount one. Otherwise what it would see is left to
// the test above and to those of the journal, which fail SQLite's own writes.
func TestFullDisk(t *testing.T) {
	dir, mounted := mount(t, "size=12m")
	if !mounted {
		return
	}
	ballast := filepath.Join(dir, "ballast")
	x := &trial{reason: "no space left", bytesARequest: 50_000,
		worsen: func() { writeUntilFull(t, ballast) },
		mend: func() {
			if err := os.Remove(ballast); err != nil {
				t.Fatal(err)
			}
		}}
	x.server, x.log = serveFolder(t, filepath.Join(dir, "data"), nil)
	x.run()
}

// writeUntilFull leaves no space.
func writeUntilFull(t *testing.T, path string) {
	t.Helper()
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	for err == nil {
		_, err = f.Write(make([]byte, 4096))
	}
	if !errors.Is(err, syscall.ENOSPC) {
		t.Fatal(err)
	}
	_ = f.Close()
}

func TestUnwritableFolderIsRefused(t *testing.T) {
	dir, mounted := mount(t, "size=1m,ro")
	if !mounted {
		if err := os.Chmod(dir, 0o500); err != nil {
			t.Fatal(err)
		}
	}
	for _, data := range []string{dir, filepath.Join(dir, "new")} {
		err := refuseToOpen(t, Options{Data: data})
		if !errors.Is(err, journal.ErrReadOnly) || !strings.Contains(err.Error(), data) || !strings.Contains(err.Error(), "check its owner") {
			t.Errorf("%s: %v", data, err)
		}
	}
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := refuseToOpen(t, Options{Data: file}); !strings.Contains(err.Error(), file) {
		t.Errorf("a file for a folder: %v", err)
	}
}

// execute changes a database that no server has open.
func execute(t *testing.T, path, statement string) {
	t.Helper()
	db, err := sql.Open("sqlite", path)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := db.ExecContext(context.Background(), statement); err != nil {
		t.Fatal(err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
}

func TestNewerFilesAreRefused(t *testing.T) {
	for _, file := range []string{journalsqlite.File, TablesFile} {
		data := t.TempDir()
		o := Options{Data: data}
		a, err := New(context.Background(), o)
		if err != nil {
			t.Fatal(err)
		}
		if err := a.stores.close(); err != nil {
			t.Fatal(err)
		}
		execute(t, filepath.Join(data, file), "INSERT INTO schema_migration(version_id, is_applied) VALUES (4711, 1)")
		err = refuseToOpen(t, o)
		if !errors.Is(err, journal.ErrNewer) || !strings.Contains(err.Error(), "4711") || !strings.Contains(err.Error(), file) {
			t.Errorf("%s: %v", file, err)
		}
		if other, err := New(context.Background(), o); !errors.Is(err, journal.ErrNewer) {
			t.Errorf("%s: the folder is still held: %v, %v", file, other, err)
		}
	}
}

func TestSecondServerIsRefused(t *testing.T) {
	data := t.TempDir()
	s := &server{t: t, account: hardAccount, tokens: map[string]string{}}
	s.startProcess(data)
	pid, err := os.ReadFile(filepath.Join(data, "lock"))
	if err != nil {
		t.Fatal(err)
	}
	err = refuseToOpen(t, Options{Data: data, Manual: true})
	var locked *journal.Locked
	if !errors.As(err, &locked) || locked.Holder != strings.TrimSpace(string(pid)) ||
		!strings.Contains(err.Error(), data) || !strings.Contains(err.Error(), "listen 127.0.0.1:0, since ") {
		t.Errorf("%v", err)
	}
	if a := s.native("GET", "/v1/agents", nil); a.status != http.StatusOK {
		t.Errorf("the first server is disturbed: %d %s", a.status, a.body)
	}
	s.kill()
	a, err := New(context.Background(), Options{Data: data, Manual: true})
	if err != nil {
		t.Fatalf("the folder of a killed server is still held: %v", err)
	}
	if err := a.stores.close(); err != nil {
		t.Error(err)
	}
}

func TestOtherClockIsRefused(t *testing.T) {
	for _, manual := range []bool{true, false} {
		o := Options{Data: t.TempDir(), Manual: manual}
		a, err := New(context.Background(), o)
		if err == nil {
			err = a.Start(context.Background())
		}
		if err == nil {
			err = a.Stop(context.Background())
		}
		if err != nil {
			t.Fatal(err)
		}
		o.Manual = !manual
		err = refuseToOpen(t, o)
		kind := map[bool]string{true: "manual", false: "real"}
		if !strings.Contains(err.Error(), "made under the "+kind[manual]+" clock") || !strings.Contains(err.Error(), "--clock manual") {
			t.Errorf("%v", err)
		}
	}
}

// TestTablesFollowFromAnywhere kills a server and starts it again with tables from any earlier
// moment, with none, and with those it had: it answers the same each time. Tables from an earlier
// moment are what a kill between the journal's commit and the tables' leaves behind.
func TestTablesFollowFromAnywhere(t *testing.T) {
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	first := newLife(t, rand.New(rand.NewPCG(seed, 1)))
	cuts := first.run(250)
	first.quiet()
	want := first.answers()
	first.kill()
	kept := filepath.Join(t.TempDir(), "kept")
	if err := Backup(context.Background(), first.data, kept, nil); err != nil {
		t.Fatal(err)
	}
	t.Logf("%d answers compared after %d cuts", len(want), len(cuts))
	for _, cut := range append(cuts, "none", filepath.Join(kept, TablesFile)) {
		data := filepath.Join(t.TempDir(), "data")
		if err := Backup(context.Background(), kept, data, nil); err != nil {
			t.Fatal(err)
		}
		tables := filepath.Join(data, TablesFile)
		if err := os.Remove(tables); err != nil {
			t.Fatal(err)
		}
		if cut != "none" {
			if err := copyFile(cut, tables); err != nil {
				t.Fatal(err)
			}
		}
		again := &life{server: &server{t: t, account: hardAccount, tokens: first.tokens}, data: data, calls: first.calls}
		again.startProcess(data)
		again.same(filepath.Base(cut), want)
		again.kill()
	}
}

// life is an account something happens in.
type life struct {
	*server
	data  string
	rnd   *rand.Rand
	n     int
	calls []string // correlation ids
	hook  *httptest.Server
}

func newLife(t *testing.T, rnd *rand.Rand) *life {
	l := &life{server: &server{t: t, account: hardAccount, tokens: map[string]string{}}, data: t.TempDir(), rnd: rnd}
	var called atomic.Int32
	l.hook = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		if called.Add(1)%5 == 0 {
			w.WriteHeader(http.StatusTeapot)
		}
	}))
	t.Cleanup(l.hook.Close)
	l.startProcess(l.data)
	l.must(l.contract("/interactions/register", `{"provider":"crm","endpoint":"`+l.hook.URL+
		`","agentactionspermitted":{"release":1,"hold":1,"transferToAgent":1,"transferToRoute":1}}`))
	for _, agent := range []string{"ada", "bo", "cy"} {
		l.must(l.native("PUT", "/v1/agents/"+agent+"/presence", map[string]string{"presence": "Ready"}))
	}
	return l
}

func (l *life) must(a answer) {
	l.t.Helper()
	if a.status != http.StatusOK {
		l.t.Fatalf("%d %s", a.status, a.body)
	}
}

// step does something that is possible.
func (l *life) step() {
	l.t.Helper()
	l.n++
	switch l.rnd.IntN(5) {
	case 0:
		l.must(l.native("POST", "/v1/clock", map[string]any{"advance": fmt.Sprint(l.rnd.IntN(15), "s")}))
	case 1, 2:
		route := []string{"Cases", "Auto", "Sales", "Urgent"}[l.rnd.IntN(4)]
		a := l.contract("/interactions/invoke", fmt.Sprintf(`{"provider":"crm","requests":[{"requestid":"r%d","externalid":"x%d","route":%q,
			"linkeddata":[{"type":"name","value":"Name %d"}]},{"action":"release","externalid":"x%d"}]}`, l.n, l.n, route, l.n, l.rnd.IntN(l.n)+1))
		l.must(a)
		l.calls = append(l.calls, a.header.Get("X-Correlation-ID"))
	default:
		l.work()
	}
}

// work lets one agent do the next thing to something it has.
func (l *life) work() {
	l.t.Helper()
	agent := []string{"ada", "bo", "cy"}[l.rnd.IntN(3)]
	var page struct {
		Items []struct {
			ID    string `json:"id"`
			State string `json:"state"`
		} `json:"items"`
	}
	a := l.native("GET", "/v1/interactions?agent="+agent+"&state=offered,connected,wrap", nil)
	if err := json.Unmarshal(a.body, &page); err != nil || a.status != http.StatusOK {
		l.t.Fatalf("%d %s", a.status, a.body)
	}
	if len(page.Items) == 0 {
		return
	}
	i := page.Items[l.rnd.IntN(len(page.Items))]
	action := map[string]string{"offered": "accept", "connected": "release", "wrap": "complete"}[i.State]
	if i.State == "connected" && l.rnd.IntN(3) == 0 {
		action = "hold"
	}
	l.must(l.native("POST", "/v1/interactions/"+i.ID+"/"+action, map[string]string{"agent": agent}))
}

// run makes steps, and returns copies of the tables made on the way, each of another moment.
func (l *life) run(steps int) (cuts []string) {
	l.t.Helper()
	known := map[string]bool{}
	for n := range steps {
		l.step()
		if l.rnd.IntN(8) > 0 {
			continue
		}
		cut := filepath.Join(l.t.TempDir(), fmt.Sprint("tables-", n))
		if err := copyDatabase(context.Background(), filepath.Join(l.data, TablesFile), cut); err != nil {
			l.t.Fatal(err)
		}
		text, err := os.ReadFile(cut)
		if err != nil {
			l.t.Fatal(err)
		}
		if !known[string(text)] {
			known[string(text)] = true
			cuts = append(cuts, cut)
		}
	}
	return cuts
}

// quiet lets callbacks come to their end: the clock stands still, but they take real time.
func (l *life) quiet() {
	l.t.Helper()
	eventually(l.t, "no callback is pending", func() bool {
		l.must(l.native("POST", "/v1/clock", map[string]any{"advance": "10s"}))
		return strings.Contains(string(l.native("GET", "/v1/notifications?state=pending", nil).body), `"items":[]`)
	})
}

// answers asks for everything that is read from tables or from the state.
func (l *life) answers() map[string]string {
	l.t.Helper()
	all := map[string]string{}
	ask := func(path string) []byte {
		a := l.native("GET", path, nil)
		if a.status != http.StatusOK {
			l.t.Fatalf("%s: %d %s", path, a.status, a.body)
		}
		all[path] = string(a.body)
		return a.body
	}
	for _, path := range []string{"/v1/agents", "/v1/config", "/v1/config/history", "/v1/config/history/1", "/v1/providers",
		"/v1/notifications?limit=1000", "/v1/notifications?state=delivered&limit=3", "/v1/interactions?route=auto&limit=2",
		"/v1/interactions?agent=ada", "/v1/interactions?q=name+1", "/v1/clock"} {
		ask(path)
	}
	var page struct {
		Items []struct {
			ID string `json:"id"`
		} `json:"items"`
	}
	if err := json.Unmarshal(ask("/v1/interactions?limit=1000"), &page); err != nil || len(page.Items) == 0 {
		l.t.Fatalf("%d interactions, %v", len(page.Items), err)
	}
	for _, i := range page.Items {
		for _, part := range []string{"", "/timeline", "/explain"} {
			ask("/v1/interactions/" + i.ID + part)
		}
	}
	for _, id := range l.calls {
		ask("/v1/invocations/" + id)
	}
	return all
}

// same compares everything with what was answered before.
func (l *life) same(when string, want map[string]string) {
	l.t.Helper()
	got := l.answers()
	if len(got) != len(want) {
		l.t.Errorf("%s: %d answers, want %d", when, len(got), len(want))
	}
	for path, text := range want {
		if got[path] != text {
			l.t.Errorf("%s: %s is\n%.1000s\nwant\n%.1000s", when, path, got[path], text)
		}
	}
}
