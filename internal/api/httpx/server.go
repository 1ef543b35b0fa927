package httpx

import (
	"log/slog"
	"net/http"
	"net/url"
	"path"
	"runtime/debug"
	"strings"
	"time"

	"switchyard"
)

// Options of Wrap.
type Options struct {
	Log     *slog.Logger
	IDs     *IDs
	Metrics *Metrics
	Now     func() time.Time // real time, for durations
}

// Wrap puts around the routes what every request gets: a correlation id on its answer, a clean
// path, contract paths in lower case, recovery from panics, a log line and metrics.
func Wrap(routes http.Handler, o Options) http.Handler {
	return &server{routes: routes, Options: o}
}

type server struct {
	Options
	routes http.Handler
}

func (s *server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	began := s.Now()
	call := &Call{Correlation: s.IDs.New()}
	w.Header().Set(CorrelationHeader, call.Correlation.String())
	a := &answer{ResponseWriter: w}
	r = withLowerPath(withCleanPath(r.WithContext(WithCall(r.Context(), call))))
	s.Metrics.begin()
	// The account is taken by a deferred call, so that an aborted answer is counted too.
	defer func() {
		if a.status == 0 {
			a.status = http.StatusOK
		}
		took := s.Now().Sub(began)
		s.Metrics.end(r.Pattern, r.Method, a.status, took)
		s.log(r, call, a, took)
	}()
	defer s.recover(a, r, call)
	s.routes.ServeHTTP(a, r)
}

// recover answers 500 when a handler panicked and has written nothing yet; else it cuts the
// connection, so that nobody takes half an answer for a whole one.
func (s *server) recover(a *answer, r *http.Request, call *Call) {
	fault := recover()
	if fault == nil {
		return
	}
	if fault == http.ErrAbortHandler {
		a.status = max(a.status, http.StatusInternalServerError)
		panic(fault)
	}
	s.Log.Error("handler panicked", "correlation", call.Correlation.String(), "method", r.Method,
		"route", r.Pattern, "panic", fault, "stack", string(debug.Stack()))
	s.Metrics.panics.Inc()
	if a.status != 0 {
		panic(http.ErrAbortHandler)
	}
	failure := switchyard.Refuse(switchyard.Internal, "the server failed; its log has the details under the correlation id")
	WriteRefusal(a, r, failure)
}

// WriteRefusal refuses a request in the form its path speaks: the wire contract's, or a problem.
func WriteRefusal(w http.ResponseWriter, r *http.Request, err error) {
	if contractPath(r.URL.Path) {
		WriteMessage(w, err)
		return
	}
	WriteProblem(w, r, err)
}

// log writes the request's one line. The path is the route's pattern: paths may hold names of
// people. The line has neither bodies nor headers.
func (s *server) log(r *http.Request, call *Call, a *answer, took time.Duration) {
	level := slog.LevelInfo
	switch {
	case r.Context().Err() != nil: // the caller has gone, and nothing failed
	case a.status == http.StatusServiceUnavailable && r.URL.Path == "/readyz": // a true answer
	case a.status >= 500:
		level = slog.LevelError
	}
	if !s.Log.Enabled(r.Context(), level) {
		return
	}
	s.Log.LogAttrs(r.Context(), level, "request",
		slog.String("method", methodLabel(r.Method)),
		slog.String("route", routeLabel(r.Pattern)),
		slog.Int("status", a.status),
		slog.Float64("ms", float64(took.Microseconds())/1000),
		slog.String("account", call.Account),
		slog.String("by", call.By),
		slog.String("correlation", call.Correlation.String()))
}

// contractPath reports whether the path is one of the wire contract's, in any case: they are
// matched without regard to case and answer in the contract's words.
func contractPath(path string) bool {
	return beneath(path, "/interactions") || beneath(path, "/auth")
}

// beneath reports whether path is folder, in any case, or something in it.
func beneath(path, folder string) bool {
	return len(path) >= len(folder) && lowerASCII(path[:len(folder)]) == folder &&
		(len(path) == len(folder) || path[len(folder)] == '/')
}

// lowerASCII lowers the letters that have case in the contract's paths.
func lowerASCII(s string) string {
	return strings.Map(func(c rune) rune {
		if 'A' <= c && c <= 'Z' {
			return c | 0x20
		}
		return c
	}, s)
}

// withCleanPath gives a request the path that its dots and doubled slashes come to. The mux would
// answer with an empty redirect to it, which clients that post do not follow. A slash that is
// escaped belongs to a name and stays.
func withCleanPath(r *http.Request) *http.Request {
	given := r.URL.EscapedPath()
	clean := path.Clean("/" + given)
	if strings.HasSuffix(given, "/") && clean != "/" {
		clean += "/"
	}
	plain, err := url.PathUnescape(clean)
	if clean == given || err != nil {
		return r
	}
	u := *r.URL
	u.Path, u.RawPath = plain, clean
	r.URL = &u
	return r
}

// withLowerPath gives a request of the contract its path in lower case; all others keep theirs.
// The request is a copy of the caller's own; its URL is not.
func withLowerPath(r *http.Request) *http.Request {
	if !contractPath(r.URL.Path) {
		return r
	}
	lower := lowerASCII(r.URL.Path)
	if lower != r.URL.Path {
		u := *r.URL
		u.Path, u.RawPath = lower, ""
		r.URL = &u
	}
	return r
}
