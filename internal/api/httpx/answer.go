package httpx

import (
	"errors"
	"math"
	"net/http"
	"strconv"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"switchyard"
)

// statuses is the one table from what a caller can do about an error to the HTTP status.
var statuses = [...]int{
	switchyard.KindInternal:      http.StatusInternalServerError,
	switchyard.KindMalformed:     http.StatusBadRequest,
	switchyard.KindUnauthorized:  http.StatusUnauthorized,
	switchyard.KindForbidden:     http.StatusForbidden,
	switchyard.KindNotFound:      http.StatusNotFound,
	switchyard.KindConflict:      http.StatusConflict,
	switchyard.KindGone:          http.StatusGone,
	switchyard.KindUnprocessable: http.StatusUnprocessableEntity,
	switchyard.KindTooMany:       http.StatusTooManyRequests,
	switchyard.KindBusy:          http.StatusServiceUnavailable,
	switchyard.KindPrecondition:  http.StatusPreconditionFailed,
}

// Status is the HTTP status of an error.
func Status(err *switchyard.Error) int {
	if err.Code == switchyard.MethodNotAllowed {
		return http.StatusMethodNotAllowed
	}
	return statuses[err.Kind()]
}

// RetryLater is a refusal that knows when coming back helps.
type RetryLater struct {
	Refusal *switchyard.Error
	After   time.Duration
}

func (e *RetryLater) Error() string { return e.Refusal.Error() }

// Unwrap answers the refusal.
func (e *RetryLater) Unwrap() error { return e.Refusal }

// RetryAfterSeconds is how long a caller is asked to wait when nobody knows better.
const RetryAfterSeconds = 1

// SetRetryAfter tells the caller of a busy server, or one that asked too often, when to come back:
// when the error knows, else after RetryAfterSeconds. Other errors set nothing.
func SetRetryAfter(h http.Header, err error) {
	var later *RetryLater
	if errors.As(err, &later) {
		h.Set("Retry-After", strconv.Itoa(Seconds(later.After)))
		return
	}
	if kind := AsError(err).Kind(); kind == switchyard.KindBusy || kind == switchyard.KindTooMany {
		h.Set("Retry-After", strconv.Itoa(RetryAfterSeconds))
	}
}

// Seconds rounds a time to wait up to whole seconds.
func Seconds(d time.Duration) int { return int(math.Ceil(d.Seconds())) }

// AsError gives the refusal an error is. An error that is none becomes internal, and its text stays
// out of the answer: the caller logs it.
func AsError(err error) *switchyard.Error {
	var refusal *switchyard.Error
	if errors.As(err, &refusal) {
		return refusal
	}
	return switchyard.Refuse(switchyard.Internal, "the server failed; its log has the details under the correlation id")
}

// Write sends JSON text that is complete already.
func Write(w http.ResponseWriter, status int, body []byte) {
	h := w.Header()
	h.Set("Content-Type", "application/json; charset=utf-8")
	h.Set("Content-Length", strconv.Itoa(len(body)))
	h.Set("X-Content-Type-Options", "nosniff")
	w.WriteHeader(status)
	w.Write(body) // a caller that is gone needs no answer
}

// WriteJSON sends a value as JSON. A value that cannot be written is a fault of the program.
func WriteJSON(w http.ResponseWriter, status int, value any) {
	body, err := json.Marshal(value, json.Deterministic(true))
	if err != nil {
		panic("an answer cannot be written as JSON: " + err.Error())
	}
	Write(w, status, body)
}

// WriteMessage refuses in the wire contract's form: {"message":…}.
func WriteMessage(w http.ResponseWriter, err error) {
	refusal := AsError(err)
	SetRetryAfter(w.Header(), err)
	WriteMessageText(w, Status(refusal), refusal.Detail)
}

// WriteMessageText refuses in the wire contract's form with a status and words of its own.
func WriteMessageText(w http.ResponseWriter, status int, message string) {
	body, _ := jsontext.AppendQuote([]byte(`{"message":`), message) // our words are valid UTF-8
	Write(w, status, append(body, '}'))
}

// MessageNotFound answers 404 for every path, in the wire contract's form.
func MessageNotFound(w http.ResponseWriter, r *http.Request) {
	WriteMessageText(w, http.StatusNotFound, "No such resource: the contract's paths are "+
		"/Auth/connect/token, /interactions/invoke and /interactions/register")
}

// MessageOnly serves one method of a path; others are told which, in the wire contract's form.
func MessageOnly(method string, handle http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if r.Method == method {
			handle(w, r)
			return
		}
		w.Header().Set("Allow", method)
		WriteMessageText(w, http.StatusMethodNotAllowed, "The method "+methodLabel(r.Method)+
			" is not allowed here; use "+method)
	}
}
