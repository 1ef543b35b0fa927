package native

import (
	"bytes"
	"context"
	"net/http"
	"runtime/debug"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// Version says which binary serves.
type Version struct {
	Version string `json:"version" example:"0.1.0"`
	Commit  string `json:"commit,omitempty" doc:"Of the source it was built from."`
	Go      string `json:"go" doc:"The Go release it was built with."`
}

// BuildVersion reads the version from what the Go command wrote into the binary.
func BuildVersion() Version {
	v := Version{Version: "dev"}
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return v
	}
	v.Go = info.GoVersion
	if info.Main.Version != "" && info.Main.Version != "(devel)" {
		v.Version = info.Main.Version
	}
	for _, s := range info.Settings {
		if s.Key == "vcs.revision" {
			v.Commit = s.Value
		}
	}
	return v
}

// Health is the answer of /healthz and /readyz.
type Health struct {
	Status  string   `json:"status" enum:"ok,unavailable"`
	Reasons []string `json:"reasons,omitempty" doc:"Why it is not ready."`
}

type healthOut struct {
	Status int
	Body   Health
}

// health answers while the process serves.
func (a *api) health(context.Context, *call, *struct{}) (*healthOut, error) {
	return &healthOut{http.StatusOK, Health{Status: "ok"}}, nil
}

func (a *api) ready(context.Context, *call, *struct{}) (*healthOut, error) {
	reasons := a.Engine.Ready()
	if a.Waiting != nil {
		reasons = append(reasons, a.Waiting()...)
	}
	if len(reasons) > 0 {
		return &healthOut{http.StatusServiceUnavailable, Health{"unavailable", reasons}}, nil
	}
	return &healthOut{http.StatusOK, Health{Status: "ok"}}, nil
}

type versionOut struct{ Body Version }

func (a *api) version(context.Context, *call, *struct{}) (*versionOut, error) {
	return &versionOut{a.Version}, nil
}

type rawOut struct{ Body func(huma.Context) }

func (a *api) metrics(context.Context, *call, *struct{}) (*rawOut, error) {
	return &rawOut{func(hc huma.Context) {
		r, w := humago.Unwrap(hc)
		gatherer := a.Gatherer
		if gatherer == nil {
			gatherer = prometheus.NewRegistry()
		}
		promhttp.HandlerFor(gatherer, promhttp.HandlerOpts{}).ServeHTTP(w, r)
	}}, nil
}

func (a *api) openapi(context.Context, *call, *struct{}) (*rawOut, error) {
	return write("application/openapi+json", a.spec), nil
}

func (a *api) docs(context.Context, *call, *struct{}) (*rawOut, error) {
	return write("text/html; charset=utf-8", a.page), nil
}

// write answers with bytes made elsewhere. What is made is about the binary alone, so it may be
// kept for a while.
func write(contentType string, make func() []byte) *rawOut {
	return &rawOut{func(hc huma.Context) {
		_, w := humago.Unwrap(hc)
		h := w.Header()
		h.Set("Content-Type", contentType)
		h.Set("Cache-Control", "max-age=300")
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'")
		_, _ = bytes.NewReader(make()).WriteTo(w) // a caller that is gone needs no answer
	}}
}
