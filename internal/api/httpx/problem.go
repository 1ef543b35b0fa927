package httpx

import (
	"net/http"

	"github.com/go-json-experiment/json"

	"switchyard"
)

// Problem is a refusal of the native API: RFC 9457 problem details with members of our own.
type Problem struct {
	Type        string        `json:"type" doc:"names the code for ever: urn:switchyard:error:<code>"`
	Title       string        `json:"title" doc:"what the code means"`
	Status      int           `json:"status" doc:"the HTTP status"`
	Detail      string        `json:"detail" doc:"what was wrong here, where, and what to do"`
	Code        string        `json:"code" doc:"a stable snake_case word"`
	Correlation string        `json:"correlation" doc:"finds the call in the log and the web UI"`
	Errors      []ProblemItem `json:"errors,omitempty" doc:"each fault with its place, when there are several"`
}

// ProblemItem is one of several faults of a request.
type ProblemItem struct {
	Where  string `json:"where" doc:"the member, or line and column"`
	Detail string `json:"detail" doc:"what is wrong there, and what is allowed"`
}

// ProblemOf makes the problem details of a refusal.
func ProblemOf(call *Call, err *switchyard.Error, items ...ProblemItem) *Problem {
	return &Problem{
		Type:        "urn:switchyard:error:" + string(err.Code),
		Title:       switchyard.Codes[err.Code].Summary,
		Status:      Status(err),
		Detail:      err.Detail,
		Code:        string(err.Code),
		Correlation: call.Correlation.String(),
		Errors:      items,
	}
}

// WriteProblem refuses a request of the native API.
func WriteProblem(w http.ResponseWriter, r *http.Request, err error, items ...ProblemItem) {
	p := ProblemOf(CallOf(r.Context()), AsError(err), items...)
	body, fault := json.Marshal(p)
	if fault != nil {
		panic("a problem cannot be written as JSON: " + fault.Error())
	}
	h := w.Header()
	SetRetryAfter(h, err)
	if p.Status == http.StatusUnauthorized && h.Get("WWW-Authenticate") == "" {
		h.Set("WWW-Authenticate", "Bearer")
	}
	h.Set("Content-Type", "application/problem+json")
	h.Set("X-Content-Type-Options", "nosniff")
	w.WriteHeader(p.Status)
	w.Write(body) // a caller that is gone needs no answer
}
