package app

import (
	"context"
	"io"
	"log/slog"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/zitadel/oidc/v3/example/server/exampleop"
	"github.com/zitadel/oidc/v3/example/server/storage"
)

// identities is an identity provider, a real library's, with its users and its page to sign in.
type identities struct {
	url     string
	users   map[string]*storage.User
	handler http.Handler
}

func (i *identities) GetUserByID(id string) *storage.User { return i.users[id] }
func (i *identities) GetUserByUsername(name string) *storage.User {
	return i.users[name]
}
func (i *identities) ExampleClientID() string { return storage.ServiceUserID }

func newIdentities(t *testing.T) *identities {
	i := &identities{users: map[string]*storage.User{}}
	for _, name := range []string{"ada", "mallory"} {
		i.users[name] = &storage.User{ID: name, Username: name, Password: "at home", Email: name + "@example.com", EmailVerified: name == "ada"}
	}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { i.handler.ServeHTTP(w, r) }))
	t.Cleanup(server.Close)
	i.url = server.URL
	return i
}

// serve lets the provider work for a server at an address.
func (i *identities) serve(t *testing.T, address string) {
	before := slog.Default() // which the provider replaces
	t.Cleanup(func() { slog.SetDefault(before) })
	storage.RegisterClients(storage.WebClient("switchyard", "kept secret", address+"/auth/oidc/callback"))
	i.handler = exampleop.SetupServer(i.url, storage.NewStorage(i), slog.New(slog.DiscardHandler), false)
}

// surfer is a browser that follows every redirect and fills in the provider's page.
type surfer struct {
	t      *testing.T
	client *http.Client
}

func newSurfer(t *testing.T) *surfer {
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	return &surfer{t, &http.Client{Jar: jar}}
}

func (s *surfer) open(address string) (at *url.URL, body string) {
	s.t.Helper()
	answer, err := s.client.Get(address)
	if err != nil {
		s.t.Fatal(err)
	}
	return s.read(answer)
}

func (s *surfer) read(answer *http.Response) (at *url.URL, body string) {
	s.t.Helper()
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	if err != nil {
		s.t.Fatal(err)
	}
	return answer.Request.URL, string(text)
}

// signIn goes the way a person does: to the provider, through its page, and back.
func (s *surfer) signIn(begin, username, password string) (at *url.URL, body string) {
	s.t.Helper()
	page, body := s.open(begin)
	id := page.Query().Get("authRequestID")
	if id == "" {
		s.t.Fatalf("%s is not the provider's page: %s", page, body)
	}
	answer, err := s.client.PostForm(page.Scheme+"://"+page.Host+page.Path, url.Values{"id": {id}, "username": {username}, "password": {password}})
	if err != nil {
		s.t.Fatal(err)
	}
	return s.read(answer)
}

const oidcAccount = `account: acme
settings:
  oidc: {issuer: "ISSUER", client: switchyard, secret: "SECRET"CLAIM}
agents:
  - {username: Ada, name: Ada Lovelace}
  - {username: ada@example.com}
`

// oidcServer is a server with the account, and its provider.
func oidcServer(t *testing.T, secret, claim string) (a *App, provider *identities) {
	t.Helper()
	folder := t.TempDir()
	a, err := New(t.Context(), Options{Data: Memory, Listen: "127.0.0.1:0", AllowInsecure: true,
		AccountFiles: []string{filepath.Join(folder, "account.yaml")}})
	if err != nil {
		t.Fatal(err)
	}
	provider = newIdentities(t)
	text := strings.NewReplacer("ISSUER", provider.url, "SECRET", secret, "CLAIM", claim).Replace(oidcAccount)
	if err := os.WriteFile(filepath.Join(folder, "account.yaml"), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := a.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = a.Stop(context.Background()) })
	provider.serve(t, a.URL())
	return a, provider
}

func TestSignInByProvider(t *testing.T) {
	a, _ := oidcServer(t, "kept secret", "")
	s := newSurfer(t)
	at, body := s.signIn(a.URL()+"/auth/oidc?account=acme&to=/contactpad", "ada", "at home")
	if at.Path != "/contactpad" || !strings.Contains(body, "<html") {
		t.Fatalf("at the end: %s %.200s", at, body)
	}
	if _, body := s.open(a.URL() + "/v1/session"); !strings.Contains(body, `"username":"Ada"`) || !strings.Contains(body, `"name":"Ada Lovelace"`) {
		t.Errorf("the session: %s", body)
	}
	// The cookie that was carried to the provider is used up: its callback cannot be gone to again.
	if at, _ := s.open(a.URL() + "/auth/oidc/callback?code=x&state=y"); at.Query().Get("problem") != "expired" {
		t.Errorf("a second time: %s", at)
	}
}

func TestSignInByProviderRefuses(t *testing.T) {
	problem := func(t *testing.T, at *url.URL, want string) {
		t.Helper()
		if at.Path != "/sign-in" || at.Query().Get("problem") != want || at.Query().Get("reference") == "" {
			t.Errorf("at the end: %s, want problem %s", at, want)
		}
	}
	t.Run("a user the account does not have", func(t *testing.T) {
		a, _ := oidcServer(t, "kept secret", "")
		at, _ := newSurfer(t).signIn(a.URL()+"/auth/oidc?account=acme", "mallory", "at home")
		problem(t, at, "stranger")
	})
	t.Run("an address nobody verified", func(t *testing.T) {
		a, _ := oidcServer(t, "kept secret", ", claim: email")
		at, _ := newSurfer(t).signIn(a.URL()+"/auth/oidc?account=acme", "mallory", "at home")
		problem(t, at, "refused")
		s := newSurfer(t)
		if at, body := s.signIn(a.URL()+"/auth/oidc?account=acme", "ada", "at home"); at.Path != "/" {
			t.Errorf("a verified one: %s %.200s", at, body)
		}
		if _, body := s.open(a.URL() + "/v1/session"); !strings.Contains(body, `"username":"ada@example.com"`) {
			t.Errorf("the session: %s", body)
		}
	})
	t.Run("a wrong client secret", func(t *testing.T) {
		a, _ := oidcServer(t, "another", "")
		at, _ := newSurfer(t).signIn(a.URL()+"/auth/oidc?account=acme", "ada", "at home")
		problem(t, at, "refused")
	})
	t.Run("another browser's way back", func(t *testing.T) {
		a, _ := oidcServer(t, "kept secret", "")
		s := newSurfer(t)
		s.open(a.URL() + "/auth/oidc?account=acme")
		at, _ := s.open(a.URL() + "/auth/oidc/callback?code=theirs&state=theirs")
		problem(t, at, "expired")
	})
	t.Run("accounts without a provider, and no account", func(t *testing.T) {
		a, _ := oidcServer(t, "kept secret", "")
		at, _ := newSurfer(t).open(a.URL() + "/auth/oidc?account=nobody")
		problem(t, at, "none")
	})
	t.Run("a provider that is gone", func(t *testing.T) {
		a, _ := oidcServer(t, "kept secret", "")
		gone := httptest.NewServer(http.NotFoundHandler())
		defer gone.Close()
		a.settings.documentOf("acme").Settings.OIDC.Issuer = gone.URL
		at, _ := newSurfer(t).open(a.URL() + "/auth/oidc?account=acme")
		problem(t, at, "unreachable")
	})
	t.Run("an address elsewhere to go to at last", func(t *testing.T) {
		a, _ := oidcServer(t, "kept secret", "")
		at, _ := newSurfer(t).signIn(a.URL()+"/auth/oidc?account=acme&to=//evil.example/", "ada", "at home")
		if at.Host != strings.TrimPrefix(a.URL(), "http://") || at.Path != "/" {
			t.Errorf("at the end: %s", at)
		}
	})
}
