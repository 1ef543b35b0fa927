package app

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"

	"github.com/go-json-experiment/json"

	"switchyard"
	"switchyard/internal/api/auth"
)

// BenchmarkPublish gives a skill to 5,000 agents and takes it away again: from PUT /v1/config to its
// answer.
func BenchmarkPublish(b *testing.B) {
	ctx := context.Background()
	file := filepath.Join(b.TempDir(), "account.yaml")
	text := bytes.NewBufferString("account: acme\nsettings: {grace: 0s}\nskills: [french, german, billing]\nplans:\n" +
		"  - {name: Cases, start: queue, applets: {queue: {type: queue}}}\nroutes:\n  - {name: Cases, plan: Cases}\nagents:\n")
	for n := range 5_000 {
		fmt.Fprintf(text, "  - {username: bot%05d, skills: {french: 5, german: 5}}\n", n)
	}
	if err := os.WriteFile(file, text.Bytes(), 0o600); err != nil {
		b.Fatal(err)
	}
	a, err := New(ctx, Options{Data: b.TempDir(), AccountFiles: []string{file}})
	if err == nil {
		err = a.Start(ctx)
	}
	if err != nil {
		b.Fatal(err)
	}
	token := a.Admit(&auth.Principal{Account: "acme", Client: "bench", Scopes: switchyard.Scopes})
	do := func(method string, body []byte) []byte {
		r := httptest.NewRequest(method, "/v1/config", bytes.NewReader(body))
		r.Header.Set("Authorization", "Bearer "+token)
		r.Header.Set("Content-Type", "application/json")
		w := httptest.NewRecorder()
		a.Handler().ServeHTTP(w, r)
		if w.Code != http.StatusOK {
			b.Fatalf("%s answered %d %.300s", method, w.Code, w.Body)
		}
		return w.Body.Bytes()
	}
	var documents [2][]byte
	documents[0] = bytes.Clone(do(http.MethodGet, nil))
	var with switchyard.Account
	if err := json.Unmarshal(documents[0], &with); err != nil {
		b.Fatal(err)
	}
	for n := range with.Agents {
		with.Agents[n].Skills["billing"] = 5
	}
	if documents[1], err = json.Marshal(&with); err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	b.ResetTimer()
	for n := range b.N {
		do(http.MethodPut, documents[(n+1)%2])
	}
	b.StopTimer()
	if err := a.Stop(ctx); err != nil {
		b.Fatal(err)
	}
}
