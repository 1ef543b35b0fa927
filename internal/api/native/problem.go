package native

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"

	"github.com/danielgtaylor/huma/v2"
	"github.com/go-json-experiment/json"

	"switchyard"
	"switchyard/internal/api/httpx"
)

// Problem is a refusal with the faults of a document, each in its place.
type Problem struct {
	httpx.Problem
	Errors []Fault `json:"errors,omitempty" doc:"Each fault with its place, when there are several."`

	cause error // what was refused: it may know when coming back helps
}

// Fault is one of several things wrong with a request or a document.
type Fault struct {
	Path    string `json:"path" doc:"Where: body.presence, agents[3].skills.german, query.limit." example:"agents[3].skills.german"`
	Text    string `json:"text" doc:"What is wrong, and what would be right."`
	Line    int    `json:"line,omitzero" doc:"Line of the document sent, from 1."`
	Column  int    `json:"column,omitzero" doc:"Column of the document sent, from 1."`
	Warning bool   `json:"warning,omitzero" doc:"The document may be used all the same."`
}

func (p *Problem) Error() string { return p.Code + ": " + p.Detail }

// GetStatus implements huma.StatusError.
func (p *Problem) GetStatus() int { return p.Status }

// ContentType implements huma.ContentTypeFilter.
func (p *Problem) ContentType(string) string { return "application/problem+json" }

// GetHeaders implements huma.HeadersError: a caller told to come again is told when.
func (p *Problem) GetHeaders() http.Header {
	h := http.Header{}
	httpx.SetRetryAfter(h, p.cause)
	if p.Status == http.StatusUnauthorized {
		h.Set("WWW-Authenticate", "Bearer")
	}
	return h
}

// problem makes the answer for a refusal with a code of the table.
func problem(code switchyard.Code, format string, args ...any) *Problem {
	return problemOf(&httpx.Call{}, switchyard.Refuse(code, format, args...))
}

func problemOf(c *httpx.Call, e *switchyard.Error) *Problem {
	return &Problem{Problem: *httpx.ProblemOf(c, e), cause: e}
}

// asProblem turns any error into a Problem. One that is no refusal becomes internal, and its text
// stays in the log.
func (a *api) asProblem(c *call, err error) *Problem {
	var p *Problem
	var refused *switchyard.Error
	switch {
	case errors.As(err, &p):
	case errors.As(err, &refused):
		p = problemOf(c.http, refused)
		p.cause = err
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		p = problem(switchyard.Busy, "the call was given up before its answer was known; it may have been done")
	default:
		a.Log.Error("call failed", "correlation", c.http.Correlation.String(), "account", c.Account, "err", err)
		p = problemOf(c.http, httpx.AsError(err))
	}
	p.Correlation = c.http.Correlation.String()
	return p
}

// fromHuma makes the problems that huma finds itself: parameters and bodies that do not fit the
// schema. All are the caller's mistakes in writing the call, so they are 400 and not 422, which is
// kept for names of things that do not exist.
func fromHuma(ctx huma.Context, status int, msg string, errs ...error) huma.StatusError {
	c := &httpx.Call{}
	if ctx != nil {
		c = httpx.CallOf(ctx.Context())
	}
	if status >= http.StatusInternalServerError {
		return problemOf(c, httpx.AsError(errors.New(msg)))
	}
	p := problemOf(c, switchyard.Refuse(switchyard.Malformed, "%s", msg))
	for _, err := range errs {
		p.Errors = append(p.Errors, faultOf(err))
	}
	if len(p.Errors) > 0 {
		p.Detail = describe(p.Errors)
	}
	return p
}

func faultOf(err error) Fault {
	var d huma.ErrorDetailer
	if !errors.As(err, &d) {
		return Fault{Text: err.Error()}
	}
	detail := d.ErrorDetail()
	if path, text, is := strings.Cut(detail.Message, misreadMark); is {
		return Fault{Path: detail.Location + path, Text: text}
	}
	if strings.HasPrefix(detail.Message, "expected value to match exactly one schema") {
		// Durations alone have more than one.
		return Fault{Path: detail.Location, Text: "must be a duration such as 20s, 1h30m, 35d or a number of seconds"}
	}
	return Fault{Path: detail.Location, Text: strings.TrimPrefix(detail.Message, "jsontext: ")}
}

// misread is a member whose value does not fit its type. huma keeps of it only what Error says, so
// the place stands there, before a mark that no text has.
type misread struct{ path, text string }

const misreadMark = "\x1f"

func (m misread) Error() string { return m.path + misreadMark + m.text }

// readable puts an error of the JSON library into words for callers, who know nothing of Go.
func readable(err error) error {
	var wrong *json.SemanticError
	if !errors.As(err, &wrong) {
		return err
	}
	m := misread{text: fmt.Sprintf("cannot be a JSON %v", wrong.JSONKind)}
	for token := range wrong.JSONPointer.Tokens() {
		if _, err := strconv.Atoi(token); err == nil {
			m.path += "[" + token + "]"
		} else {
			m.path += "." + token
		}
	}
	if wrong.Err != nil {
		m.text = wrong.Err.Error()
	}
	return m
}

// describe says the first fault in full and counts the others.
func describe(faults []Fault) string {
	text := strings.TrimPrefix(faults[0].Path+": "+faults[0].Text, ": ")
	if n := len(faults) - 1; n > 0 {
		text += fmt.Sprintf(" (and %d more, listed under errors)", n)
	}
	return text
}
