package client

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"switchyard"
)

// Happening is one event of the feed.
type Happening struct {
	Seq         switchyard.Seq     `json:"seq"`
	N           int                `json:"n"`
	At          switchyard.Instant `json:"at"`
	Type        string             `json:"type"`
	Interaction switchyard.ID      `json:"interaction"`
	Agent       string             `json:"agent"`
	Data        jsontext.Value     `json:"data"`
}

// Decode reads an event's text as Line brings it.
func Decode(data []byte) (*Happening, error) {
	h := &Happening{}
	return h, json.Unmarshal(data, h)
}

// Line is one event as it came. Data is valid until the function it was handed to returns.
type Line struct {
	Type    string
	Data    []byte
	Arrived time.Time
}

// reconnect is the wait before a feed that ended is asked for again.
const reconnect = 50 * time.Millisecond

// Feed hands every event of the given types (none = all) to f, from now on, until ctx ends or f
// fails. It comes back by itself when the server drops it or restarts, after the event it had seen
// last. opened is called when the first connection stands.
func (c *Client) Feed(ctx context.Context, types []string, opened func(), f func(Line) error) error {
	r := &reader{f: f, opened: opened}
	for {
		err := r.follow(ctx, c, types)
		switch {
		case ctx.Err() != nil:
			return nil
		case r.failed != nil:
			return r.failed
		case Status(err) >= 400 && Status(err) < 500:
			return err
		}
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(reconnect):
		}
	}
}

// reader follows one feed over several connections.
type reader struct {
	f      func(Line) error
	opened func()
	last   string // id of the event seen last
	failed error  // of f
}

func (r *reader) follow(ctx context.Context, c *Client, types []string) error {
	path := "/v1/events"
	if len(types) > 0 {
		path += "?type=" + url.QueryEscape(strings.Join(types, ","))
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, c.Base+path, nil)
	if err != nil {
		return err
	}
	request.Header = http.Header{"Accept": {"text/event-stream"}, "Authorization": {"Bearer " + c.Token}}
	if r.last != "" {
		request.Header.Set("Last-Event-ID", r.last)
	}
	response, err := c.http.Do(request)
	if err != nil {
		return fmt.Errorf("read feed: %w", err)
	}
	defer func() { _ = response.Body.Close() }()
	if response.StatusCode != http.StatusOK {
		text, _ := io.ReadAll(io.LimitReader(response.Body, 4<<10))
		return &Refused{http.MethodGet, path, response.StatusCode, string(text)}
	}
	if r.opened != nil {
		r.opened()
		r.opened = nil
	}
	return r.read(ctx, response.Body)
}

// read takes server-sent events apart as far as the feed uses the format: each is an id, an event
// and one line of data.
func (r *reader) read(ctx context.Context, body io.Reader) error {
	lines := bufio.NewScanner(body)
	lines.Buffer(make([]byte, 64<<10), maxAnswerBytes)
	lines.Split(wholeLines)
	kind, id := "", ""
	for ctx.Err() == nil && lines.Scan() {
		name, value, _ := bytes.Cut(lines.Bytes(), []byte(": "))
		switch string(name) {
		case "id":
			id = string(value)
		case "event":
			kind = string(value)
		case "data":
			if r.failed = r.f(Line{kind, value, time.Now()}); r.failed != nil {
				return r.failed
			}
			r.last = id
		case "":
			if id != "" && len(lines.Bytes()) == 0 {
				r.last, id, kind = id, "", ""
			}
		}
	}
	return lines.Err()
}

// wholeLines is bufio.ScanLines without the rest of a line that the connection broke off in: half an
// event is none, and the next connection brings it whole.
func wholeLines(data []byte, atEOF bool) (advance int, token []byte, err error) {
	if atEOF && bytes.IndexByte(data, '\n') < 0 {
		return len(data), nil, nil
	}
	return bufio.ScanLines(data, atEOF)
}
