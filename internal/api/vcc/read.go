package vcc

import (
	"slices"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"switchyard"
)

// ReadInvoke reads the body of an invoke call as the endpoint does. An error refuses the whole call;
// what is wrong with one request alone stands in its Fault.
func ReadInvoke(body []byte) (*switchyard.Invoke, error) {
	if len(body) > switchyard.MaxBodyBytes {
		return nil, switchyard.Refuse(switchyard.Malformed, "the body has %d bytes, and at most %d are taken", len(body), switchyard.MaxBodyBytes)
	}
	return decodeInvoke(body)
}

// ReadDispatch reads what a plan is tried with: the body of an invoke call, or one of its requests
// alone. A route that is given takes the place of the body's.
func ReadDispatch(body []byte, route string) (*switchyard.Invoke, error) {
	if len(body) == 0 {
		body = []byte("{}")
	}
	if alone(body) {
		body = slices.Concat([]byte(`{"requests":[`), body, []byte(`]}`))
	}
	call, err := ReadInvoke(body)
	if err == nil && len(call.Requests) == 1 && route != "" {
		call.Requests[0].Route = route
	}
	return call, err
}

// alone reports whether a body is one request without the call around it.
func alone(body []byte) bool {
	var members map[string]jsontext.Value
	if json.Unmarshal(body, &members) != nil {
		return false
	}
	for name := range members {
		if strings.EqualFold(name, "requests") {
			return false
		}
	}
	return true
}
