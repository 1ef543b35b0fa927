package app

import (
	"bytes"
	"context"
	"encoding/base64"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/goccy/go-yaml"

	"switchyard/internal/seal"
)

// With this in its environment the test binary is a server on the folder named there: tests kill
// real processes.
const serveEnv = "SWITCHYARD_TEST_SERVE"

func TestMain(m *testing.M) {
	if data := os.Getenv(serveEnv); data != "" {
		os.Exit(serveProcess(data))
	}
	os.Exit(m.Run())
}

func serveProcess(data string) int {
	a, err := New(context.Background(), Options{Data: data, Listen: "127.0.0.1:0", Manual: true,
		AccountFiles: filepath.SplitList(os.Getenv("SWITCHYARD_TEST_ACCOUNT")), AllowInsecure: true, PublicURL: publicURL,
		Log: slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelWarn}))})
	if err == nil {
		err = a.Run(context.Background(), func() { fmt.Println("listening " + a.URL()) })
	}
	fmt.Fprintln(os.Stderr, err)
	return 1
}

// publicURL is what vendors of gateways are told; what they send there a test brings to the server.
const publicURL = "https://switchyard.example.com/base"

// server is a running server a test talks to.
type server struct {
	t       *testing.T
	url     string
	account string // file
	tokens  map[string]string
	kill    func() // as SIGKILL does
	again   func() // starts it on the same data
}

// newServer starts a server with a manual clock on memory or SQLite.
func newServer(t *testing.T, store, account string) *server {
	t.Helper()
	s := &server{t: t, account: account, tokens: map[string]string{}}
	if store == Memory {
		s.startInProcess()
	} else {
		s.startProcess(t.TempDir())
	}
	return s
}

// startInProcess serves from memory. Nothing of a process can be killed, so the next server gets
// what the first had made durable when it was stopped.
func (s *server) startInProcess() {
	kept, err := openStores(context.Background(), Options{Data: Memory})
	if err != nil {
		s.t.Fatal(err)
	}
	key := base64.StdEncoding.EncodeToString(make([]byte, seal.KeyBytes))
	closeTables := kept.tables.Close
	kept.tables = &openTables{kept.tables}
	var running *App
	s.kill = func() {
		if err := running.Stop(context.Background()); err != nil {
			s.t.Error(err)
		}
		running = nil
	}
	s.again = func() {
		a, err := New(context.Background(), Options{Data: Memory, Listen: "127.0.0.1:0", Manual: true,
			AllowInsecure: true, PublicURL: publicURL, AccountFiles: []string{s.account}, Key: key, kept: kept})
		if err == nil {
			err = a.Start(context.Background())
		}
		if err != nil {
			s.t.Fatal(err)
		}
		running, s.url = a, a.URL()
	}
	s.again()
	s.t.Cleanup(func() {
		if running != nil {
			s.kill()
		}
		if err := closeTables(); err != nil {
			s.t.Error(err)
		}
	})
}

// startProcess serves from SQLite in a process of its own.
func (s *server) startProcess(data string) {
	var running *exec.Cmd
	s.kill = func() {
		_ = running.Process.Kill()
		_, _ = running.Process.Wait()
		running = nil
	}
	s.again = func() {
		cmd := exec.Command(os.Args[0])
		cmd.Env = append(os.Environ(), serveEnv+"="+data, "SWITCHYARD_TEST_ACCOUNT="+s.account)
		var log bytes.Buffer
		cmd.Stderr = &log
		out, err := cmd.StdoutPipe()
		if err == nil {
			err = cmd.Start()
		}
		if err != nil {
			s.t.Fatal(err)
		}
		running = cmd
		line := make([]byte, 200)
		n, err := out.Read(line)
		if err != nil {
			_ = cmd.Wait()
			s.t.Fatalf("the server did not start: %v\n%s", err, log.String())
		}
		s.url = strings.TrimSpace(strings.TrimPrefix(string(line[:n]), "listening "))
	}
	s.again()
	s.t.Cleanup(func() {
		if running != nil {
			s.kill()
		}
	})
}

// answer is what came back.
type answer struct {
	status int
	header http.Header
	body   []byte
}

func (s *server) send(method, path string, header map[string]string, body string) answer {
	s.t.Helper()
	return s.sendBy(httpClient, method, path, header, body)
}

// sendBy sends by another client: its connections, its cookies.
func (s *server) sendBy(client *http.Client, method, path string, header map[string]string, body string) answer {
	s.t.Helper()
	r, err := http.NewRequest(method, s.url+path, strings.NewReader(body))
	if err != nil {
		s.t.Fatal(err)
	}
	for name, value := range header {
		r.Header.Set(name, value)
	}
	response, err := client.Do(r)
	if err != nil {
		s.t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		s.t.Fatal(err)
	}
	return answer{response.StatusCode, response.Header, text}
}

var httpClient = &http.Client{Timeout: time.Minute}

// token gets a token for a client of the test accounts, with all its scopes.
func (s *server) token(client string) string {
	s.t.Helper()
	if t := s.tokens[client]; t != "" {
		return t
	}
	scopes := "interactions:write"
	if client == "ops" {
		scopes = "interactions:read agents:read agents:write config:read config:write stats:read events:read"
	}
	form := url.Values{"grant_type": {"client_credentials"}, "client_id": {client},
		"client_secret": {client + "-secret-for-tests"}, "scope": {scopes}}
	a := s.send("POST", "/Auth/connect/token", map[string]string{"Content-Type": "application/x-www-form-urlencoded"}, form.Encode())
	var out struct {
		AccessToken string `json:"access_token"`
	}
	if err := json.Unmarshal(a.body, &out); err != nil || a.status != 200 {
		s.t.Fatalf("no token for %s: %d %s", client, a.status, a.body)
	}
	s.tokens[client] = out.AccessToken
	return out.AccessToken
}

// contract posts to an endpoint of the contract as client crm.
func (s *server) contract(path, body string) answer {
	s.t.Helper()
	return s.send("POST", path, map[string]string{"Authorization": "Bearer " + s.token("crm"),
		"Accept": "application/vnd.newvoicemedia.v1+json", "Content-Type": "application/json"}, body)
}

// native calls the native API as client ops.
func (s *server) native(method, path string, in any) answer {
	s.t.Helper()
	header := map[string]string{"Authorization": "Bearer " + s.token("ops"), "Accept": "application/json"}
	body := ""
	if in != nil {
		text, err := json.Marshal(in)
		if err != nil {
			s.t.Fatal(err)
		}
		body, header["Content-Type"] = string(text), "application/json"
	}
	return s.send(method, path, header, body)
}

// interaction finds the newest interaction with an externalid; nil when there is none.
func (s *server) interaction(externalID string) map[string]any {
	s.t.Helper()
	a := s.native("GET", "/v1/interactions?externalid="+url.QueryEscape(externalID), nil)
	var page struct {
		Items []map[string]any `json:"items"`
	}
	if err := json.Unmarshal(a.body, &page); err != nil || a.status != 200 {
		s.t.Fatalf("search: %d %s", a.status, a.body)
	}
	if len(page.Items) == 0 {
		return nil
	}
	return page.Items[0]
}

func readYAML(t *testing.T, path string, into any) {
	t.Helper()
	text, err := os.ReadFile(path)
	if err == nil {
		text, err = yaml.YAMLToJSON(text)
	}
	if err == nil {
		err = json.Unmarshal(text, into)
	}
	if err != nil {
		t.Fatalf("%s: %v", path, err)
	}
}
