package egress

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// What is read of an answer's body, and what is kept of it.
const (
	maxReadBytes = 64 << 10
	maxKeptBytes = 8 << 10
)

// Answer is what came back.
type Answer struct {
	Status  int
	Header  http.Header
	Body    []byte // its beginning
	Stalled bool   // the head came in time, the body did not
	Longer  bool   // the body is longer than was asked for
	Broken  error  // why the body is not whole, beside being longer
}

// OK reports whether the status is a 2xx.
func (a *Answer) OK() bool { return a.Status >= 200 && a.Status <= 299 }

// Do sends a request and reads a bounded part of the answer. A status that came counts, also when
// the body breaks off. A body longer than is read costs its connection.
func Do(client *http.Client, r *http.Request) (*Answer, error) {
	response, err := client.Do(r)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	// One byte more than is read, so that a body of just that length reaches its end and its
	// connection is kept.
	limited := io.LimitReader(response.Body, maxReadBytes+1)
	kept, err := io.ReadAll(io.LimitReader(limited, maxKeptBytes))
	if err == nil {
		_, err = io.Copy(io.Discard, limited)
	}
	return &Answer{Status: response.StatusCode, Header: response.Header, Body: kept, Stalled: timedOut(err), Broken: err}, nil
}

// Fetch sends a request and reads an answer whose body is wanted whole, at most so many bytes of it.
// A status that came counts here, too.
func Fetch(client *http.Client, r *http.Request, most int) (*Answer, error) {
	response, err := client.Do(r)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	body, err := io.ReadAll(io.LimitReader(response.Body, int64(most)+1))
	if err == nil {
		// A server that notices how its caller goes away may end its answer in good form.
		err = context.Cause(r.Context())
	}
	a := &Answer{Status: response.StatusCode, Header: response.Header, Body: body, Stalled: timedOut(err), Broken: err}
	if a.Longer = len(body) > most; a.Longer {
		a.Body = body[:most]
	}
	return a, nil
}

// RetryAfter is how long the other side asks to wait before coming again (RFC 9110 §10.2.3); 0 when
// it does not.
func (a *Answer) RetryAfter(now time.Time) time.Duration {
	const longest = 24 * time.Hour // what is longer is not believed, and no duration overflows
	text := strings.TrimSpace(a.Header.Get("Retry-After"))
	if seconds, err := strconv.ParseInt(text, 10, 32); err == nil {
		return min(longest, time.Duration(max(0, seconds))*time.Second)
	}
	if at, err := http.ParseTime(text); err == nil {
		return min(longest, max(0, at.Sub(now)))
	}
	return 0
}

// Silent reports whether err says that nothing came back within the time limit.
func Silent(err error) bool { return timedOut(err) }

func timedOut(err error) bool {
	var netError net.Error
	return errors.Is(err, context.DeadlineExceeded) || errors.As(err, &netError) && netError.Timeout()
}
