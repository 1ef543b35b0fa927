package httpx

import (
	"context"
	"net/http"

	"switchyard"
)

// Call is what the server knows about the request being answered. Handlers fill in who asks, so
// that the log line can say so.
type Call struct {
	Correlation switchyard.ID
	Account     string // of the principal, once known
	By          string // "client:crm" or "user:ada", once known
}

type callKey struct{}

// CallOf finds the call a context belongs to. Outside a request it answers a call of its own,
// without a correlation id.
func CallOf(ctx context.Context) *Call {
	if c, ok := ctx.Value(callKey{}).(*Call); ok {
		return c
	}
	return new(Call)
}

// WithCall puts a call into a context.
func WithCall(ctx context.Context, c *Call) context.Context {
	return context.WithValue(ctx, callKey{}, c)
}

// answer watches what a handler writes: whether it wrote, the status and the size.
type answer struct {
	http.ResponseWriter
	status int
	bytes  int64
}

func (a *answer) WriteHeader(status int) {
	if a.status == 0 && status >= 200 {
		a.status = status
	}
	a.ResponseWriter.WriteHeader(status)
}

func (a *answer) Write(b []byte) (int, error) {
	if a.status == 0 {
		a.status = http.StatusOK
	}
	n, err := a.ResponseWriter.Write(b)
	a.bytes += int64(n)
	return n, err
}

// Unwrap lets http.ResponseController reach the connection's own writer.
func (a *answer) Unwrap() http.ResponseWriter { return a.ResponseWriter }
