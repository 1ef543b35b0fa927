package native

import (
	"net/http"
	"strings"
	"testing"

	"github.com/pb33f/libopenapi"
	validator "github.com/pb33f/libopenapi-validator"

	"switchyard/internal/api/auth"
)

// Every route that is served stands in the document and in the access table, and the other way
// round; only the routes of the wire contract and of hooks stand in the table alone.
func TestRoutesDocumentAndTableAgree(t *testing.T) {
	served := map[string]bool{}
	for path, item := range build(http.NewServeMux(), Deps{}).huma.OpenAPI().Paths {
		if item.Get != nil {
			served["GET "+path] = true
		}
		if item.Post != nil {
			served["POST "+path] = true
		}
		if item.Put != nil {
			served["PUT "+path] = true
		}
		if item.Delete != nil {
			served["DELETE "+path] = true
		}
	}
	ruled := map[string]bool{}
	for _, r := range auth.Rules {
		if strings.HasPrefix(r.Pattern, "/interactions/") || strings.HasPrefix(r.Pattern, "/auth/") || strings.HasPrefix(r.Pattern, "/hooks/") {
			continue
		}
		ruled[r.Method+" "+r.Pattern] = true
		if !served[r.Method+" "+r.Pattern] {
			t.Errorf("%s %s is in the access table but not in the document", r.Method, r.Pattern)
		}
	}
	for route := range served {
		if !ruled[route] {
			t.Errorf("%s is in the document but not in the access table", route)
		}
	}
}

func TestDocumentIsValidOpenAPI31(t *testing.T) {
	doc, err := libopenapi.NewDocument(Spec())
	if err != nil {
		t.Fatal(err)
	}
	if v := doc.GetVersion(); v != "3.1.0" {
		t.Errorf("version is %s", v)
	}
	if _, err := doc.BuildV3Model(); err != nil {
		t.Fatal(err)
	}
	v, errs := validator.NewValidator(doc)
	if len(errs) > 0 {
		t.Fatal(errs)
	}
	if ok, found := v.ValidateDocument(); !ok {
		for _, f := range found {
			t.Errorf("%s: %s", f.Message, f.Reason)
		}
	}
}

func TestDocumentIsTheSameEveryTime(t *testing.T) {
	if string(Spec()) != string(Spec()) {
		t.Error("two calls of Spec differ")
	}
}

// The page asks no other host for anything, and shows every operation.
func TestDocsStandAlone(t *testing.T) {
	a := build(http.NewServeMux(), Deps{})
	page := string(a.page())
	for _, foreign := range []string{"http://", "https://", "src=", "<script", "@import"} {
		if strings.Contains(page, foreign) {
			t.Errorf("the page contains %q", foreign)
		}
	}
	for path := range a.huma.OpenAPI().Paths {
		if !strings.Contains(page, path+"<") {
			t.Errorf("the page does not show %s", path)
		}
	}
}
