package app

import (
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

const contractDir = "../../testdata/contract"

// contractCase is one case of testdata/contract; the README there tells what the members mean.
type contractCase struct {
	Name     string                    `json:"name"`
	Register string                    `json:"register"`
	Invoke   string                    `json:"invoke"`
	Raw      *rawRequest               `json:"raw"`
	Status   int                       `json:"status"`
	Answer   jsontext.Value            `json:"answer"`
	Has      string                    `json:"answer_has"`
	Headers  map[string]string         `json:"headers_have"`
	Then     map[string]map[string]any `json:"then"`
}

type rawRequest struct {
	Method  string            `json:"method"`
	Path    string            `json:"path"`
	Headers map[string]string `json:"headers"`
	Body    string            `json:"body"`
	Repeat  int               `json:"repeat"`
}

func TestContract(t *testing.T) {
	files, err := filepath.Glob(contractDir + "/*.yaml")
	if err != nil || len(files) < 3 {
		t.Fatalf("contract cases: %v %v", files, err)
	}
	for _, store := range []string{Memory, "sqlite"} {
		for _, path := range files {
			var file struct {
				Account string         `json:"account"`
				Cases   []contractCase `json:"cases"`
			}
			if filepath.Base(path) == "account.yaml" {
				continue
			}
			readYAML(t, path, &file)
			t.Run(store+"/"+filepath.Base(path), func(t *testing.T) {
				s := newServer(t, store, filepath.Join(contractDir, file.Account))
				for _, c := range file.Cases {
					t.Run(c.Name, func(t *testing.T) {
						s.t = t
						c.check(s)
					})
				}
			})
		}
	}
}

// check sends the case and holds the answer against it.
func (c *contractCase) check(s *server) {
	s.t.Helper()
	var a answer
	switch {
	case c.Register != "":
		a = s.contract("/interactions/register", c.Register)
	case c.Invoke != "":
		a = s.contract("/interactions/invoke", c.Invoke)
	default:
		header := map[string]string{}
		for name, value := range c.Raw.Headers {
			header[name] = strings.ReplaceAll(value, "$TOKEN", s.token("crm"))
		}
		a = s.send(c.Raw.Method, c.Raw.Path, header, strings.Repeat(c.Raw.Body, max(c.Raw.Repeat, 1)))
	}
	if c.Status == 0 {
		c.Status = 200
	}
	if a.status != c.Status {
		s.t.Fatalf("status %d, want %d: %s", a.status, c.Status, a.body)
	}
	if c.Answer != nil && !sameJSON(s.t, c.Answer, a.body) {
		s.t.Fatalf("answer %s, want %s", a.body, c.Answer)
	}
	if !strings.Contains(string(a.body), c.Has) {
		s.t.Fatalf("answer %s has no %q", a.body, c.Has)
	}
	for name, value := range c.Headers {
		if !strings.Contains(a.header.Get(name), value) {
			s.t.Fatalf("header %s is %q, want %q in it", name, a.header.Get(name), value)
		}
	}
	if a.header.Get("X-Correlation-ID") == "" {
		s.t.Fatal("no X-Correlation-ID")
	}
	for id, want := range c.Then {
		s.expect(id, want)
	}
}

// expect holds an interaction against some of its members; nil = there is no live one.
func (s *server) expect(externalID string, want map[string]any) {
	s.t.Helper()
	got := s.interaction(externalID)
	if want == nil {
		if got != nil && got["state"] != "ended" {
			s.t.Fatalf("%s is live: %v", externalID, got)
		}
		return
	}
	if got == nil {
		s.t.Fatalf("%s is not there", externalID)
	}
	for member, value := range want {
		if !reflect.DeepEqual(got[member], value) {
			s.t.Fatalf("%s: %s is %v, want %v", externalID, member, got[member], value)
		}
	}
}

func sameJSON(t *testing.T, a, b []byte) bool {
	t.Helper()
	var x, y any
	if err := json.Unmarshal(a, &x); err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(b, &y); err != nil {
		t.Fatalf("%s: %v", b, err)
	}
	return reflect.DeepEqual(x, y)
}

// The cases here are copies: where the originals lie beside the project, they must not differ.
func TestCasesAreTheOriginals(t *testing.T) {
	for _, folder := range []string{"contract", "scenarios"} {
		originals := filepath.Join("../../../shared", folder)
		if _, err := os.Stat(originals); err != nil {
			t.Logf("no originals at hand: %v", err)
			continue
		}
		files, _ := filepath.Glob(originals + "/*")
		for _, file := range files {
			want, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			got, err := os.ReadFile(filepath.Join("../../testdata", folder, filepath.Base(file)))
			if err != nil || string(got) != string(want) {
				t.Error(fmt.Errorf("%s differs from its original: %w", filepath.Base(file), err))
			}
		}
	}
}
