package rehearse

import (
	"encoding/json"
	"fmt"
	"net/http"

	"switchyard"
	"switchyard/internal/extract"
)

// read reads what a dataconnector wants of the answer of another system, and whether that is a success.
func read(call *switchyard.ConnectorCall, a Answer) Answer {
	if a.Status == 0 {
		a.Status = http.StatusOK
	}
	header := http.Header{}
	for name, value := range a.Headers {
		header.Set(name, value)
	}
	values, err := extract.Read(call.Result, extract.Answer{Status: a.Status, Header: header, Body: bodyOf(a.Body)})
	a.Values = values
	switch {
	case a.Status < 200 || a.Status > 299:
		a.OK = false
		if a.Detail == "" {
			a.Detail = fmt.Sprintf("%d %s", a.Status, http.StatusText(a.Status))
		}
	case err != nil:
		a.OK, a.Detail = false, err.Error()
	default:
		a.OK = !a.Timeout
	}
	return a
}

// bodyOf is the body an answer stands for: the text of a string, or the JSON itself.
func bodyOf(body json.RawMessage) []byte {
	var text string
	if json.Unmarshal(body, &text) == nil {
		return []byte(text)
	}
	return body
}
