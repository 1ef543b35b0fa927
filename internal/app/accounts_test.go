package app

import (
	"cmp"
	"fmt"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/go-json-experiment/json"

	"switchyard"
	"switchyard/internal/api/auth"
)

// twoAccounts is a server with the accounts alpha and beta. All that is named in alpha has the mark
// in its name; some names both accounts have.
type twoAccounts struct {
	*server
	alpha, beta party // clients that may everything
}

const alphaMark = "alphaonly"

// party is who calls: a client with its token, or a user with the session.
type party struct {
	name   string
	header map[string]string
}

func newTwoAccounts(t *testing.T) *twoAccounts {
	t.Helper()
	folder := t.TempDir()
	var files []string
	for _, account := range []string{"alpha", "beta"} {
		file := filepath.Join(folder, account+".yaml")
		text, err := json.Marshal(accountNamed(account))
		if err == nil {
			err = os.WriteFile(file, text, 0o600)
		}
		if err != nil {
			t.Fatal(err)
		}
		files = append(files, file)
	}
	w := &twoAccounts{server: newServer(t, "sqlite", strings.Join(files, string(filepath.ListSeparator)))}
	w.alpha, w.beta = w.client("alpha"), w.client("beta")
	return w
}

func accountNamed(account string) map[string]any {
	own := account + "only-"
	queue := map[string]any{"name": "Cases", "start": "q", "applets": map[string]any{"q": map[string]any{"type": "queue"}}}
	return map[string]any{"account": account, "settings": map[string]any{"grace": "0s"},
		"skills": []string{own + "skill", "shared"}, "groups": []string{own + "group"}, "dispositions": []string{own + "disposition"},
		"presences": []any{map[string]any{"name": own + "presence", "category": "Away"}},
		"secrets":   map[string]string{own + "secret": "x"},
		"agents": []any{
			map[string]any{"username": own + "agent", "displayid": own + "display", "name": own + "name", "password": account + " agent's password", "skills": map[string]int{own + "skill": 5}},
			map[string]any{"username": "ada", "password": account + " ada's password"},
			map[string]any{"username": "root", "password": account + " root's password", "roles": []string{"admin", "supervisor"}}},
		"plans": []any{queue, map[string]any{"name": own + "plan", "start": "q", "applets": queue["applets"]}},
		"routes": []any{map[string]any{"name": "Cases", "plan": "Cases"},
			map[string]any{"name": own + "route", "plan": own + "plan"}},
		"clients": []any{map[string]any{"id": own + "client", "secret": account + " client's secret", "scopes": switchyard.Scopes}}}
}

func (w *twoAccounts) client(account string) party {
	w.t.Helper()
	form := url.Values{"grant_type": {"client_credentials"}, "client_id": {account + "only-client"}, "client_secret": {account + " client's secret"},
		"scope": {strings.Join(scopeWords(), " ")}}
	a := w.send("POST", "/auth/connect/token", map[string]string{"Content-Type": "application/x-www-form-urlencoded"}, form.Encode())
	token, _ := w.read(a)["access_token"].(string)
	return party{"client of " + account, map[string]string{"Authorization": "Bearer " + token}}
}

func scopeWords() (words []string) {
	for _, s := range switchyard.Scopes {
		words = append(words, string(s))
	}
	return words
}

// user signs in.
func (w *twoAccounts) user(account, username string) party {
	w.t.Helper()
	password := account + " " + strings.TrimPrefix(username, account+"only-") + "'s password"
	b, ok := w.signIn(account, username, password)
	if !ok {
		w.t.Fatalf("%s of %s cannot sign in", username, account)
	}
	return party{username + " of " + account, map[string]string{auth.CSRFHeader: b.csrf, "Cookie": cookiesOf(w.t, b.jar, w.url)}}
}

func cookiesOf(t *testing.T, jar http.CookieJar, address string) string {
	t.Helper()
	u, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	var all []string
	for _, c := range jar.(*cookiejar.Jar).Cookies(u) {
		all = append(all, c.Name+"="+c.Value)
	}
	return strings.Join(all, "; ")
}

func (w *twoAccounts) as(c party, method, path, body string) answer {
	w.t.Helper()
	header := map[string]string{"Accept": "application/json"}
	if strings.HasPrefix(path, "/interactions/") {
		header["Accept"], header["Prefer"] = "application/vnd.newvoicemedia.v1+json", "return=representation"
	}
	for name, value := range c.header {
		header[name] = value
	}
	if body != "" {
		header["Content-Type"] = "application/json"
	}
	return w.send(method, path, header, body)
}

// things are the ids and names by which a request may mean something of an account.
type things struct {
	interaction, ended, notification, correlation string
	agent, provider, externalID, route, skill     string
	version, user, password, client, disposition  string
	draft                                         string
}

// furnish fills alpha with everything there is and returns what it is called by.
func (w *twoAccounts) furnish() things {
	w.t.Helper()
	own := alphaMark + "-"
	a := things{agent: own + "agent", provider: own + "provider", externalID: own + "external", route: own + "route", skill: own + "skill", version: "2",
		user: own + "agent", password: "alpha agent's password", client: own + "client", disposition: own + "disposition"}
	call := func(method, path, body string) answer { return w.ok(w.as(w.alpha, method, path, body)) }
	call("POST", "/interactions/register", fmt.Sprintf(`{"provider":%q,"endpoint":"http://127.0.0.1:1/%s","headers":{"X-%s":"x"},"agentactionspermitted":{"release":1,"hold":1}}`, a.provider, own+"endpoint", own+"header"))
	call("PUT", "/v1/agents/"+a.agent+"/presence", `{"presence":"Ready"}`)
	invoked := call("POST", "/interactions/invoke", fmt.Sprintf(`{"provider":%q,"requests":[{"route":%q,"externalid":%q,"requestid":"%s","linkeddata":[{"type":"name","value":"%s"}]},
		{"route":%[2]q,"externalid":"%[6]s"}]}`, a.provider, a.route, a.externalID, own+"request", own+"person", own+"done"))
	a.correlation = invoked.header.Get("X-Correlation-ID")
	var results []result
	if err := json.Unmarshal(invoked.body, &results); err != nil || len(results) != 2 {
		w.t.Fatalf("%s: %v", invoked.body, err)
	}
	a.interaction, a.ended = results[0].Interaction, results[1].Interaction
	for _, id := range []string{a.interaction, a.ended} {
		call("POST", "/v1/interactions/"+id+"/accept", fmt.Sprintf(`{"agent":%q}`, a.agent))
	}
	call("POST", "/v1/interactions/"+a.ended+"/release", fmt.Sprintf(`{"agent":%q,"notes":"%s","disposition":%q}`, a.agent, own+"notes", a.disposition))
	doc := accountNamed("alpha")
	doc["skills"] = append(doc["skills"].([]string), own+"second")
	text, err := json.Marshal(doc)
	if err != nil {
		w.t.Fatal(err)
	}
	call("PUT", "/v1/config", string(text))
	call("POST", "/interactions/invoke", fmt.Sprintf(`{"requests":[{"route":%q,"routingdata":{"skills":[{"name":"%s"}]}}]}`, a.route, own+"second")) // it is stuck
	a.draft = "1"
	call("POST", "/v1/config/drafts", fmt.Sprintf(`{"name":"%s"}`, own+"draft"))
	for a.notification == "" { // its first attempt fails at once
		var page struct {
			Items []struct {
				ID       string           `json:"id"`
				Attempts []map[string]any `json:"attempts"`
			} `json:"items"`
		}
		if err := json.Unmarshal(call("GET", "/v1/notifications", "").body, &page); err != nil {
			w.t.Fatal(err)
		}
		if slices.IndexFunc(page.Items, func(n struct {
			ID       string           `json:"id"`
			Attempts []map[string]any `json:"attempts"`
		}) bool {
			return len(n.Attempts) == 0
		}) < 2 && len(page.Items) == 3 && len(page.Items[2].Attempts) == 1 && len(page.Items[1].Attempts) == 1 {
			a.notification = page.Items[2].ID
		}
	}
	return a
}

// reportSpan is all of the time there is.
const reportSpan = "?from=2020-01-01&to=2100-01-01"

// nothing are things of the same form that are nobody's.
func (a things) nothing() things {
	other := func(text string) string {
		return strings.NewReplacer(alphaMark, "nobodyhas", "7000", "7fff", "71", "7e", "72", "7e", "73", "7e").Replace(text)
	}
	return things{other(a.interaction), other(a.ended), other(a.notification), other(a.correlation), other(a.agent), other(a.provider), other(a.externalID), other(a.route),
		other(a.skill), "77", other(a.user), a.password, other(a.client), other(a.disposition), "77"}
}

// attempt is a request that names things of an account.
type attempt struct{ rule, method, path, body string }

// tries are, for every route there is, the requests that mean somebody's things.
func (a things) tries() (list []attempt) {
	bodies := map[string]string{"accept": `{"agent":%q}`, "decline": `{"agent":%q}`, "release": `{"agent":%q}`, "hold": `{"agent":%q}`, "retrieve": `{"agent":%q}`,
		"transfer": `{"agent":%q,"toroute":"Cases"}`, "complete": `{"agent":%q}`, "extend": `{"agent":%q}`, "note": `{"agent":%q,"notes":"x"}`, "assign": `{"toagent":%q}`, "priority": `{"band":"Lowest"}`,
		"presence": `{"presence":"Away"}`}
	queries := map[string][]string{
		"/v1/interactions": {"?externalid=" + a.externalID, "?agent=" + a.agent, "?provider=" + a.provider, "?route=" + a.route, "?q=only-", "?state=ended", "?limit=1000",
			"?cursor=live." + a.interaction, "?cursor=ended." + a.ended},
		"/v1/agents":         {"", "?cursor=a", "?limit=1000"},
		"/v1/events":         {"?after=0&limit=1000", "?after=0&interaction=" + a.interaction, "?after=0&agent=" + a.agent, "?after=0&type=interaction.", "?after=3.0", "?after=9999.0"},
		"/v1/notifications":  {"", "?interaction=" + a.interaction, "?provider=" + a.provider, "?state=pending", "?cursor=" + a.notification},
		"/v1/config/history": {"", "?cursor=3"}, "/v1/providers": {"", "?cursor=a"},
		"/v1/desk": {"?agent=" + a.agent}, "/v1/reports/queues": {reportSpan}, "/v1/reports/agents": {reportSpan}, "/v1/reports/interactions": {reportSpan},
	}
	for _, rule := range auth.Rules {
		path := strings.NewReplacer("{correlation}", a.correlation, "{username}", a.agent, "{name}", a.provider, "{version}", a.version).Replace(rule.Pattern)
		name := rule.Method + " " + rule.Pattern
		add := func(path, body string) { list = append(list, attempt{name, rule.Method, path, body}) }
		verb := rule.Pattern[strings.LastIndex(rule.Pattern, "/")+1:]
		body := bodies[verb]
		if strings.Contains(body, "%q") {
			body = fmt.Sprintf(body, a.agent)
		}
		switch {
		case name == "POST /v1/clock" || name == "DELETE /v1/session":
			// The clock is the server's. A session is the party's own.
		case strings.HasPrefix(path, "/auth/oidc"):
			// They lead browsers to a page that is the same for everybody, and no party is asked for.
		case name == "POST /auth/connect/token":
			add(path, fmt.Sprintf("grant_type=client_credentials&client_id=%s&client_secret=beta+client%%27s+secret&scope=interactions:write", a.client))
		case name == "POST /interactions/invoke":
			for _, provider := range []string{"", a.provider} {
				add(path, fmt.Sprintf(`{"provider":%q,"requests":[{"action":"release","externalid":%q},{"route":%q,"externalid":"x"},
					{"route":"nowhere","routingdata":{"skills":[{"name":%q}],"personalqueue":{"agent":%q,"loggedintimeout":1,"loggedouttimeout":1}}}]}`, provider, a.externalID, a.route, a.skill, a.agent))
			}
		case name == "POST /interactions/register":
			add(path, fmt.Sprintf(`{"provider":%q,"agentactionspermitted":{"dance":1}}`, a.provider))
		case name == "POST /v1/session":
			add(path, fmt.Sprintf(`{"account":"beta","username":%q,"password":%q}`, a.user, a.password))
			add(path, fmt.Sprintf(`{"account":"alpha","username":%q,"password":"beta agent's password"}`, a.user))
		case name == "PUT /v1/me/password":
			add(path, fmt.Sprintf(`{"old":%q,"new":"a new password"}`, a.password))
		case name == "PUT /v1/config" || name == "POST /v1/config/check":
			add(path, `{"account":"alpha"}`)
			add(path, fmt.Sprintf(`{"account":"beta","plans":[{"name":"P","start":"g","applets":{"g":{"type":"goto","plan":%q}}}],"routes":[{"name":"r","plan":%q}]}`, a.route, a.route))
		case name == "POST /v1/config/rollback":
			add(path, fmt.Sprintf(`{"version":%s}`, cmp.Or(a.version, "2")))
		case name == "POST /v1/config/drafts":
			add(path, `{"name":"x","document":{"account":"alpha"}}`)
		case strings.HasPrefix(path, "/v1/config/drafts/{id}"):
			if rule.Method == "PUT" {
				body = `{"name":"x"}`
			}
			add(strings.Replace(path, "{id}", a.draft, 1), body)
		case strings.Contains(path, "{id}") && strings.HasPrefix(path, "/v1/notifications/"):
			add(strings.Replace(path, "{id}", a.notification, 1), body)
		case strings.Contains(path, "{id}"):
			add(strings.Replace(path, "{id}", a.interaction, 1), body)
			add(strings.Replace(path, "{id}", a.ended, 1), body)
		case rule.Method == "DELETE":
			add(path, "")
			add(path+"?force=true", "")
		case queries[rule.Pattern] != nil:
			for _, query := range queries[rule.Pattern] {
				add(path+query, "")
			}
		default:
			add(path, body)
		}
	}
	return list
}

// No caller of beta reads, changes or learns of anything of alpha by any route: what it gets for
// alpha's ids and names is what it gets for those of nobody, and nothing of alpha is in any answer.
func TestAccountsAreSeparateWorlds(t *testing.T) {
	w := newTwoAccounts(t)
	its := w.furnish()
	marks := []string{alphaMark, its.interaction, its.ended, its.notification, its.correlation}
	w.shows(its, marks)
	before := w.everything()
	strangers := []party{w.beta, w.user("beta", "root"), w.user("beta", "ada")}
	for _, reads := range []bool{true, false} { // reads first: what writes name, beta's own feed tells beta
		for _, who := range strangers {
			nobodys := its.nothing().tries()
			for n, try := range its.tries() {
				if reads == (try.method == "GET") {
					w.learnsNothing(who, try, nobodys[n], its, marks)
				}
			}
		}
	}
	if after := w.everything(); after != before {
		t.Errorf("alpha was changed:\n%s\n%s", before, after)
	}
	w.shows(its, marks)
}

// learnsNothing makes a request that names alpha's things, and the same of nobody's.
func (w *twoAccounts) learnsNothing(who party, try, nobodys attempt, its things, marks []string) {
	w.t.Helper()
	a := w.try(who, try)
	for _, mark := range marks {
		if strings.Contains(string(a.body), mark) && !strings.Contains(try.path+try.body, mark) {
			w.t.Errorf("%s: %s %s %s shows %s: %d %s", who.name, try.method, try.path, try.body, mark, a.status, a.body)
		}
	}
	unknown := w.try(who, nobodys)
	if got, want := alike(a, its), alike(unknown, its.nothing()); got != want && !showsTime(try) {
		w.t.Errorf("%s can tell alpha's things from nobody's: %s %s %s:\n%s\n%s", who.name, try.method, try.path, try.body, got, want)
	}
	if named := strings.Contains(try.path, "/"+its.interaction) || strings.Contains(try.path, "/"+its.ended); named && a.status != 404 && a.status != 403 {
		w.t.Errorf("%s: %s %s: %d %s", who.name, try.method, try.path, a.status, a.body)
	}
}

func (w *twoAccounts) try(c party, try attempt) answer {
	w.t.Helper()
	if strings.HasPrefix(try.body, "grant_type") {
		return w.send(try.method, try.path, map[string]string{"Content-Type": "application/x-www-form-urlencoded"}, try.body)
	}
	return w.as(c, try.method, try.path, try.body)
}

// shows makes sure that the requests show alpha's things to alpha: else that beta does not see them
// would tell nothing.
func (w *twoAccounts) shows(its things, marks []string) {
	w.t.Helper()
	shown := map[string]bool{}
	for _, try := range its.tries() {
		if try.method != "GET" {
			continue
		}
		a := w.as(w.alpha, try.method, try.path, "")
		for _, mark := range marks {
			if strings.Contains(string(a.body), mark) && (!strings.Contains(try.path, mark) || a.status == 200) {
				shown[try.rule] = true
			}
		}
	}
	for _, rule := range auth.Rules {
		name := rule.Method + " " + rule.Pattern
		public := rule.Open || rule.Local || slices.Contains([]string{"GET /v1/clock", "GET /v1/stats", "GET /v1/stats/history"}, name)
		if rule.Method == "GET" && !public && len(rule.Scopes) > 0 && !shown[name] {
			w.t.Errorf("%s shows alpha nothing of alpha", name)
		}
	}
}

// showsTime reports whether two answers to a try may differ by themselves: figures of the process.
func showsTime(t attempt) bool {
	return t.rule == "GET /metrics" || t.rule == "GET /v1/clock" || t.rule == "GET /v1/stats" || t.rule == "GET /v1/stats/history"
}

var changing = regexp.MustCompile(`"correlation":"[^"]*"|after row \d+`)

// alike is an answer without what differs between any two.
func alike(a answer, named things) string {
	text := fmt.Sprint(a.status, " ", string(a.body))
	for _, name := range []string{named.interaction, named.ended, named.notification, named.correlation, named.agent, named.provider, named.externalID, named.route, named.skill, named.client} {
		text = strings.ReplaceAll(text, name, "…")
	}
	text = regexp.MustCompile(`version "?`+named.version+`\b`).ReplaceAllString(text, "version …")
	text = regexp.MustCompile(`draft `+named.draft+`\b`).ReplaceAllString(text, "draft …")
	return changing.ReplaceAllString(text, "")
}

// everything is what alpha's client sees of alpha.
func (w *twoAccounts) everything() string {
	w.t.Helper()
	var b strings.Builder
	for _, path := range []string{"/v1/interactions?limit=1000", "/v1/agents", "/v1/config", "/v1/config/history", "/v1/config/drafts", "/v1/config/drafts/1", "/v1/providers", "/v1/notifications", "/v1/events?after=0&limit=1000"} {
		b.Write(w.ok(w.as(w.alpha, "GET", path, "")).body)
		b.WriteString("\n")
	}
	return b.String()
}

// Client ids are unique on a server: an account cannot take another's by a document, by a file, or by
// being quick.
func TestClientIDsAreUnique(t *testing.T) {
	w := newTwoAccounts(t)
	claiming := func(account, id string) string {
		doc := accountNamed(account)
		doc["clients"] = append(doc["clients"].([]any), map[string]any{"id": id, "secret": account + "'s claim", "scopes": switchyard.Scopes})
		text, err := json.Marshal(doc)
		if err != nil {
			t.Fatal(err)
		}
		return string(text)
	}
	a := w.as(w.beta, "PUT", "/v1/config", claiming("beta", alphaMark+"-client"))
	if a.status != http.StatusUnprocessableEntity || !strings.Contains(string(a.body), "client_id_taken") {
		t.Errorf("beta claims alpha's client: %d %s", a.status, a.body)
	}
	w.client("alpha")
	for n := range 10 {
		id := fmt.Sprint("contested-", n)
		statuses := make([]int, 2)
		var both sync.WaitGroup
		for i, c := range []party{w.alpha, w.beta} {
			account := []string{"alpha", "beta"}[i]
			both.Go(func() { statuses[i] = w.as(c, "PUT", "/v1/config", claiming(account, id)).status })
		}
		both.Wait()
		if slices.Sort(statuses); !slices.Equal(statuses, []int{200, 422}) {
			t.Errorf("both claim %s: %v", id, statuses)
		}
	}
}

// Two accounts that get the same names and ids at the same time keep them apart, also over a kill.
func TestAccountsDoNotMixUnderLoad(t *testing.T) {
	w := newTwoAccounts(t)
	const each, workers = 150, 3
	accounts := map[string]party{"alpha": w.alpha, "beta": w.beta}
	var mu sync.Mutex
	ids := map[string]map[string]string{"alpha": {}, "beta": {}} // interaction → externalid
	var busy sync.WaitGroup
	for account, c := range accounts {
		w.ok(w.as(c, "POST", "/interactions/register", `{"provider":"crm"}`))
		w.ok(w.as(c, "PUT", "/v1/agents/ada/presence", `{"presence":"Ready"}`))
		for worker := range workers {
			busy.Go(func() {
				for n := worker; n < each; n += workers {
					externalID := fmt.Sprint("same-", n)
					a := w.as(c, "POST", "/interactions/invoke", fmt.Sprintf(`{"provider":"crm","requests":[{"route":"Cases","requestid":"r-%d","externalid":%q,"linkeddata":[{"type":"name","value":"of %s"}]}]}`, n, externalID, account))
					var results []result
					if err := json.Unmarshal(a.body, &results); err != nil || len(results) != 1 || results[0].Status != "accepted" {
						t.Errorf("%s: %s: %d %s", account, externalID, a.status, a.body)
						return
					}
					mu.Lock()
					ids[account][results[0].Interaction] = externalID
					mu.Unlock()
				}
			})
		}
	}
	busy.Wait()
	w.apart(accounts, ids)
	w.kill()
	w.again()
	w.apart(accounts, ids)
}

// apart holds what each account shows against what it was given.
func (w *twoAccounts) apart(accounts map[string]party, ids map[string]map[string]string) {
	w.t.Helper()
	for account, c := range accounts {
		other := map[string]string{"alpha": "beta", "beta": "alpha"}[account]
		var page struct {
			Items []struct{ ID, ExternalID, Name string } `json:"items"`
		}
		a := w.ok(w.as(c, "GET", "/v1/interactions?limit=1000", ""))
		if err := json.Unmarshal(a.body, &page, json.MatchCaseInsensitiveNames(true)); err != nil {
			w.t.Fatal(err)
		}
		if len(page.Items) != len(ids[account]) {
			w.t.Errorf("%s shows %d interactions; it was given %d", account, len(page.Items), len(ids[account]))
		}
		for _, i := range page.Items {
			if ids[account][i.ID] != i.ExternalID || i.Name != "of "+account {
				w.t.Errorf("%s shows %+v, which is %q", account, i, ids[account][i.ID])
			}
		}
		feed := ""
		for after := "0"; ; {
			var events struct {
				Items []happening `json:"items"`
				Next  string      `json:"next"`
			}
			a := w.ok(w.as(c, "GET", "/v1/events?limit=1000&after="+after, ""))
			if err := json.Unmarshal(a.body, &events); err != nil {
				w.t.Fatal(err)
			}
			if len(events.Items) == 0 {
				break
			}
			for _, h := range events.Items {
				if h.Account != account {
					w.t.Errorf("the feed of %s has an event of %s", account, h.Account)
				}
			}
			feed, after = feed+string(a.body), events.Next
		}
		for id := range ids[other] {
			if strings.Contains(feed, id) {
				w.t.Errorf("the feed of %s tells of %s, which is of %s", account, id, other)
			}
		}
		for _, mark := range []string{other + "only", "of " + other} {
			if strings.Contains(feed, mark) {
				w.t.Errorf("the feed of %s tells of %q", account, mark)
			}
		}
	}
}
