package egress

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
)

// What is read of an answer's body, and what is kept of it.
const (
	maxReadBytes = 64 << 10
	maxKeptBytes = 8 << 10
)

// Answer is what came back.
type Answer struct {
	Status  int
	Body    []byte // its beginning
	Stalled bool   // the head came in time, the body did not
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
	return &Answer{Status: response.StatusCode, Body: kept, Stalled: timedOut(err)}, nil
}

// Silent reports whether err says that nothing came back within the time limit.
func Silent(err error) bool { return timedOut(err) }

func timedOut(err error) bool {
	var netError net.Error
	return errors.Is(err, context.DeadlineExceeded) || errors.As(err, &netError) && netError.Timeout()
}
