package app

import (
	"bufio"
	"context"
	"flag"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/go-json-experiment/json"
)

var feedSeed = flag.Uint64("feed.seed", 0, "seed of the two days of TestReaderRebuildsState; 0 = the usual ones")

// TestReaderRebuildsState lets a reader come back after two days of virtual time and make, from the
// feed alone, what the API shows: by pages and by streams that break off anywhere, over servers that
// are killed. Another reader comes every now and then and compares each time.
func TestReaderRebuildsState(t *testing.T) {
	seeds := []uint64{20261123}
	if *feedSeed != 0 {
		seeds = []uint64{*feedSeed}
	}
	for _, seed := range seeds {
		t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) {
			w := newFeedWorld(t, seed)
			w.twoDays()
			w.comeBack()
			w.cursorExpires()
		})
	}
}

// feedWorld is two days of work in an account.
type feedWorld struct {
	*server
	random   *rand.Rand
	follower *feedReader
	sent     int
	passed   int // minutes
	zoe      bool
	kills    int
	compared int
}

func newFeedWorld(t *testing.T, seed uint64) *feedWorld {
	w := &feedWorld{random: rand.New(rand.NewPCG(seed, 0)), zoe: true}
	file := filepath.Join(t.TempDir(), "account.yaml")
	text, err := json.Marshal(w.document())
	if err == nil {
		err = os.WriteFile(file, text, 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
	w.server = newServer(t, "sqlite", file)
	w.follower = &feedReader{w: w, m: newMirror()}
	var calls atomic.Int64
	receiver := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, _ *http.Request) {
		if calls.Add(1)%3 == 0 {
			rw.WriteHeader(http.StatusBadGateway)
		}
	}))
	t.Cleanup(receiver.Close)
	for _, provider := range []string{"told", "untold"} {
		body := map[string]any{"provider": provider, "agentactionspermitted": map[string]int{"release": 1, "hold": 1, "transferToAgent": 1, "transferToRoute": 1}}
		if provider == "told" {
			body["endpoint"] = receiver.URL
		}
		w.must(w.contract("/interactions/register", w.text(body)))
	}
	return w
}

func (w *feedWorld) document() map[string]any {
	agents := []any{}
	names := []string{"ada", "bo", "cy", "di"}
	if w.zoe {
		names = append(names, "zoe")
	}
	for n, name := range names {
		agents = append(agents, map[string]any{"username": name, "skills": map[string]int{[]string{"german", "billing"}[n%2]: 3 + n}, "groups": []string{"support"}})
	}
	agents = append(agents, map[string]any{"username": "boss", "roles": []string{"supervisor"}})
	queue := func(more map[string]any) map[string]any {
		q := map[string]any{"type": "queue"}
		for k, v := range more {
			q[k] = v
		}
		return q
	}
	plan := func(name, start string, applets map[string]any) map[string]any {
		return map[string]any{"name": name, "start": start, "applets": applets}
	}
	routes := []any{}
	for _, name := range []string{"Cases", "Auto", "Short", "Urgent", "Later", "Message", "After"} {
		plan := name
		if name == "After" {
			plan = "Cases"
		}
		route := map[string]any{"name": name, "plan": plan}
		if name == "After" {
			route["after"] = "Message"
		}
		routes = append(routes, route)
	}
	return map[string]any{"account": "feed", "settings": map[string]any{"grace": "45m", "retention": map[string]any{"journal": "3d"}},
		"skills": []string{"german", "billing"}, "groups": []string{"support"}, "agents": agents,
		"presences": []any{map[string]any{"name": "Lunch", "category": "Away"}},
		"gateways":  map[string]any{"sms": map[string]any{"default": map[string]any{"type": "log"}}},
		"plans": []any{
			plan("Cases", "q", map[string]any{"q": queue(map[string]any{"ring": "3m", "wrap": "60s", "ondecline": map[string]any{"presence": "Lunch", "for": "5m"}})}),
			plan("Auto", "q", map[string]any{"q": queue(map[string]any{"accept": "auto", "wrap": "90s"})}),
			plan("Short", "q", map[string]any{"q": queue(map[string]any{"duration": "10m", "on": map[string]string{"duration": "again", "noagents": "end"}}),
				"again": map[string]any{"type": "goto", "plan": "Urgent"}, "end": map[string]any{"type": "end", "outcome": "Nobody"}}),
			plan("Urgent", "p", map[string]any{"p": map[string]any{"type": "setpriority", "band": "Highest", "next": "q"}, "q": queue(map[string]any{"maxlength": 3, "on": map[string]string{"full": "end"}}),
				"end": map[string]any{"type": "end", "outcome": "Full"}}),
			plan("Later", "w", map[string]any{"w": map[string]any{"type": "wait", "for": "30m", "next": "t"},
				"t": map[string]any{"type": "skilltagger", "skills": []any{map[string]any{"name": "german", "expiryafter": 600}}, "next": "q"}, "q": queue(nil)}),
			plan("Message", "s", map[string]any{"s": map[string]any{"type": "sendsms", "gateway": "default", "from": "x", "to": "+491", "message": "hello"}})},
		"routes": routes,
		"clients": []any{map[string]any{"id": "crm", "secret": "crm-secret-for-tests", "scopes": []string{"interactions:write"}},
			map[string]any{"id": "ops", "secret": "ops-secret-for-tests", "scopes": []string{"interactions:read", "agents:read", "agents:write", "config:read", "config:write", "stats:read", "events:read"}}}}
}

func (w *feedWorld) text(v any) string {
	text, err := json.Marshal(v, json.Deterministic(true))
	if err != nil {
		w.t.Fatal(err)
	}
	return string(text)
}

func (w *feedWorld) must(a answer) answer {
	w.t.Helper()
	if a.status != 200 {
		w.t.Fatalf("status %d: %s", a.status, a.body)
	}
	return a
}

func pick[T any](w *feedWorld, list ...T) T { return list[w.random.IntN(len(list))] }

// twoDays lets two days pass: seconds while much happens, then minutes, now and then hours.
func (w *feedWorld) twoDays() {
	for w.passed < 2*24*60 {
		for range w.random.IntN(12) {
			w.happen()
		}
		minutes := 0
		switch w.random.IntN(60) {
		case 0:
			minutes = 60 + w.random.IntN(120)
		case 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15:
			minutes = 5 + w.random.IntN(40)
		}
		w.must(w.native("POST", "/v1/clock", map[string]any{"advance": fmt.Sprintf("%dm%ds", minutes, w.random.IntN(20))}))
		w.passed += minutes
		switch w.random.IntN(30) {
		case 0:
			w.killUnderLoad()
		case 1, 2:
			w.follower.comeBack()
			w.compare(w.follower)
		}
	}
}

// happen does one thing that may or may not be possible.
func (w *feedWorld) happen() {
	switch w.random.IntN(18) {
	case 0, 1, 2, 3:
		w.dispatch()
	case 4, 5:
		w.native("PUT", "/v1/agents/"+w.agent()+"/presence", map[string]string{"presence": pick(w, "Ready", "Ready", "Ready", "Ready", "Away", "Lunch", "Logged Out", "Extended Away")})
	case 6:
		w.native("POST", "/v1/agents/"+w.agent()+"/heartbeat", nil)
	case 7:
		if w.random.IntN(6) == 0 {
			w.zoe = !w.zoe
			w.must(w.native("PUT", "/v1/config", w.document()))
		}
		w.contract("/interactions/invoke", w.text(map[string]any{"provider": pick(w, "told", "untold"), "requests": []any{
			map[string]any{"action": "release", "externalid": fmt.Sprint("x-", w.random.IntN(w.sent+1))}}}))
	default:
		w.act()
	}
}

func (w *feedWorld) agent() string { return pick(w, "ada", "bo", "cy", "di", "zoe") }

func (w *feedWorld) dispatch() {
	w.sent++
	routing := map[string]any{"interactiontype": pick(w, "live", "chat", "nonlive")}
	if w.random.IntN(3) == 0 {
		routing["skills"] = []any{map[string]any{"name": pick(w, "german", "billing"), "expiryafter": pick(w, 0, 300, 6000)}}
	}
	if w.random.IntN(6) == 0 {
		routing["personalqueue"] = map[string]any{"agent": pick(w, "ada", "bo"), "loggedintimeout": 600, "loggedouttimeout": 60}
	}
	w.must(w.contract("/interactions/invoke", w.text(map[string]any{"provider": pick(w, "told", "untold"), "requests": []any{map[string]any{
		"requestid": fmt.Sprint("r-", w.sent), "externalid": fmt.Sprint("x-", w.sent), "routingdata": routing,
		"route": pick(w, "Cases", "Cases", "Auto", "Auto", "Short", "Urgent", "Later", "Message", "After")}}})))
}

// act does something to a random interaction, mostly what its state allows.
func (w *feedWorld) act() {
	var page struct {
		Items []shownInteraction `json:"items"`
	}
	if err := json.Unmarshal(w.must(w.native("GET", "/v1/interactions?limit=40&state="+pick(w, "offered", "offered", "connected", "connected", "held,parked", "wrap", "queued"), nil)).body, &page); err != nil {
		w.t.Fatal(err)
	}
	if len(page.Items) == 0 {
		return
	}
	i := pick(w, page.Items...)
	body := map[string]any{"agent": i.Agent}
	var verb string
	switch i.State {
	case "offered":
		verb = pick(w, "accept", "accept", "accept", "accept", "decline", "requeue", "assign", "release")
	case "connected":
		verb = pick(w, "release", "release", "release", "hold", "transfer", "transfer", "requeue", "assign")
	case "held", "parked":
		verb = pick(w, "retrieve", "retrieve", "retrieve", "requeue", "assign", "release")
	case "wrap":
		verb = pick(w, "complete", "complete", "extend", "release")
	default:
		verb = pick(w, "priority", "assign", "release", "requeue")
	}
	switch verb {
	case "transfer":
		if w.random.IntN(2) == 0 {
			body["toagent"] = w.agent()
		} else {
			body["toroute"] = pick(w, "Cases", "Auto", "Short", "Later")
		}
	case "requeue", "assign", "priority":
		body = map[string]any{}
		if verb == "assign" {
			body["toagent"] = w.agent()
		} else if verb == "priority" {
			body["band"] = pick(w, "Highest", "Normal", "Lowest")
		}
	case "release":
		if i.State == "queued" || i.State == "offered" || w.random.IntN(4) == 0 {
			delete(body, "agent")
		}
	}
	if a := w.native("POST", "/v1/interactions/"+i.ID+"/"+verb, body); a.status >= 500 {
		w.t.Fatalf("%s: %d %s", verb, a.status, a.body)
	}
}

// killUnderLoad kills the server while it takes calls and starts it again.
func (w *feedWorld) killUnderLoad() {
	w.kills++
	url, token := w.url, w.token("crm")
	answered, done := make(chan bool), make(chan bool)
	from := w.sent
	w.sent += 60
	go func() {
		defer close(done)
		for n := from + 1; n <= from+60; n++ {
			body := fmt.Sprintf(`{"provider":"untold","requests":[{"route":"Cases","requestid":"r-%d","externalid":"x-%[1]d"}]}`, n)
			r, err := http.NewRequest("POST", url+"/interactions/invoke", strings.NewReader(body))
			if err != nil {
				return
			}
			r.Header = http.Header{"Authorization": {"Bearer " + token}, "Accept": {"application/vnd.newvoicemedia.v1+json"}, "Content-Type": {"application/json"}}
			response, err := httpClient.Do(r)
			if err != nil {
				return // killed
			}
			_, _ = io.Copy(io.Discard, response.Body)
			_ = response.Body.Close()
			answered <- true
		}
	}()
	for range w.random.IntN(20) {
		<-answered
	}
	killed := make(chan bool)
	go func() { w.kill(); close(killed) }()
	for {
		select {
		case <-answered:
			continue
		case <-done:
		}
		break
	}
	<-killed
	w.again()
}

// feedReader reads the feed on from where it was.
type feedReader struct {
	w *feedWorld
	m *mirror
}

// after is the cursor of the last event it has.
func (r *feedReader) after() string {
	if r.m.count == 0 {
		return "0"
	}
	return fmt.Sprintf("%d.%d", r.m.seq, r.m.n)
}

func (r *feedReader) take(h happening) {
	r.w.t.Helper()
	if h.Account != "feed" {
		r.w.t.Fatalf("an event of account %q: %v", h.Account, h)
	}
	if err := r.m.fold(h); err != nil {
		r.w.t.Fatal(err)
	}
}

// page reads one page and reports whether there was something.
func (r *feedReader) page() bool {
	r.w.t.Helper()
	var page struct {
		Items []happening `json:"items"`
		Next  string      `json:"next"`
	}
	limit := 1 + r.w.random.IntN(1000)
	a := r.w.must(r.w.native("GET", fmt.Sprintf("/v1/events?limit=%d&after=%s", limit, r.after()), nil))
	if err := json.Unmarshal(a.body, &page); err != nil {
		r.w.t.Fatal(err)
	}
	for _, h := range page.Items {
		r.take(h)
	}
	if n := len(page.Items); n > limit || n > 0 && page.Next != page.Items[n-1].cursor() {
		r.w.t.Fatalf("a page of %d ends at %s and names %s", len(page.Items), page.Items[n-1].cursor(), page.Next)
	}
	return len(page.Items) > 0
}

// stream reads a stream until it has so many events, and breaks it off, perhaps within an event.
func (r *feedReader) stream(events int) {
	r.w.t.Helper()
	ctx, cancel := context.WithCancel(r.w.t.Context())
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, "GET", r.w.url+"/v1/events?after=0", nil)
	if err != nil {
		r.w.t.Fatal(err)
	}
	request.Header = http.Header{"Authorization": {"Bearer " + r.w.token("ops")}, "Accept": {"text/event-stream"}, "Last-Event-Id": {r.after()}}
	response, err := httpClient.Do(request)
	if err != nil {
		r.w.t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	lines := bufio.NewScanner(response.Body)
	lines.Buffer(nil, 16<<20)
	var id, kind, data string
	for events > 0 && lines.Scan() {
		name, value, _ := strings.Cut(lines.Text(), ": ")
		switch name {
		case "id":
			id = value
		case "event":
			kind = value
		case "data":
			data = value
		case "":
			if data == "" {
				continue
			}
			var h happening
			if err := json.Unmarshal([]byte(data), &h); err != nil || h.cursor() != id || h.Type != kind {
				r.w.t.Fatalf("id %s event %s data %s: %v", id, kind, data, err)
			}
			r.take(h)
			data = ""
			events--
		}
	}
}

// comeBack reads everything there is, by streams and pages that end anywhere.
func (r *feedReader) comeBack() {
	r.w.t.Helper()
	for {
		ahead := *r
		ahead.m = r.m.clone()
		known := ahead.m.count
		if !ahead.page() {
			return
		}
		there := ahead.m.count - known
		switch r.w.random.IntN(3) {
		case 0:
			r.m = ahead.m
		default:
			r.stream(1 + r.w.random.IntN(there))
		}
	}
}

// compare holds what a reader has made of the feed against what the API shows. What comes in between
// (effects finish when they like) is read before it is tried again.
func (w *feedWorld) compare(r *feedReader) {
	w.t.Helper()
	w.compared++
	var made, shown []string
	for range 50 {
		for r.page() {
		}
		shown = w.shown()
		made = r.m.lines()
		if !r.page() {
			break
		}
	}
	if reflect.DeepEqual(made, shown) {
		return
	}
	for _, line := range made {
		if !slices.Contains(shown, line) {
			w.t.Errorf("made of the feed: %s", line)
		}
	}
	for _, line := range shown {
		if !slices.Contains(made, line) {
			w.t.Errorf("shown by the API: %s", line)
		}
	}
	w.t.FailNow()
}

func (w *feedWorld) shown() (lines []string) {
	w.t.Helper()
	for cursor := ""; ; {
		var page struct {
			Items []shownInteraction `json:"items"`
			Next  string             `json:"next"`
		}
		a := w.must(w.native("GET", "/v1/interactions?limit=300&state=planned,queued,offered,connected,held,parked,wrap&cursor="+url.QueryEscape(cursor), nil))
		if err := json.Unmarshal(a.body, &page); err != nil {
			w.t.Fatal(err)
		}
		for _, i := range page.Items {
			lines = append(lines, i.line())
		}
		if cursor = page.Next; cursor == "" {
			break
		}
	}
	var page struct {
		Items []shownAgent `json:"items"`
	}
	if err := json.Unmarshal(w.must(w.native("GET", "/v1/agents?limit=1000", nil)).body, &page); err != nil {
		w.t.Fatal(err)
	}
	for _, a := range page.Items {
		lines = append(lines, a.line())
	}
	slices.Sort(lines)
	return lines
}

// comeBack is the reader that was away all the time.
func (w *feedWorld) comeBack() {
	w.t.Helper()
	away := &feedReader{w: w, m: newMirror()}
	for n := range 3 {
		away.stream(1 + w.random.IntN(500))
		if n == 1 {
			w.killUnderLoad()
		}
	}
	away.comeBack()
	w.compare(away)
	w.follower.comeBack()
	w.compare(w.follower)
	if away.m.count != w.follower.m.count {
		w.t.Errorf("who was away has %d events, who followed %d", away.m.count, w.follower.m.count)
	}
	w.t.Logf("%d minutes, %d kills, %d rows, %d events, %d comparisons; live at the end: %d; events by type: %v", w.passed, w.kills, away.m.seq, away.m.count,
		w.compared, len(away.m.live), away.m.types)
	for _, kind := range []string{"interaction.offered", "interaction.returned", "interaction.parked", "interaction.held", "interaction.retrieved", "interaction.transferred",
		"interaction.transferlapsed", "interaction.requeued", "interaction.released", "interaction.completed", "interaction.left", "interaction.afterended", "agent.lost", "agent.back",
		"config.published", "server.started", "effect.attempted", "interaction.prioritised", "agent.presence"} {
		if away.m.types[kind] == 0 {
			w.t.Errorf("two days without %s: the test does not see what it should", kind)
		}
	}
}

// cursorExpires lets retention pass: a cursor from before is refused with the place to go on at, and
// from there on nothing is missing.
func (w *feedWorld) cursorExpires() {
	w.t.Helper()
	oldest := regexp.MustCompile(`those of row (\d+): read on after=(\d+)`)
	var row, after uint64
	for range 500 {
		w.dispatch()
		w.must(w.native("POST", "/v1/clock", map[string]any{"advance": "2h"})) // looks for what is past its retention
		a := w.native("GET", "/v1/events?after=5.0", nil)
		if a.status == 200 {
			continue
		}
		var problem struct {
			Code   string `json:"code"`
			Detail string `json:"detail"`
		}
		if err := json.Unmarshal(a.body, &problem); err != nil || a.status != http.StatusGone || problem.Code != "cursor_expired" {
			w.t.Fatalf("%d %s %v", a.status, a.body, err)
		}
		if _, err := fmt.Sscanf(oldest.FindString(problem.Detail), "those of row %d: read on after=%d", &row, &after); err != nil || after+1 != row || row < 1000 {
			w.t.Fatalf("%q names no row: %v", problem.Detail, err)
		}
		break
	}
	if row == 0 {
		w.t.Fatal("no cursor ever expired")
	}
	header := map[string]string{"Authorization": "Bearer " + w.token("ops"), "Accept": "text/event-stream", "Last-Event-ID": "5.0"}
	if a := w.send("GET", "/v1/events", header, ""); a.status != http.StatusGone {
		w.t.Errorf("a stream from an old cursor: %d %s", a.status, a.body)
	}
	var page struct {
		Items []happening `json:"items"`
	}
	for _, path := range []string{fmt.Sprint("/v1/events?after=", after), "/v1/events"} {
		if err := json.Unmarshal(w.must(w.native("GET", path, nil)).body, &page); err != nil || len(page.Items) == 0 || page.Items[0].Seq < row || page.Items[0].N != 0 {
			w.t.Errorf("%s does not begin at row %d: %v", path, row, page.Items[:min(1, len(page.Items))])
		}
	}
	// Who has read until yesterday misses nothing.
	w.follower.comeBack()
	w.compare(w.follower)
	w.t.Logf("the oldest row is %d of %d", row, w.follower.m.seq)
}
