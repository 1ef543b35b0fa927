package app

import (
	"bufio"
	"bytes"
	"context"
	"encoding/base64"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/go-json-experiment/json"

	"switchyard"
	"switchyard/internal/api/auth"
	"switchyard/internal/config"
	"switchyard/internal/core"
	"switchyard/internal/seal"
)

// TestSecretsStayInside leads an account with every kind of credential through everything the server
// can do, well and badly, and then looks for each of them in all that the server answered, logged
// and wrote (RULINGS 40).
func TestSecretsStayInside(t *testing.T) {
	s := newSecretStory(t)
	s.start()
	s.signIn()
	s.refusedLogins()
	s.configure()
	s.drafts()
	s.malformed()
	s.work()
	s.rotate()
	s.readEverything("late")
	s.canary()
	s.backup()
	s.finish()
	s.judge()
}

// secretStory is the account, its server and what was seen of them.
type secretStory struct {
	t       *testing.T
	hay     *haystack
	folder  string // of everything
	app     *App
	echo    *echo
	needles []needle
	tokens  map[string]string
	ops     string // a token that may everything
	cookie  string
	csrf    string
}

func newSecretStory(t *testing.T) *secretStory {
	s := &secretStory{t: t, hay: &haystack{}, folder: t.TempDir(), tokens: map[string]string{}}
	s.echo = newEcho(t)
	return s
}

// secret makes a credential that is to stay inside.
func (s *secretStory) secret(name string) string { return s.keep(name, secretNamed(name)) }

// plain makes one that has no characters that a URL would escape.
func (s *secretStory) plain(name string) string { return s.keep(name, plainSecret(name)) }

func (s *secretStory) keep(name, text string) string {
	for _, n := range s.needles {
		if n.text == text {
			return text
		}
	}
	s.needles = append(s.needles, needle{name: name, text: text})
	return text
}

// stored notes a text that may be stored, and never shown.
func (s *secretStory) stored(name, text string) {
	for _, n := range s.needles {
		if n.text == text {
			return
		}
	}
	s.needles = append(s.needles, needle{name: name, text: text, kinds: []string{inAnswers, inLog}})
}

// document is the account as the file has it first.
func (s *secretStory) document() map[string]any {
	basic := "Basic " + base64.StdEncoding.EncodeToString([]byte("user:"+s.secret("basic password")))
	s.keep("basic credentials", strings.TrimPrefix(basic, "Basic "))
	at := func(path string) string { return s.echo.url + path }
	sms := func(gateway string) map[string]any {
		return map[string]any{"name": "SMS " + gateway, "start": "send", "applets": map[string]any{
			"send": map[string]any{"type": "sendsms", "gateway": gateway, "from": "$(FromNum)", "to": "$(ToNum)", "message": "$(Message)"}}}
	}
	doc := map[string]any{
		"account": "vault", "settings": map[string]any{"grace": "0s", "oidc": map[string]any{
			"issuer": s.echo.url, "client": "switchyard", "secret": s.secret("identity provider's secret")}},
		"skills": []string{"billing"}, "groups": []string{"support"},
		"agents": []any{
			map[string]any{"username": "ada", "displayid": "5464", "name": "Ada", "password": "env:SWITCHYARD_TEST_ADA", "skills": map[string]any{"billing": 5}},
			map[string]any{"username": "root", "name": "Root", "password": s.secret("root's password"), "roles": []string{"admin"}},
			map[string]any{"username": "gone", "password": s.secret("gone agent's password")}},
		"secrets": map[string]any{"messages": s.secret("messages secret"), "token": "file:token.txt", "urlkey": s.plain("url key"), "whole": "https://" + s.plain("host") + ".invalid/x", "hook": s.echo.url + "/hook/" + s.plain("path of a hook"),
			"literal": s.secret("secret nobody uses")},
		"gateways": map[string]any{"sms": map[string]any{
			"echo": map[string]any{"type": "http", "url": at("/sms?key=#(urlkey)&to=$(To:URL)"), "method": "POST",
				"headers": map[string]any{"Authorization": "Bearer #(token)", "X-Api-Key": s.secret("gateway header")},
				"body":    `{"to":"$(To:JSON)","text":"$(Message:JSON)","apikey":"` + s.plain("gateway body") + `","token":"#(token:JSON)"}`},
			"dark":     map[string]any{"type": "http", "url": "#(whole)", "timeout": "1s"},
			"hook":     map[string]any{"type": "http", "url": "#(hook)", "method": "POST", "body": "$(Message)"},
			"vonage":   map[string]any{"type": "vonage", "key": "0a1b2c3d", "secret": s.plain("vonage secret"), "signature": s.secret("vonage signature"), "url": at("")},
			"messages": map[string]any{"type": "vonage", "api": "messages", "key": "0a1b2c3d", "secret": "#(messages)", "signature": s.secret("messages signature"), "url": at("")},
			"twilio":   map[string]any{"type": "twilio", "sid": "AC1", "secret": s.secret("twilio token"), "url": at("")},
			"log":      map[string]any{"type": "log"}}},
		"plans": []any{
			map[string]any{"name": "Cases", "start": "q", "applets": map[string]any{"q": map[string]any{"type": "queue"}}},
			sms("echo"), sms("dark"), sms("hook"), sms("log"), sms("vonage"), sms("messages"), sms("twilio"),
			map[string]any{"name": "Ask", "start": "ask", "applets": map[string]any{
				"ask": map[string]any{"type": "dataconnector", "method": "POST", "url": at("/ask?key=#(urlkey)&n=$(CLID:URL)"),
					"headers": map[string]any{"Authorization": "Bearer #(token)", "X-Api-Key": "#(literal)", "X-Key": "#(urlkey)", "X-Plain": "#(urlkey)"},
					"body":    `{"text":"$(Message:JSON)","token":"#(token:JSON)","raw":"#(literal)"}`,
					"result": map[string]any{"Everything": "body", "Dump": "$.dump", "Headers": "$.headers", "Encoded": "$.body", "Place": "header:Location",
						"XML": "xpath:string(/*)", "Code": "status"}, "next": "again", "on": map[string]any{"failure": "again", "timeout": "again"}},
				"again": map[string]any{"type": "dataconnector", "method": "POST", "url": "#(hook)?was=$(Everything:URL)", "body": "$(Everything) $(Place) #(urlkey)",
					"result": map[string]any{"Everything": "body"}}}},
			map[string]any{"name": "Ask dark", "start": "ask", "applets": map[string]any{
				"ask": map[string]any{"type": "dataconnector", "url": "#(whole)", "timeout": "1s", "retries": 1}}}},
		"routes": []any{map[string]any{"name": "Cases", "plan": "Cases"}, map[string]any{"name": "ask", "plan": "Ask"}, map[string]any{"name": "ask dark", "plan": "Ask dark"}, map[string]any{"name": "echo", "plan": "SMS echo"},
			map[string]any{"name": "dark", "plan": "SMS dark"}, map[string]any{"name": "hook", "plan": "SMS hook"}, map[string]any{"name": "log", "plan": "SMS log"},
			map[string]any{"name": "vonage", "plan": "SMS vonage"}, map[string]any{"name": "messages", "plan": "SMS messages"}, map[string]any{"name": "twilio", "plan": "SMS twilio"}},
		"providers": []any{map[string]any{"name": "filed", "endpoint": at("/callback/filed"),
			"headers": map[string]any{"Authorization": basic, "X-Token": s.secret("provider header")}}},
		"clients": []any{
			map[string]any{"id": "crm", "secret": s.secret("crm's secret"), "scopes": []string{"interactions:write"}},
			map[string]any{"id": "ops", "secret": s.secret("ops' secret"), "scopes": switchyard.Scopes},
			map[string]any{"id": "made", "secret": s.generated("made"), "scopes": switchyard.Scopes}},
	}
	return doc
}

// generated makes a client secret as `client add` does, and returns the form it sends.
func (s *secretStory) generated(name string) string {
	if s.tokens["secret "+name] == "" {
		s.tokens["secret "+name] = s.keep(name+"'s generated secret", seal.GenerateSecret())
	}
	hash := seal.HashToken(s.tokens["secret "+name])
	s.stored("hash of "+name+"'s secret", strings.TrimPrefix(hash, "sha256:"))
	return hash
}

// start writes the account file and starts the server on it.
func (s *secretStory) start() {
	s.t.Setenv("SWITCHYARD_TEST_ADA", s.secret("ada's password"))
	s.write("token.txt", s.secret("token of the secrets")+"\n")
	s.write("account.yaml", s.text(s.document()))
	var err error
	s.app, err = New(s.t.Context(), Options{Data: s.data(), Listen: "127.0.0.1:0", Manual: true, AllowInsecure: true, PublicURL: publicURL, tireless: true,
		AccountFiles: []string{filepath.Join(s.folder, "account.yaml")},
		Log:          slog.New(slog.NewJSONHandler(s.hay, &slog.HandlerOptions{Level: slog.LevelDebug, AddSource: true}))})
	if err == nil {
		err = s.app.Start(s.t.Context())
	}
	if err != nil {
		s.t.Fatal(err)
	}
	key, err := os.ReadFile(filepath.Join(s.data(), KeyFile))
	if err != nil {
		s.t.Fatal(err)
	}
	text := strings.Fields(string(key))[0] // behind it stands when it was made
	s.keep("sealing key", strings.TrimRight(text, "="))
	raw, err := base64.StdEncoding.DecodeString(text)
	if err != nil {
		s.t.Fatal(err)
	}
	s.keep("bytes of the sealing key", string(raw))
}

func (s *secretStory) data() string { return filepath.Join(s.folder, "data") }

func (s *secretStory) write(name, text string) {
	s.t.Helper()
	if err := os.WriteFile(filepath.Join(s.folder, name), []byte(text), 0o600); err != nil {
		s.t.Fatal(err)
	}
}

func (s *secretStory) text(v any) string {
	s.t.Helper()
	text, err := json.Marshal(v, json.Deterministic(true))
	if err != nil {
		s.t.Fatal(err)
	}
	return string(text)
}

// send makes a call and keeps the answer, but for what it is meant to show.
func (s *secretStory) send(method, path, body string, header map[string]string, meant func(a answer) []string) answer {
	s.t.Helper()
	r, err := http.NewRequest(method, s.app.URL()+path, strings.NewReader(body))
	if err != nil {
		s.t.Fatal(err)
	}
	for name, value := range header {
		r.Header.Set(name, value)
	}
	response, err := httpClient.Do(r)
	if err != nil {
		s.t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		s.t.Fatal(err)
	}
	a := answer{response.StatusCode, response.Header, text}
	var shown []string
	if meant != nil {
		shown = meant(a)
	}
	place := method + " " + path
	if len(place) > 80 {
		place = place[:80]
	}
	s.hay.addAnswer(place, a, shown...)
	return a
}

// native calls the native API with the token that may everything.
func (s *secretStory) native(method, path string, in any) answer {
	s.t.Helper()
	body := ""
	header := map[string]string{"Authorization": "Bearer " + s.ops, "Accept": "application/json", "Content-Type": "application/json"}
	switch in := in.(type) {
	case nil:
		delete(header, "Content-Type")
	case string:
		body = in
	default:
		body = s.text(in)
	}
	return s.send(method, path, body, header, nil)
}

func (s *secretStory) ok(a answer) answer {
	s.t.Helper()
	if a.status/100 != 2 {
		s.t.Fatalf("status %d: %s", a.status, a.body)
	}
	return a
}

// member reads a text of a JSON answer.
func (s *secretStory) member(a answer, name string) string {
	var m map[string]any
	if err := json.Unmarshal(a.body, &m); err != nil {
		return ""
	}
	text, _ := m[name].(string)
	return text
}

// token asks for a token; basic sends the secret by HTTP Basic.
func (s *secretStory) token(client, secret string, basic bool, scopes ...switchyard.Scope) answer {
	s.t.Helper()
	var words []string
	for _, scope := range scopes {
		words = append(words, string(scope))
	}
	form := url.Values{"grant_type": {"client_credentials"}, "scope": {strings.Join(words, " ")}}
	header := map[string]string{"Content-Type": "application/x-www-form-urlencoded"}
	if basic {
		both := url.QueryEscape(client) + ":" + url.QueryEscape(secret)
		header["Authorization"] = "Basic " + base64.StdEncoding.EncodeToString([]byte(both))
	} else {
		form.Set("client_id", client)
		form.Set("client_secret", secret)
	}
	a := s.send("POST", "/Auth/connect/token", form.Encode(), header, func(a answer) []string { return []string{s.member(a, "access_token")} })
	if token := s.member(a, "access_token"); token != "" {
		s.keep("token of "+client, token)
		s.stored("hash of a token of "+client, auth.HashOf(token).String())
		s.tokens[client] = token
	}
	return a
}

// login signs a user in.
func (s *secretStory) login(user, password string) answer {
	s.t.Helper()
	meant := func(a answer) []string {
		cookie, _, _ := strings.Cut(strings.TrimPrefix(a.header.Get("Set-Cookie"), auth.CookieName+"="), ";")
		return []string{cookie, s.member(a, "csrf")}
	}
	a := s.send("POST", "/v1/session", s.text(auth.Credentials{Account: "vault", Username: user, Password: password}),
		map[string]string{"Content-Type": "application/json"}, meant)
	if shown := meant(a); a.status == 200 {
		s.cookie, s.csrf = s.keep("cookie of "+user, shown[0]), s.keep("csrf of "+user, shown[1])
		s.stored("hash of a cookie of "+user, auth.HashOf(s.cookie).String())
	}
	return a
}

// asUser calls with the session's cookie.
func (s *secretStory) asUser(method, path string, in any, csrf string) answer {
	s.t.Helper()
	header := map[string]string{"Cookie": auth.CookieName + "=" + s.cookie, auth.CSRFHeader: csrf, "Accept": "application/json"}
	body := ""
	if in != nil {
		body, header["Content-Type"] = s.text(in), "application/json"
	}
	return s.send(method, path, body, header, func(a answer) []string {
		if path == "/v1/session" {
			return []string{s.member(a, "csrf")}
		}
		return nil
	})
}

// signIn gets tokens and sessions by every way, and changes a password.
func (s *secretStory) signIn() {
	s.t.Helper()
	s.ok(s.token("crm", s.secret("crm's secret"), false, switchyard.ScopeInteractionsWrite))
	s.ok(s.token("made", s.tokens["secret made"], true, switchyard.Scopes...))
	s.ok(s.token("ops", s.secret("ops' secret"), true, switchyard.Scopes...))
	s.ops = s.tokens["ops"]
	s.ok(s.login("ada", s.secret("ada's password")))
	s.ok(s.asUser("GET", "/v1/session", nil, ""))
	change := func(from, to string, csrf string) answer {
		return s.asUser("PUT", "/v1/me/password", map[string]string{"old": from, "new": to}, csrf)
	}
	now := s.secret("ada's password")
	next := s.secret("ada's new password")
	for _, refused := range []answer{
		change(now, next, "wrong"), change(s.secret("wrong old password"), next, s.csrf),
		change(now, strings.Repeat(s.plain("too long password"), 40), s.csrf),
		s.asUser("PUT", "/v1/me/password", map[string]any{"old": now, "new": []string{s.secret("listed password")}}, s.csrf),
	} {
		if refused.status/100 != 4 {
			s.t.Fatalf("a password was changed wrongly: %d %s", refused.status, refused.body)
		}
	}
	s.ok(change(now, next, s.csrf))
	s.ok(s.asUser("DELETE", "/v1/session", nil, s.csrf))
	s.ok(s.login("ada", next))
	s.ok(s.login("root", s.secret("root's password")))
}

// refusedLogins shows wrong secrets, which are often nearly right ones.
func (s *secretStory) refusedLogins() {
	s.t.Helper()
	wrong := s.secret("wrong secret")
	for n := range 12 { // the last are refused for being too many
		refused := []answer{s.token("made", wrong, n%2 == 0, switchyard.ScopeInteractionsWrite), s.login("gone", wrong)}
		for _, a := range refused {
			if a.status/100 != 4 {
				s.t.Fatalf("a wrong secret came to %d %s", a.status, a.body)
			}
		}
	}
	form := map[string]string{"Content-Type": "application/x-www-form-urlencoded"}
	s.send("POST", "/auth/connect/token", "client_secret="+url.QueryEscape(wrong)+"&%zz", form, nil)
	s.send("POST", "/auth/connect/token", "grant_type=client_credentials&client_id=crm&client_secret="+url.QueryEscape(wrong), map[string]string{"Content-Type": "text/plain"}, nil)
	s.send("POST", "/auth/connect/token", strings.Repeat("client_secret="+url.QueryEscape(wrong)+"&", 3), form, nil)
	s.send("POST", "/v1/session", `{"account":"vault","username":"ada","password":["`+s.plain("listed login")+`"]}`, map[string]string{"Content-Type": "application/json"}, nil)
	s.send("POST", "/v1/session", `{"account":"vault","username":"ada","password":"`+s.plain("cut login"), map[string]string{"Content-Type": "application/json"}, nil)
	s.send("POST", "/v1/session", `{"account":"vault","username":"ada","pasword":"`+s.plain("misspelt login")+`"}`, map[string]string{"Content-Type": "application/json"}, nil)
	s.send("GET", "/v1/agents", "", map[string]string{"Authorization": "Bearer " + s.plain("unknown token")}, nil)
	s.send("GET", "/v1/agents", "", map[string]string{"Authorization": s.plain("token without a type")}, nil)
	s.send("GET", "/v1/agents", "", map[string]string{"Cookie": auth.CookieName + "=" + s.plain("unknown cookie")}, nil)
	s.send("POST", "/interactions/invoke", "", map[string]string{"Authorization": "Basic " + s.plain("wrong type")}, nil)
}

// put puts a changed document.
func (s *secretStory) put(change func(doc map[string]any)) answer {
	s.t.Helper()
	doc := s.document()
	agents := doc["agents"].([]any)
	delete(agents[0].(map[string]any), "password") // it was changed by its owner
	doc["secrets"].(map[string]any)["token"] = s.secret("token of the secrets")
	change(doc)
	return s.native("PUT", "/v1/config", doc)
}

// configure publishes, checks, looks at and rolls back documents.
func (s *secretStory) configure() {
	s.t.Helper()
	s.ok(s.put(func(map[string]any) {}))
	for _, again := range []string{"/v1/config", "/v1/config/check"} {
		method := map[bool]string{true: "PUT", false: "POST"}[again == "/v1/config"]
		s.ok(s.native(method, again, string(s.ok(s.native("GET", "/v1/config", nil)).body)))
	}
	s.ok(s.put(func(doc map[string]any) {
		agents := doc["agents"].([]any)
		agents[1].(map[string]any)["password"] = s.secret("root's second password")
		doc["agents"] = append(agents[:2], map[string]any{"username": "new", "password": s.secret("new agent's password")})
		doc["secrets"].(map[string]any)["token"] = s.secret("second token of the secrets")
		doc["providers"] = []any{map[string]any{"name": "filed", "endpoint": s.echo.url + "/callback/filed",
			"headers": map[string]any{"X-Token": s.secret("second provider header")}}}
		clients := doc["clients"].([]any)
		clients[0].(map[string]any)["secret"] = s.secret("crm's second secret")
	}))
	s.ok(s.token("crm", s.secret("crm's second secret"), true, switchyard.ScopeInteractionsWrite))
	s.ok(s.native("POST", "/v1/config/rollback", map[string]int{"version": 1}))
	s.ok(s.put(func(map[string]any) {}))
	s.ok(s.token("crm", s.secret("crm's secret"), true, switchyard.ScopeInteractionsWrite))
	s.ok(s.native("GET", "/v1/config/history", nil))
	for version := 1; version <= 4; version++ {
		s.ok(s.native("GET", fmt.Sprint("/v1/config/history/", version), nil))
	}
	_, err := s.app.ApplyFile(s.t.Context(), filepath.Join(s.folder, "account.yaml"), false)
	if err != nil {
		s.t.Fatal(err)
	}
	s.ok(s.put(func(map[string]any) {}))
	s.ok(s.token("ops", s.secret("ops' secret"), true, switchyard.Scopes...))
	s.ops = s.tokens["ops"]
}

// malformed documents and calls hold a secret where the server does not expect it.
func (s *secretStory) malformed() {
	s.t.Helper()
	for place, change := range misplaced {
		s.put(func(doc map[string]any) { change(doc, s.secret("misplaced: "+place)) })
		doc := s.document()
		change(doc, s.secret("misplaced: "+place))
		text := s.text(doc)
		s.native("POST", "/v1/config/check", text)
		s.apply(text)
	}
	secret := s.plain("secret in broken text")
	whole := s.text(s.document())
	for _, text := range []string{whole[:strings.Index(whole, "secret")+20], whole + secret, `{"secrets":{"a":"` + secret, `{"agents":[{"password":"` + secret + `\q"}]}`,
		`{"agents":[{"password":'` + secret + `'}]}`, secret, `"` + secret + `"`, `{"account":"vault","clients":[{"id":"x","secret":` + secret + `}]}`,
		"secrets: {a: " + secret, "agents:\n  - {username: a, password: " + secret + "\n", "secrets:\n\ta: " + secret, "secrets: &" + secret + " {a: b}\nx: *nothing",
		"agents:\n  - password: !!binary " + secret, "? [" + secret + "]\n: x", "secrets:\n  a: |\n    " + secret + "\n   b: c", "account: vault\n---\nsecrets: {a: " + secret + "}",
		"clients: [{id: x, secret: \"" + secret + "}]"} {
		s.native("PUT", "/v1/config", text)
		s.native("POST", "/v1/config/check", text)
		s.apply(text)
	}
	header := map[string]string{"Authorization": "Bearer " + s.tokens["crm"], "Accept": "application/vnd.newvoicemedia.v1+json", "Content-Type": "application/json"}
	in := s.plain("secret in a broken call")
	for _, text := range []string{`{"provider":"p","headers":"` + in + `"}`, `{"provider":"p","headers":["` + in + `"]}`, `{"provider":"p","headers":{"Authorization":"` + in + `"}}`,
		`{"provider":"p","headers":{"X-A":"` + in + `\n"}}`, `{"provider":"p","headers":{"X-A":"` + in, `{"provider":"p","headers":{"X-A":{"` + in + `":1}}}`,
		`{"provider":"p","headers":{"X-A":"` + in + `","x-a":"` + in + `"}}`, `{"provider":"p","headers":{"Host":"` + in + `"}}`, `{"provider":"p","headers":{"X-A":"` + in + `"}} x`,
		`{"provider":"p","headers":{"X-A":"` + in + `\ud800"}}`, `{"provider":"p","endpoint":"https://u:` + in + `@h/"}`, `{"provider":"p","endpoint":"https://h:` + in + `/"}`,
		`{"provider":"p","endpoint":["https://u:` + in + `@h/"]}`, `{"provider":"p","headers":{"X-A":"` + in + `"},"agentactionspermitted":{"dance":1}}`} {
		for _, path := range []string{"/interactions/register", "/Interactions/Invoke"} {
			if a := s.send("POST", path, text, header, nil); a.status == 200 {
				s.t.Fatalf("%s took %s", path, text)
			}
		}
	}
}

// misplaced are documents with a secret where none belongs, or in the wrong form.
var misplaced = map[string]func(doc map[string]any, secret string){
	"password of a misspelt key": func(doc map[string]any, secret string) {
		doc["agents"] = []any{map[string]any{"username": "x", "pasword": secret}}
	},
	"password as a list": func(doc map[string]any, secret string) {
		doc["agents"] = []any{map[string]any{"username": "x", "password": []string{secret}}}
	},
	"password as an object": func(doc map[string]any, secret string) {
		doc["agents"] = []any{map[string]any{"username": "x", "password": map[string]string{"value": secret}}}
	},
	"agents as a text":  func(doc map[string]any, secret string) { doc["agents"] = secret },
	"agent as a text":   func(doc map[string]any, secret string) { doc["agents"] = []string{secret} },
	"secrets as a text": func(doc map[string]any, secret string) { doc["secrets"] = secret },
	"secrets as a list": func(doc map[string]any, secret string) { doc["secrets"] = []string{secret} },
	"secret as a list":  func(doc map[string]any, secret string) { doc["secrets"] = map[string]any{"a": []string{secret}} },
	"clients as a map":  func(doc map[string]any, secret string) { doc["clients"] = map[string]any{"crm": secret} },
	"secret as a number": func(doc map[string]any, secret string) {
		doc["clients"] = []any{map[string]any{"id": "x", "secrets": secret}}
	},
	"client's secret nested": func(doc map[string]any, secret string) {
		doc["clients"] = []any{map[string]any{"id": "x", "secret": map[string]any{"is": secret}, "scopes": 5}}
	},
	"headers as a text": func(doc map[string]any, secret string) {
		doc["providers"] = []any{map[string]any{"name": "p", "headers": secret}}
	},
	"Authorization without a type": func(doc map[string]any, secret string) {
		doc["providers"] = []any{map[string]any{"name": "p", "headers": map[string]any{"Authorization": strings.Fields(secret)[0] + "x"}}}
	},
	"header with a line break": func(doc map[string]any, secret string) {
		doc["providers"] = []any{map[string]any{"name": "p", "headers": map[string]any{"X-A": secret + "\nX-B: y"}}}
	},
	"password in an endpoint": func(doc map[string]any, secret string) {
		doc["providers"] = []any{map[string]any{"name": "p", "endpoint": "https://user:" + url.PathEscape(secret) + "@example.com/"}}
	},
	"credential in a gateway's url": func(doc map[string]any, secret string) {
		doc["gateways"] = map[string]any{"sms": map[string]any{"g": map[string]any{"type": "http", "url": "https://example.com/?apikey=" + url.QueryEscape(secret)}}}
	},
	"password in a gateway's url": func(doc map[string]any, secret string) {
		doc["gateways"] = map[string]any{"sms": map[string]any{"g": map[string]any{"type": "http", "url": "https://u:" + url.PathEscape(secret) + "@example.com/"}}}
	},
	"credential in a connector's header": func(doc map[string]any, secret string) {
		putConnector(doc, map[string]any{"url": "https://example.com/", "headers": map[string]any{"Authorization": "Bearer " + secret}})
	},
	"credential in a connector's url": func(doc map[string]any, secret string) {
		putConnector(doc, map[string]any{"url": "https://example.com/?apikey=" + url.QueryEscape(secret)})
	},
	"password in a connector's url": func(doc map[string]any, secret string) {
		putConnector(doc, map[string]any{"url": "https://u:" + url.PathEscape(secret) + "@example.com/"})
	},
	"gateway's unknown key": func(doc map[string]any, secret string) {
		doc["gateways"] = map[string]any{"sms": map[string]any{"g": map[string]any{"type": "http", "url": "https://example.com", "apikey": secret}}}
	},
	"gateway's headers as a list": func(doc map[string]any, secret string) {
		doc["gateways"] = map[string]any{"sms": map[string]any{"g": map[string]any{"type": "http", "url": "https://example.com", "headers": []string{secret}}}}
	},
	"body that reads an unknown secret": func(doc map[string]any, secret string) {
		doc["gateways"] = map[string]any{"sms": map[string]any{"g": map[string]any{"type": "http", "url": "https://example.com", "body": secret + " #(nothing) $(Foo:Bar) #("}}}
	},
	"header that reads an unknown secret": func(doc map[string]any, secret string) {
		doc["gateways"] = map[string]any{"sms": map[string]any{"g": map[string]any{"type": "http", "url": "https://example.com", "headers": map[string]any{"X-A": secret + " #(nothing) $("}}}}
	},
	"reference beside a secret": func(doc map[string]any, secret string) {
		doc["secrets"] = map[string]any{"a": secret, "b": "env:NOTHING_IS_SET_HERE", "c": "file:/nothing/here"}
	},
	"secrets of an unknown top-level key": func(doc map[string]any, secret string) { doc["secretz"] = map[string]any{"a": secret} },
	"password that is too short of another account": func(doc map[string]any, secret string) {
		doc["account"] = "other"
		doc["agents"] = []any{map[string]any{"username": "x", "password": secret}}
	},
	"client's secret without scopes": func(doc map[string]any, secret string) {
		doc["clients"] = []any{map[string]any{"id": "crm", "secret": secret, "scopes": []string{"everything"}}}
	},
}

// putConnector puts a data connector with some settings into a document.
func putConnector(doc, settings map[string]any) {
	settings["type"] = "dataconnector"
	doc["plans"] = append(doc["plans"].([]any), map[string]any{"name": "Wrong", "start": "a", "applets": map[string]any{"a": settings}})
}

// apply applies a file that is refused, as the command does, and keeps what it says.
func (s *secretStory) apply(text string) {
	s.t.Helper()
	s.write("broken.yaml", text)
	_, err := s.app.ApplyFile(s.t.Context(), filepath.Join(s.folder, "broken.yaml"), false)
	if err == nil {
		return
	}
	said := err.Error()
	if _, problems, err := ReadFile(filepath.Join(s.folder, "broken.yaml"), config.Rules{}); err == nil {
		for _, p := range problems {
			said += p.String() + p.Excerpt
		}
	}
	_, problems := config.Read("broken.yaml", []byte(text))
	for _, p := range problems {
		said += p.String() + "\n" + p.Excerpt
	}
	s.hay.add(inAnswers, "apply -f", []byte(said))
}

// work registers providers, dispatches, works and releases, with callbacks and messages that fail in
// every way and whose answers repeat the credentials.
func (s *secretStory) work() {
	s.t.Helper()
	for n, headers := range []map[string]string{
		{"Authorization": "Bearer " + s.secret("registered bearer")},
		{"Authorization": "Bearer " + s.secret("registered bearer again"), "X-Key": s.plain("registered key")},
	} {
		a := s.contract("/interactions/register", map[string]any{"provider": "called", "endpoint": s.echo.url + "/callback/called", "headers": headers,
			"agentactionspermitted": map[string]int{"release": 1}})
		if s.ok(a); n == 0 {
			s.dispatch("called", "early")
		}
	}
	s.ok(s.native("PUT", "/v1/agents/ada/presence", map[string]string{"presence": "Ready"}))
	for n := range 2 * len(echoes) {
		provider := []string{"filed", "called"}[n%2]
		id := s.dispatch(provider, fmt.Sprint("work-", n))
		s.ok(s.native("POST", "/v1/interactions/"+id+"/accept", map[string]string{"agent": "ada"}))
		if provider == "called" {
			s.ok(s.native("POST", "/v1/interactions/"+id+"/release", map[string]string{"agent": "ada"}))
		} else {
			s.ok(s.native("POST", "/v1/interactions/"+id+"/release", nil))
		}
		for _, gateway := range []string{"echo", "hook", "log", "ask", "vonage", "messages", "twilio"} {
			s.contract("/interactions/invoke", map[string]any{"requests": []any{map[string]any{"route": gateway, "externalid": fmt.Sprint(gateway, n),
				"linkeddata": []any{property("FromNum", "Switchyard"), property("ToNum", "+49123456"), property("Message", "hello")}}}})
		}
	}
	s.contract("/interactions/invoke", map[string]any{"requests": []any{map[string]any{"route": "dark", "externalid": "dark",
		"linkeddata": []any{property("FromNum", "Switchyard"), property("ToNum", "+49123456"), property("Message", "hello")}}}})
	s.contract("/interactions/invoke", map[string]any{"requests": []any{map[string]any{"route": "ask dark", "externalid": "ask dark"}}})
	s.readEverything("early")
	for range 12 {
		s.ok(s.native("POST", "/v1/clock", map[string]string{"advance": "1h30m"}))
	}
	s.readEverything("after retries")
	s.ok(s.native("POST", "/v1/clock", map[string]string{"advance": "24h"}))
	var page struct {
		Items []struct {
			ID string `json:"id"`
		} `json:"items"`
	}
	if err := json.Unmarshal(s.ok(s.native("GET", "/v1/notifications?limit=1000", nil)).body, &page); err != nil || len(page.Items) < len(echoes) {
		s.t.Fatalf("%d notifications: %v", len(page.Items), err)
	}
	for _, n := range page.Items {
		s.native("POST", "/v1/notifications/"+n.ID+"/redeliver", nil)
	}
	s.ok(s.native("POST", "/v1/clock", map[string]string{"advance": "25h"}))
}

func property(key, value string) map[string]any {
	return map[string]any{"type": "interactionproperty", "key": key, "value": value}
}

func (s *secretStory) contract(path string, body any) answer {
	s.t.Helper()
	return s.ok(s.send("POST", path, s.text(body), map[string]string{"Authorization": "Bearer " + s.tokens["crm"], "Prefer": "return=representation",
		"Accept": "application/vnd.newvoicemedia.v1+json", "Content-Type": "application/json"}, nil))
}

// dispatch returns the id of a new interaction.
func (s *secretStory) dispatch(provider, externalID string) string {
	s.t.Helper()
	a := s.contract("/interactions/invoke", map[string]any{"provider": provider, "requests": []any{map[string]any{"route": "Cases", "externalid": externalID,
		"requestid": "r-" + externalID}}})
	var results []struct {
		Interaction string `json:"interaction"`
	}
	if err := json.Unmarshal(a.body, &results); err != nil || len(results) != 1 || results[0].Interaction == "" {
		s.t.Fatalf("%s", a.body)
	}
	return results[0].Interaction
}

// rotate gives providers new signing secrets, uses them, and collects the secrets behind the API.
func (s *secretStory) rotate() {
	s.t.Helper()
	s.signing()
	for _, provider := range []string{"filed", "called"} {
		a := s.send("POST", "/v1/providers/"+provider+"/secret", "", map[string]string{"Authorization": "Bearer " + s.ops, "Idempotency-Key": "rotate " + provider},
			func(a answer) []string { return []string{s.member(a, "secret")} })
		s.keep("rotated signing secret of "+provider, s.member(s.ok(a), "secret"))
		s.dispatch(provider, "after rotation")
	}
	s.signing()
	s.contract("/interactions/invoke", map[string]any{"provider": "called", "requests": []any{map[string]any{"action": "release", "externalid": "after rotation"}}})
	s.ok(s.native("POST", "/v1/clock", map[string]string{"advance": "25h"}))
	s.ok(s.native("DELETE", "/v1/providers/called?force=true", nil))
}

// signing keeps the signing secrets in force, which the server made itself.
func (s *secretStory) signing() {
	s.t.Helper()
	count := 0
	err := s.app.Engine().View(s.t.Context(), "vault", func(state *core.State, _ switchyard.Instant) {
		for _, p := range state.Providers() {
			secret, err := s.app.key.Open(p.Secret)
			if err != nil {
				s.t.Error(err)
				continue
			}
			s.keep("signing secret of "+p.Name, string(secret))
			bare := strings.TrimPrefix(string(secret), "whsec_")
			s.keep("bare signing secret of "+p.Name, strings.TrimRight(bare, "="))
			raw, err := base64.StdEncoding.DecodeString(bare)
			if err != nil {
				s.t.Error(err)
			}
			s.keep("bytes of the signing secret of "+p.Name, string(raw))
			s.stored("sealed signing secret of "+p.Name, string(p.Secret))
			count++
		}
		for _, agent := range state.Config().Document.Agents {
			s.stored("hash of the password of "+agent.Username, agent.Password)
		}
		for name, sealed := range state.Config().Document.Secrets {
			s.stored("sealed secret "+name, sealed)
		}
	})
	if err != nil || count == 0 {
		s.t.Fatalf("no signing secrets: %d %v", count, err)
	}
}

// readEverything reads what can be read, by every route that only reads.
func (s *secretStory) readEverything(when string) {
	s.t.Helper()
	var interactions, notifications struct {
		Items []struct {
			ID string `json:"id"`
		} `json:"items"`
	}
	read := func(path string, into any) {
		if err := json.Unmarshal(s.ok(s.native("GET", path, nil)).body, into); err != nil {
			s.t.Fatalf("%s %s: %v", when, path, err)
		}
	}
	read("/v1/interactions?limit=1000", &interactions)
	read("/v1/notifications?limit=1000", &notifications)
	for _, rule := range auth.Rules {
		if rule.Method != http.MethodGet {
			continue
		}
		path := strings.NewReplacer("{username}", "ada", "{name}", "filed", "{version}", "2").Replace(rule.Pattern)
		switch {
		case rule.Pattern == "/v1/events":
			s.feed()
		case path == "/v1/desk":
			s.ok(s.native("GET", path+"?agent=ada", nil))
		case strings.HasPrefix(path, "/v1/reports/"):
			s.ok(s.native("GET", path+reportSpan, nil))
			s.ok(s.native("GET", path+reportSpan+"&format=csv", nil))
		case strings.HasSuffix(path, "/transfer"): // what has ended goes nowhere
			for _, i := range interactions.Items {
				s.native("GET", strings.Replace(path, "{id}", i.ID, 1), nil)
			}
		case strings.HasPrefix(path, "/v1/interactions/{id}"):
			for _, i := range interactions.Items {
				s.ok(s.native("GET", strings.Replace(path, "{id}", i.ID, 1), nil))
			}
		case strings.HasPrefix(path, "/v1/notifications/{id}"):
			for _, n := range notifications.Items {
				s.ok(s.native("GET", strings.Replace(path, "{id}", n.ID, 1), nil))
			}
		default:
			s.native("GET", path, nil)
			s.asUser("GET", path, nil, "")
		}
	}
	if len(interactions.Items) == 0 || len(notifications.Items) == 0 {
		s.t.Fatalf("%s: %d interactions, %d notifications", when, len(interactions.Items), len(notifications.Items))
	}
	if at := interactions.Items[0].ID; at != "" {
		s.native("GET", "/v1/invocations/"+at, nil)
	}
}

// feed reads the feed from its beginning, as pages and as a stream.
func (s *secretStory) feed() {
	s.t.Helper()
	after, count := "0", 0
	for {
		var page struct {
			Items []struct {
				Type        string `json:"type"`
				Correlation string `json:"correlation"`
			} `json:"items"`
			Next string `json:"next"`
		}
		if err := json.Unmarshal(s.ok(s.native("GET", "/v1/events?limit=1000&after="+after, nil)).body, &page); err != nil {
			s.t.Fatal(err)
		}
		if len(page.Items) == 0 {
			break
		}
		for _, item := range page.Items {
			if item.Type == "invocation.processed" {
				s.ok(s.native("GET", "/v1/invocations/"+item.Correlation, nil))
			}
		}
		count, after = count+len(page.Items), page.Next
	}
	ctx, cancel := context.WithCancel(s.t.Context())
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, "GET", s.app.URL()+"/v1/events?after=0", nil)
	if err != nil {
		s.t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+s.ops)
	r.Header.Set("Accept", "text/event-stream")
	response, err := httpClient.Do(r)
	if err != nil {
		s.t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	lines := bufio.NewScanner(response.Body)
	lines.Buffer(nil, 16<<20)
	for seen := 0; seen < count && lines.Scan(); {
		s.hay.add(inAnswers, "stream of GET /v1/events", lines.Bytes())
		if bytes.HasPrefix(lines.Bytes(), []byte("data: ")) {
			seen++
		}
	}
}

// canary writes a secret where it is not taken for one: it must be found wherever one is looked for.
func (s *secretStory) canary() {
	s.t.Helper()
	s.ok(s.put(func(doc map[string]any) {
		doc["agents"].([]any)[1].(map[string]any)["name"] = secretNamed("canary")
	}))
	s.contract("/interactions/invoke", map[string]any{"requests": []any{map[string]any{"route": "log", "externalid": "canary",
		"linkeddata": []any{property("FromNum", "Switchyard"), property("ToNum", "+49123456"), property("Message", secretNamed("canary"))}}}})
	s.ok(s.native("POST", "/v1/clock", map[string]string{"advance": "1s"}))
	s.ok(s.native("GET", "/v1/config", nil))
	s.feed()
}

// backup copies the folder while the server works on it, and reads the copy as the command does.
func (s *secretStory) backup() {
	s.t.Helper()
	s.hay.addFolder(s.t, "while it serves", s.data())
	copied, restored := filepath.Join(s.folder, "backup"), filepath.Join(s.folder, "restored")
	if err := Backup(s.t.Context(), s.data(), copied, nil); err != nil {
		s.t.Fatal(err)
	}
	s.hay.addFolder(s.t, "backup", copied)
	if _, err := RotateKey(s.t.Context(), Options{Data: copied, Log: slog.New(slog.NewTextHandler(s.hay, nil))}); err != nil {
		s.t.Fatal(err)
	}
	s.hay.addFolder(s.t, "backup with a new key", copied)
	if err := Restore(s.t.Context(), copied, restored, nil); err != nil {
		s.t.Fatal(err)
	}
	offline, err := New(s.t.Context(), Options{Data: restored, Purpose: Read, Log: slog.New(slog.NewTextHandler(s.hay, &slog.HandlerOptions{Level: slog.LevelDebug}))})
	if err == nil {
		err = offline.Start(s.t.Context())
	}
	if err != nil {
		s.t.Fatal(err)
	}
	token := offline.Admit(&auth.Principal{Account: "vault", Client: "command", Scopes: switchyard.Scopes})
	s.keep("token of the command", token)
	for _, path := range []string{"/v1/events?after=0&limit=1000", "/v1/config", "/v1/providers", "/v1/config/history/2"} {
		r := httptest.NewRequest("GET", path, nil)
		r.Header.Set("Authorization", "Bearer "+token)
		r.Header.Set("Accept", "application/json")
		w := httptest.NewRecorder()
		offline.Handler().ServeHTTP(w, r)
		s.hay.addAnswer("offline GET "+path, s.ok(answer{w.Code, w.Header(), w.Body.Bytes()}))
	}
	if err := offline.Stop(s.t.Context()); err != nil {
		s.t.Fatal(err)
	}
	s.hay.addFolder(s.t, "restored", restored)
}

func (s *secretStory) finish() {
	s.t.Helper()
	if err := s.app.Stop(s.t.Context()); err != nil {
		s.t.Fatal(err)
	}
	s.hay.addFolder(s.t, "stopped", s.data())
}

// controls are texts that must be where secrets are looked for: else nothing was looked through.
var controls = map[string][]string{
	inAnswers: {`"exchange":{`, `"connector":{`, "config.published", "token.issued", "session.opened", "password.changed", "provider.secretrotated", "effect.attempted", "effect.finished",
		"effect.due", "answer.kept", `"password":"***"`, `"secret":"***"`, `"token":"***"`, `"X-Token":"***"`, "X-Api-Key", "Ada", "AssignToAgent", "switchyard_",
		"/callback/filed", "broken.yaml", "+49123456", `"attempts":[{`, "text/event-stream", "Www-Authenticate", "invalid_client", "password_wrong", "openapi"},
	inLog:   {`"level":"INFO"`, "effect attempted", `"route":"/v1/me/password"`, `"route":"/v1/session"`, "client:ops", "user:ada", "hello"},
	inFiles: {"SQLite format 3", "interaction.dispatched", "$argon2id$", "s2:", "/callback/filed", "Ada", "hello"},
	inCells: {`"exchange":{`, `"type":"publish"`, `"type":"register"`, "$argon2id$", "s2:", "effect.attempted", "work-3", "Ada", "hello"},
}

// judge searches.
func (s *secretStory) judge() {
	s.t.Helper()
	for _, kind := range []string{inAnswers, inLog, inFiles, inCells} {
		count, total := s.hay.size(kind)
		s.t.Logf("searched %d texts of the %s, %d bytes in all", count, kind, total)
		for _, control := range controls[kind] {
			if !s.hay.has(kind, control) {
				s.t.Errorf("the %s do not even hold %q: too little was searched", kind, control)
			}
		}
	}
	s.echo.check()
	s.stored("an argon2id hash", "$argon2id$v=19$")
	places, told := map[string]bool{}, map[string]bool{}
	for _, f := range s.hay.search(s.t, append(s.needles, needle{name: "canary", text: secretNamed("canary")})) {
		if f.needle == "canary" {
			places[f.kind+" "+f.form] = true
			continue
		}
		if kind := f.needle + f.form + f.kind; !told[kind] {
			told[kind] = true
			s.t.Error(f)
		}
	}
	for _, place := range []string{inAnswers + " JSON", inLog + " JSON", inFiles + " JSON", inCells + " JSON"} {
		if !places[place] {
			s.t.Errorf("the canary was not found in the %s form; found: %v", place, places)
		}
	}
	var names []string
	for _, n := range s.needles {
		names = append(names, n.name)
	}
	s.t.Logf("searched for %d secrets and what is stored of them: %s", len(names), strings.Join(names, ", "))
}
