package bench

import (
	"context"
	"io"
	"net"
	"net/http"

	"github.com/go-json-experiment/json"
)

// call is what the bare handler decodes an invoke call into.
type call struct {
	Provider string `json:"provider"`
	Requests []struct {
		Action     string `json:"action"`
		RequestID  string `json:"requestid"`
		ExternalID string `json:"externalid"`
		Route      string `json:"route"`
		LinkedData []struct {
			Type  string `json:"type"`
			Label string `json:"label"`
			Key   string `json:"key"`
			Value string `json:"value"`
		} `json:"linkeddata"`
		RoutingData struct {
			InteractionType string `json:"interactiontype"`
			PersonalQueue   *struct {
				Agent            string `json:"agent"`
				LoggedInTimeout  int64  `json:"loggedintimeout"`
				LoggedOutTimeout int64  `json:"loggedouttimeout"`
			} `json:"personalqueue"`
			Skills []struct {
				Name        string `json:"name"`
				ExpiryAfter *int64 `json:"expiryafter"`
			} `json:"skills"`
		} `json:"routingdata"`
	} `json:"requests"`
}

// ServeBare serves what invoke is compared with: a handler of net/http that reads and decodes a
// call and answers the same bytes, and does nothing else. It serves until ctx ends.
func ServeBare(ctx context.Context, addr string) error {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /readyz", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusOK) })
	mux.HandleFunc("POST /interactions/invoke", bare)
	listener, err := net.Listen("tcp", addr)
	if err != nil {
		return err
	}
	server := &http.Server{Handler: mux}
	defer context.AfterFunc(ctx, func() { _ = server.Close() })()
	if err := server.Serve(listener); ctx.Err() == nil {
		return err
	}
	return nil
}

func bare(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	var c call
	if err := json.Unmarshal(body, &c); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	_, _ = io.WriteString(w, "[]") // the caller has gone: nobody is left to be told
}
