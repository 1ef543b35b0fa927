package web

import (
	"bytes"
	"compress/gzip"
	"io"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"switchyard/internal/api/auth"
)

func serve(t *testing.T, built fs.FS) http.Handler {
	t.Helper()
	mux := http.NewServeMux()
	mount(mux, built)
	mux.HandleFunc("/", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusTeapot) })
	return mux
}

func ask(h http.Handler, method, target string, headers ...string) *http.Response {
	r := httptest.NewRequest(method, target, nil)
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w.Result()
}

func body(t *testing.T, r *http.Response) string {
	t.Helper()
	b, err := io.ReadAll(r.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// tiny is an app small enough to look through.
var tiny = fstest.MapFS{
	"dist/index.html":         {Data: []byte(`<script nonce="SWITCHYARD_NONCE"></script><link nonce="SWITCHYARD_NONCE">`)},
	"dist/assets/app-1234.js": {Data: []byte("// " + strings.Repeat("long ", 1000))},
	"dist/assets/dot-1234.js": {Data: []byte("1")},
}

func TestPagesAreTheApp(t *testing.T) {
	h := serve(t, tiny)
	for _, target := range []string{"/", "/sign-in?to=/admin", "/contactpad", "/admin/plans/Cases", "/wallboard/"} {
		r := ask(h, "GET", target)
		if r.StatusCode != 200 || !strings.HasPrefix(body(t, r), "<script") {
			t.Errorf("%s: status %d", target, r.StatusCode)
		}
		if got := r.Header.Get("Cache-Control"); got != "no-cache" {
			t.Errorf("%s may be kept: %s", target, got)
		}
	}
	for _, target := range []string{"/v1/nothing", "/docs", "/openapi.json", "/healthz", "/Contactpad", "/contactpads", "/assetsx", "/index.html"} {
		if r := ask(h, "GET", target); r.StatusCode != http.StatusTeapot {
			t.Errorf("%s is not the app's and got status %d", target, r.StatusCode)
		}
	}
}

func TestOnlyReading(t *testing.T) {
	h := serve(t, tiny)
	for _, target := range []string{"/", "/admin", "/assets/app-1234.js"} {
		r := ask(h, "POST", target)
		if r.StatusCode != 405 || r.Header.Get("Allow") != "GET, HEAD" {
			t.Errorf("POST %s: %d, Allow %q", target, r.StatusCode, r.Header.Get("Allow"))
		}
		if r := ask(h, "HEAD", target); r.StatusCode != 200 {
			t.Errorf("HEAD %s: %d", target, r.StatusCode)
		}
	}
}

// Each answer has a nonce of its own, in the page wherever the placeholder stood and in the policy,
// which lets nothing else in.
func TestPolicy(t *testing.T) {
	h := serve(t, tiny)
	nonces := map[string]bool{}
	for range 10 {
		r := ask(h, "GET", "/")
		text, p := body(t, r), r.Header.Get("Content-Security-Policy")
		m := regexp.MustCompile(`style-src 'self' 'nonce-([A-Za-z0-9+/=]{24})'`).FindStringSubmatch(p)
		if m == nil || strings.Count(text, `nonce="`+m[1]+`"`) != 2 || strings.Contains(text, noncePlace) {
			t.Fatalf("policy %q does not fit the page %s", p, text)
		}
		if strings.Contains(p, "unsafe") || !strings.Contains(p, "default-src 'self';") || !strings.Contains(p, "script-src 'self';") {
			t.Errorf("the policy is not strict: %s", p)
		}
		nonces[m[1]] = true
	}
	if len(nonces) != 10 {
		t.Errorf("10 answers have %d nonces", len(nonces))
	}
}

func TestProtectingHeaders(t *testing.T) {
	h := serve(t, tiny)
	for _, target := range []string{"/", "/assets/app-1234.js", "/assets/none.js"} {
		for name, want := range map[string]string{
			"X-Content-Type-Options": "nosniff", "X-Frame-Options": "DENY", "Referrer-Policy": "no-referrer",
			"Cross-Origin-Opener-Policy": "same-origin", "Cross-Origin-Resource-Policy": "same-origin",
		} {
			if got := ask(h, "GET", target).Header.Get(name); got != want {
				t.Errorf("%s: %s is %q", target, name, got)
			}
		}
	}
}

func TestAssets(t *testing.T) {
	h := serve(t, tiny)
	plain := ask(h, "GET", "/assets/app-1234.js")
	content := body(t, plain)
	if content != string(tiny["dist/assets/app-1234.js"].Data) || plain.Header.Get("Content-Encoding") != "" {
		t.Errorf("uncompressed: %d bytes, %q", len(content), plain.Header.Get("Content-Encoding"))
	}
	if got := plain.Header.Get("Cache-Control"); !strings.Contains(got, "immutable") {
		t.Errorf("a file named after its content is not kept: %s", got)
	}
	if got := plain.Header.Get("Content-Type"); got != "text/javascript; charset=utf-8" {
		t.Errorf("a script is %s", got)
	}
	for accept, want := range map[string]bool{
		"gzip": true, "br, gzip;q=0.5": true, "GZIP": true, "gzip;q=0": false, "gzip; q=0.0": false, "br": false, "": false, "xgzip": false,
	} {
		r := ask(h, "GET", "/assets/app-1234.js", "Accept-Encoding", accept)
		if got := r.Header.Get("Content-Encoding") == "gzip"; got != want || r.Header.Get("Vary") != "Accept-Encoding" {
			t.Errorf("Accept-Encoding %q: gzip %t, Vary %q", accept, got, r.Header.Get("Vary"))
		}
	}
	zipped, err := gzip.NewReader(strings.NewReader(body(t, ask(h, "GET", "/assets/app-1234.js", "Accept-Encoding", "gzip"))))
	if err != nil {
		t.Fatal(err)
	}
	if unzipped, err := io.ReadAll(zipped); err != nil || string(unzipped) != content {
		t.Errorf("unzipped: %d bytes, %v", len(unzipped), err)
	}
	if r := ask(h, "GET", "/assets/dot-1234.js", "Accept-Encoding", "gzip"); r.Header.Get("Content-Encoding") != "" || body(t, r) != "1" {
		t.Error("what compression makes larger is compressed")
	}
	for _, target := range []string{"/assets/none.js", "/assets/..%2findex.html"} {
		r := ask(h, "GET", target)
		if r.StatusCode != 404 || r.Header.Get("Content-Type") != "application/problem+json" || r.Header.Get("Cache-Control") != "no-store" {
			t.Errorf("%s: %d %s %s", target, r.StatusCode, r.Header.Get("Content-Type"), r.Header.Get("Cache-Control"))
		}
	}
}

// What is committed is whole: the page names only files that are there, nothing in it would be
// stopped by the policy, and no file leads to another host or tells where its source is.
func TestTheBuiltApp(t *testing.T) {
	h := serve(t, dist)
	page := body(t, ask(h, "GET", "/"))
	named := regexp.MustCompile(`(?:src|href)="(/assets/[^"]+)"`).FindAllStringSubmatch(page, -1)
	if len(named) < 3 {
		t.Fatalf("the page names %d files", len(named))
	}
	for _, m := range named {
		if r := ask(h, "GET", m[1]); r.StatusCode != 200 {
			t.Errorf("%s, which the page names: %d", m[1], r.StatusCode)
		}
	}
	if regexp.MustCompile(`<script[^>]*>[^<]|<style|style="|\son\w+="`).MatchString(page) {
		t.Errorf("the page has scripts or styles of its own:\n%s", page)
	}
	hashed := regexp.MustCompile(`-[A-Za-z0-9_-]{8}\.\w+$`)
	files, _ := fs.ReadDir(dist, "dist/assets")
	for _, f := range files {
		if !hashed.MatchString(f.Name()) {
			t.Errorf("%s is kept for ever but not named after its content", f.Name())
		}
		if path.Ext(f.Name()) == ".map" || bytes.Contains(read(dist, "dist/assets/"+f.Name()), []byte("sourceMappingURL")) {
			t.Errorf("%s has a source map", f.Name())
		}
	}
}

// The server knows the pages that the app has, and no others: the addresses of the rooms' routes.
func TestPagesAreThoseOfTheApp(t *testing.T) {
	sources, err := filepath.Glob("../../web/src/*/route.ts*")
	if err != nil || len(sources) < 4 {
		t.Fatalf("the sources of the routes: %v, %v", sources, err)
	}
	var pages []string
	for _, name := range sources {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		// A room's own pages are beneath its own address, and stand there without a slash in front.
		for _, m := range regexp.MustCompile(`path: '(/[^'$]+)'`).FindAllStringSubmatch(string(text), -1) {
			pages = append(pages, m[1])
		}
	}
	slices.Sort(pages)
	want := slices.Sorted(slices.Values(auth.AppPages))
	if !slices.Equal(pages, want) {
		t.Errorf("the app has pages %v, the server serves it at %v", pages, want)
	}
}
