package client

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"testing"
)

// A feed that breaks off is taken up after the event seen last, also when it broke within an event.
func TestFeedComesBackWhereItWas(t *testing.T) {
	var asked []string
	mux := http.NewServeMux()
	mux.HandleFunc("GET /v1/events", func(w http.ResponseWriter, r *http.Request) {
		asked = append(asked, r.Header.Get("Last-Event-ID"))
		switch len(asked) {
		case 1:
			fmt.Fprint(w, "id: 7.0\nevent: a\ndata: {\"seq\":7}\n\n: alive\nid: 9.1\n\nid: 10.0\nevent: b\n")
		case 2:
			w.WriteHeader(http.StatusServiceUnavailable)
		default:
			fmt.Fprint(w, "id: 10.0\nevent: b\ndata: {\"seq\":10}\n\nid: 11.0\nevent: c\ndata: {\"seq\":11}\n")
		}
	})
	server := httptest.NewServer(mux)
	defer server.Close()
	ctx, cancel := context.WithCancel(t.Context())
	var seen []string
	opened := 0
	err := New(server.URL, 1).Feed(ctx, []string{"a", "b"}, func() { opened++ }, func(line Line) error {
		h, err := Decode(line.Data)
		if err != nil {
			return err
		}
		if seen = append(seen, fmt.Sprint(line.Type, h.Seq)); len(seen) == 4 {
			cancel()
		}
		return nil
	})
	// The last connection breaks off after its data; the server of the test then sends all again.
	if want := []string{"a7", "b10", "c11", "b10"}; err != nil || !slices.Equal(seen, want) || opened != 1 {
		t.Errorf("seen %v, opened %d times, %v", seen, opened, err)
	}
	if want := []string{"", "9.1", "9.1", "11.0"}; !slices.Equal(asked, want) {
		t.Errorf("asked after %q, want %q", asked, want)
	}
}

func TestFeedEndsWhenItIsRefused(t *testing.T) {
	server := httptest.NewServer(http.NotFoundHandler())
	defer server.Close()
	err := New(server.URL, 1).Feed(t.Context(), nil, nil, nil)
	if Status(err) != http.StatusNotFound {
		t.Errorf("got %v", err)
	}
}
