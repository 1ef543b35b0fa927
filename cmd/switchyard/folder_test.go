package main

import (
	"bytes"
	"context"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"switchyard"
	"switchyard/internal/api/auth"
	"switchyard/internal/app"
	"switchyard/internal/journal"
	journalsqlite "switchyard/internal/journal/sqlite"
)

// command runs a command line and returns its exit code and what it printed.
func command(t *testing.T, args ...string) (code int, out, failed string) {
	t.Helper()
	var stdout, stderr bytes.Buffer
	code = run(args, &stdout, &stderr)
	return code, stdout.String(), stderr.String()
}

// succeeds runs a command line that must do what it says, and returns what it printed.
func succeeds(t *testing.T, args ...string) string {
	t.Helper()
	code, out, failed := command(t, args...)
	if code != 0 {
		t.Fatalf("switchyard %s: exit %d\n%s%s", strings.Join(args, " "), code, out, failed)
	}
	return out
}

const folderAccount = `
account: acme
skills: [billing]
agents: [{username: ada, skills: {billing: 5}}]
plans: [{name: P, start: q, applets: {q: {type: queue, accept: auto}}}]
routes: [{name: R, plan: P}]
clients: [{id: crm, secret: crm-secret-for-tests, scopes: ["interactions:write", "interactions:read"]}]
`

func writeFile(t *testing.T, name, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// folder makes a data folder of one account on which a callback is due that nobody has made yet.
func folder(t *testing.T) string {
	t.Helper()
	data := filepath.Join(t.TempDir(), "data")
	succeeds(t, "apply", "--data", data, "-f", writeFile(t, "account.yaml", folderAccount))
	onFolder(t, data, func(call func(method, path, body string)) {
		call("POST", "/interactions/register", `{"provider":"CRM","endpoint":"https://127.0.0.1:1/hook"}`)
		call("PUT", "/v1/agents/ada/presence", `{"presence":"Ready"}`)
		call("POST", "/interactions/invoke", `{"provider":"CRM","requests":[{"externalid":"A","route":"R"}]}`)
	})
	return data
}

// onFolder calls the server of a folder, which leaves effects alone.
func onFolder(t *testing.T, data string, do func(call func(method, path, body string))) {
	t.Helper()
	ctx := context.Background()
	a, err := app.New(ctx, app.Options{Data: data, Purpose: app.Change})
	if err == nil {
		err = a.Start(ctx)
	}
	if err != nil {
		t.Fatal(err)
	}
	token := a.Admit(&auth.Principal{Account: "acme", Client: "test", Scopes: switchyard.Scopes})
	do(func(method, path, body string) {
		t.Helper()
		r := httptest.NewRequest(method, path, strings.NewReader(body))
		r.Header.Set("Authorization", "Bearer "+token)
		r.Header.Set("Accept", "application/vnd.newvoicemedia.v1+json")
		r.Header.Set("Content-Type", "application/json")
		w := httptest.NewRecorder()
		a.Handler().ServeHTTP(w, r)
		if w.Code != 200 {
			t.Fatalf("%s %s: %d %s", method, path, w.Code, w.Body)
		}
	})
	if err := a.Stop(ctx); err != nil {
		t.Fatal(err)
	}
}

// rows reads the journal of a folder.
func rows(t *testing.T, data string) []journal.Row {
	t.Helper()
	store, err := journalsqlite.Open(t.Context(), data, journalsqlite.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = store.Close() }()
	all, err := store.Rows(t.Context(), "acme", 1, 1000)
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// Whoever mistypes a folder hears of it, and finds nothing made there.
func TestCommandsRefuseWhatIsNoDataFolder(t *testing.T) {
	for _, args := range [][]string{
		{"journal", "verify"}, {"journal", "tail"}, {"config", "get"}, {"config", "history"}, {"config", "rollback", "1"},
		{"client", "list"}, {"client", "add", "x", "--scopes", "stats:read"}, {"client", "rotate", "crm"}, {"client", "remove", "crm"},
		{"provider", "list"}, {"provider", "rotate", "CRM"}, {"provider", "remove", "CRM"},
	} {
		typo := filepath.Join(t.TempDir(), "typo")
		code, out, failed := command(t, append(args, "--data", typo)...)
		if code != 1 || out != "" || !strings.Contains(failed, typo+" is no data folder") {
			t.Errorf("%v: exit %d, %q, %q", args, code, out, failed)
		}
		if _, err := os.Stat(typo); err == nil {
			t.Errorf("%v made the folder", args)
		}
	}
}

// What only reads a folder leaves its journal as it is: no start is noted, nothing due is done.
func TestCommandsThatReadChangeNothing(t *testing.T) {
	data := folder(t)
	before := rows(t, data)
	key := filepath.Join(data, app.KeyFile)
	if err := os.Rename(key, key+".elsewhere"); err != nil {
		t.Fatal(err)
	}
	for want, args := range map[string][]string{
		"account: acme":                  {"config", "get"},
		"file:account":                   {"config", "history"},
		"crm ":                           {"client", "list"},
		"CRM ":                           {"provider", "list"},
		`"type":"interaction.connected"`: {"journal", "tail"},
	} {
		if out := succeeds(t, append(args, "--data", data)...); !strings.Contains(out, want) {
			t.Errorf("%v prints no %q: %s", args, want, out)
		}
	}
	if _, err := os.Stat(key); err == nil {
		t.Error("a command that reads made a key")
	}
	if after := rows(t, data); len(after) != len(before) {
		t.Errorf("the journal had %d rows and has %d; the last is %s", len(before), len(after), after[len(after)-1].Events)
	}
}

// What changes a folder leaves callbacks to the server.
func TestCommandsMakeNoCallbacks(t *testing.T) {
	data := folder(t)
	succeeds(t, "client", "add", "reports", "--scopes", "stats:read", "--data", data)
	for _, row := range rows(t, data) {
		if bytes.Contains(row.Events, []byte("effect.attempted")) || bytes.Contains(row.Events, []byte("effect.finished")) {
			t.Errorf("row %d: %s", row.Seq, row.Events)
		}
	}
	if out := succeeds(t, "client", "list", "--data", data); !strings.Contains(out, "reports") {
		t.Errorf("the client was not added: %s", out)
	}
}

func TestVerifySaysHowMuch(t *testing.T) {
	data := folder(t)
	succeeds(t, "config", "get", "--data", data)
	n := len(rows(t, data))
	if out := succeeds(t, "journal", "verify", "--data", data); !strings.Contains(out, count(n, "row")+" of 1 account verified") {
		t.Errorf("%d rows: %s", n, out)
	}
}

// A file that cannot be the config of a new account leaves no account behind, and says where it is
// at fault; check, which knows of no account, warns.
func TestFileThatANewAccountRefuses(t *testing.T) {
	file := writeFile(t, "account.yaml", strings.Replace(folderAccount, "secret: crm-secret-for-tests, ", "", 1))
	place := file + `:7:12: clients[0].secret: `
	if code, _, failed := command(t, "check", "-f", file); code != 0 || !strings.HasPrefix(failed, place+"warning: client") {
		t.Errorf("check: exit %d, %s", code, failed)
	}
	for _, args := range [][]string{{"serve", "--listen", "127.0.0.1:0", "--account", file}, {"apply", "-f", file}} {
		data := filepath.Join(t.TempDir(), "data")
		code, _, failed := command(t, append(args, "--data", data)...)
		if code != 1 || !strings.Contains(failed, place) {
			t.Errorf("%s: exit %d, %s", args[0], code, failed)
		}
		if out := succeeds(t, "journal", "verify", "--data", data); out != "0 rows of 0 accounts verified\n" {
			t.Errorf("%s left an account behind: %s", args[0], out)
		}
	}
}

// RULINGS 32: whoever removes what live work needs is told how much of it there is.
func TestApplyWarnsOfLiveWork(t *testing.T) {
	data := folder(t)
	file := writeFile(t, "account.yaml", strings.Replace(folderAccount, "{username: ada, ", "{username: bo, ", 1))
	const warning = "warning: agent ada is removed; its interactions go back to their queues (1)\n"
	before := len(rows(t, data))
	code, out, failed := command(t, "apply", "--data", data, "-f", file, "--dry-run")
	if code != 0 || failed != warning || !strings.Contains(out, "  agent ada removed\n") || !strings.Contains(out, "2 changes; nothing was done") {
		t.Errorf("dry run: exit %d, %s%s", code, out, failed)
	}
	if after := len(rows(t, data)); after != before {
		t.Errorf("the dry run wrote %d rows", after-before)
	}
	code, out, failed = command(t, "apply", "--data", data, "-f", file)
	if code != 0 || failed != warning || !strings.Contains(out, "version 2 is in force") {
		t.Errorf("apply: exit %d, %s%s", code, out, failed)
	}
}

func TestDryRunTellsWhatWouldBeRefused(t *testing.T) {
	file := writeFile(t, "account.yaml", strings.Replace(folderAccount, "clients: [", `clients: [{id: new, scopes: ["stats:read"]}, `, 1))
	code, out, failed := command(t, "apply", "--data", folder(t), "-f", file, "--dry-run")
	if code != 1 || out != "" || !strings.Contains(failed, `clients[0].secret: client "new" is new here`) {
		t.Errorf("exit %d, %s%s", code, out, failed)
	}
}

// RULINGS 44: a token from the folder alone, good for the server that serves it afterwards.
func TestTokenFromAFolder(t *testing.T) {
	data := folder(t)
	token := strings.TrimSpace(succeeds(t, "token", "--data", data, "--client-id", "crm", "--scopes", "interactions:read"))
	a, err := app.New(t.Context(), app.Options{Data: data, Purpose: app.Read})
	if err == nil {
		err = a.Start(t.Context())
	}
	if err != nil {
		t.Fatal(err)
	}
	for path, status := range map[string]int{"/v1/interactions/00000000-0000-7000-8000-000000000001": 404, "/v1/agents": 403} {
		r := httptest.NewRequest("GET", path, nil)
		r.Header.Set("Authorization", "Bearer "+token)
		w := httptest.NewRecorder()
		a.Handler().ServeHTTP(w, r)
		if w.Code != status {
			t.Errorf("%s answers %d %s", path, w.Code, w.Body)
		}
	}
	if err := a.Stop(t.Context()); err != nil {
		t.Error(err)
	}
	for want, args := range map[string][]string{
		`no client "crn"`:           {"--data", data, "--client-id", "crn"},
		`no scope "stats:read"`:     {"--data", data, "--client-id", "crm", "--scopes", "stats:read"},
		"is no data folder":         {"--data", data + "x", "--client-id", "crm"},
		"give --client-secret, or ": {"--client-id", "crm"},
	} {
		if code, out, failed := command(t, append([]string{"token"}, args...)...); code == 0 || out != "" || !strings.Contains(failed, want) {
			t.Errorf("%v: exit %d, %q %q", args, code, out, failed)
		}
	}
}
