// Package web serves the browser app: the pages that people use Switchyard by. Its source is the
// folder web at the root of the repository; what is built of it is committed in dist and embedded, so
// that the server needs neither Node nor files beside it.
//
// It may import the root package, and api/httpx and api/auth, whose table says where the app's pages
// are.
package web

import (
	"bytes"
	"compress/gzip"
	"crypto/rand"
	"embed"
	"encoding/base64"
	"fmt"
	"io/fs"
	"mime"
	"net/http"
	"path"
	"strconv"
	"strings"
	"sync"

	"switchyard"
	"switchyard/internal/api/auth"
	"switchyard/internal/api/httpx"
)

//go:embed all:dist
var dist embed.FS

// noncePlace stands in the built page where the nonce goes. web/vite.config.ts puts it there.
const noncePlace = "SWITCHYARD_NONCE"

// Mount serves the app's pages and their files on mux. All other paths are left to others: what the
// app does not know is not answered with its page, so that callers of the API who err learn it.
func Mount(mux *http.ServeMux) { mount(mux, dist) }

func mount(mux *http.ServeMux, built fs.FS) {
	s := &site{page: read(built, "dist/index.html"), assets: map[string]*asset{}}
	files, err := fs.ReadDir(built, "dist/assets")
	if err != nil {
		panic("the browser app is not embedded: " + err.Error())
	}
	for _, f := range files {
		s.assets[f.Name()] = newAsset(f.Name(), read(built, "dist/assets/"+f.Name()))
	}
	for _, rule := range auth.AppRules() {
		h := s.servePage
		if rule.Pattern == auth.AppAssets {
			h = s.serveAsset
		}
		mux.HandleFunc(rule.Pattern, reading(h))
	}
}

func read(files fs.FS, name string) []byte {
	b, err := fs.ReadFile(files, name)
	if err != nil {
		panic("the browser app is not embedded: " + err.Error())
	}
	return b
}

// site is the built app.
type site struct {
	page   []byte
	assets map[string]*asset
}

// asset is a file whose name has the hash of its content in it.
type asset struct {
	kind  string
	plain []byte
	// zipped is made when somebody asks for the file first; nil where compression gains nothing.
	zipped func() []byte
}

func newAsset(name string, content []byte) *asset {
	kind := mime.TypeByExtension(path.Ext(name))
	if ours, known := kinds[path.Ext(name)]; known {
		kind = ours // not what the machine's own table says, which differs
	}
	if kind == "" {
		kind = "application/octet-stream"
	}
	return &asset{kind: kind, plain: content, zipped: sync.OnceValue(func() []byte { return zip(content) })}
}

var kinds = map[string]string{
	".js": "text/javascript; charset=utf-8", ".css": "text/css; charset=utf-8", ".svg": "image/svg+xml",
	".woff2": "font/woff2", ".wasm": "application/wasm", ".json": "application/json",
}

func zip(content []byte) []byte {
	var b bytes.Buffer
	w, err := gzip.NewWriterLevel(&b, gzip.BestCompression)
	if err == nil {
		_, err = w.Write(content)
	}
	if err == nil {
		err = w.Close()
	}
	if err != nil {
		panic(fmt.Sprintf("compress in memory: %v", err))
	}
	if b.Len() >= len(content) {
		return nil
	}
	return b.Bytes()
}

// servePage answers with the one page of the app, whichever of its pages was asked for: the app
// itself shows the one that the address names. The page has a nonce of its own each time, so it is
// never answered from a cache; it is small.
func (s *site) servePage(w http.ResponseWriter, _ *http.Request) {
	nonce := newNonce()
	page := bytes.ReplaceAll(s.page, []byte(noncePlace), []byte(nonce))
	h := w.Header()
	protect(h)
	h.Set("Content-Security-Policy", policy(nonce))
	h.Set("Cache-Control", "no-cache")
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Length", strconv.Itoa(len(page)))
	w.Write(page) // a caller that is gone needs no answer
}

// serveAsset answers with a file of the app. Its name stands for its content, so it is kept for ever.
func (s *site) serveAsset(w http.ResponseWriter, r *http.Request) {
	f := s.assets[r.PathValue("file")]
	h := w.Header()
	protect(h)
	if f == nil {
		h.Set("Cache-Control", "no-store") // the next version may have it
		httpx.WriteProblem(w, r, switchyard.Refuse(switchyard.NotFound,
			"the browser app has no file %s; reload the page, it may be of another version", r.URL.Path))
		return
	}
	h.Set("Cache-Control", "public, max-age=31536000, immutable")
	h.Set("Content-Type", f.kind)
	h.Set("Vary", "Accept-Encoding")
	content := f.plain
	if takesGzip(r.Header) {
		if zipped := f.zipped(); zipped != nil {
			content = zipped
			h.Set("Content-Encoding", "gzip")
		}
	}
	h.Set("Content-Length", strconv.Itoa(len(content)))
	w.Write(content) // a caller that is gone needs no answer
}

// reading lets through what only reads.
func reading(h http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodGet || r.Method == http.MethodHead {
			h(w, r)
			return
		}
		w.Header().Set("Allow", "GET, HEAD")
		httpx.WriteProblem(w, r, switchyard.Refuse(switchyard.MethodNotAllowed,
			"a page of the browser app can only be read; the API is beneath /v1"))
	}
}

// newNonce makes 128 random bits that nobody can guess before the page is answered.
func newNonce() string {
	var b [16]byte
	rand.Read(b[:]) // it never fails
	return base64.StdEncoding.EncodeToString(b[:])
}

// policy lets the page run the server's own scripts and talk to the server only. Styles that
// components add while the page runs carry the nonce.
func policy(nonce string) string {
	return "default-src 'self'; script-src 'self'; style-src 'self' 'nonce-" + nonce + "'; img-src 'self' data:; " +
		"object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
}

// protect sets what every answer of the app tells the browser to be strict about.
func protect(h http.Header) {
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("X-Frame-Options", "DENY")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("Cross-Origin-Opener-Policy", "same-origin")
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
	h.Set("Permissions-Policy", "camera=(), geolocation=(), microphone=(), payment=(), usb=()")
}

// takesGzip reports whether the caller accepts gzip.
func takesGzip(h http.Header) bool {
	for _, list := range h.Values("Accept-Encoding") {
		for coding := range strings.SplitSeq(list, ",") {
			name, params, _ := strings.Cut(coding, ";")
			if !strings.EqualFold(strings.TrimSpace(name), "gzip") {
				continue
			}
			weight, weighed := strings.CutPrefix(strings.ReplaceAll(params, " ", ""), "q=")
			q, err := strconv.ParseFloat(weight, 64)
			return !weighed || err == nil && q > 0
		}
	}
	return false
}
