package native

import (
	"context"
	"errors"
	"math"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"
	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"switchyard"
	"switchyard/internal/core"
	"switchyard/internal/engine"
	"switchyard/internal/journal"
)

// Happening is one event as the feed carries it.
type Happening struct {
	Seq         switchyard.Seq     `json:"seq" doc:"The journal row: one input with all its events."`
	N           int                `json:"n" doc:"Place of the event in its row, from 0."`
	At          switchyard.Instant `json:"at" format:"date-time"`
	Type        string             `json:"type" example:"interaction.dispatched"`
	Account     string             `json:"account"`
	Interaction switchyard.ID      `json:"interaction,omitzero"`
	Agent       string             `json:"agent,omitempty"`
	By          string             `json:"by" doc:"Who asked: client:crm, user:ada, file:account.yaml, system."`
	Correlation switchyard.ID      `json:"correlation"`
	Data        jsontext.Value     `json:"data" doc:"What the type says: docs/reference/events.md."`
}

// appendTo writes the event as json.Marshal does, without reflection: readers of a busy feed take as
// much of the processor as those who decide. Its data is JSON already.
func (h *Happening) appendTo(b []byte) []byte {
	b = strconv.AppendUint(append(b, `{"seq":`...), uint64(h.Seq), 10)
	b = strconv.AppendInt(append(b, `,"n":`...), int64(h.N), 10)
	b, _ = h.At.AppendText(append(b, `,"at":"`...))
	b = text(append(b, `","type":`...), h.Type)
	b = text(append(b, `,"account":`...), h.Account)
	if !h.Interaction.IsZero() {
		b, _ = h.Interaction.AppendText(append(b, `,"interaction":"`...))
		b = append(b, '"')
	}
	if h.Agent != "" {
		b = text(append(b, `,"agent":`...), h.Agent)
	}
	b = text(append(b, `,"by":`...), h.By)
	b, _ = h.Correlation.AppendText(append(b, `,"correlation":"`...))
	b = append(append(b, `","data":`...), h.Data...)
	return append(b, '}')
}

// text writes a text. What comes from the journal is UTF-8, which is all that could be wrong with it.
func text(b []byte, s string) []byte {
	b, _ = jsontext.AppendQuote(b, s)
	return b
}

// Feed is what events are read by.
type Feed struct {
	After       string `query:"after" maxLength:"40" doc:"Cursor (seq.n, or seq for its whole row) of the last event already seen; 0 for all that is kept. Without it a stream begins now and a page at the oldest." example:"1234.0"`
	LastEventID string `header:"Last-Event-ID" maxLength:"40" doc:"As after; what a browser sends when it connects again. It wins."`
	Type        string `query:"type" maxLength:"1000" doc:"One type or several separated by commas; one that ends in a dot stands for all that begin so." example:"interaction.,agent.presence"`
	Agent       string `query:"agent" doc:"Events that name this agent, in any case."`
	Interaction string `query:"interaction" doc:"Events about this interaction."`
	Limit       int    `query:"limit" minimum:"1" maximum:"1000" default:"100" doc:"Of a page."`
	Beat        int    `query:"beat" minimum:"1" maximum:"15" default:"15" doc:"Seconds after which a quiet stream shows that it lives. Who must notice soon that the connection is lost asks for less."`
}

// feedFilter leaves out events its reader did not ask for.
type feedFilter struct {
	types       []string
	agent       string
	interaction switchyard.ID
}

// pageRows bounds how many journal rows one JSON page looks through.
const pageRows = 2_000

// beat is how often a quiet stream shows that it lives, unless its reader asks for more.
const beat = 15 * time.Second

func (in *Feed) beat() time.Duration {
	if in.Beat == 0 {
		return beat
	}
	return time.Duration(in.Beat) * time.Second
}

// everything is the n of a cursor that stands after its whole row.
const everything = math.MaxInt32

type feedOut struct {
	Body func(huma.Context)
}

// readEvents answers with a page, or, unless the caller wants only JSON, with a stream that does
// not end.
func (a *api) readEvents(ctx context.Context, c *call, in *Feed) (*feedOut, error) {
	filter, err := in.filter(c)
	if err != nil {
		return nil, err
	}
	a.speaksFor(c, in.Agent)
	if strings.Contains(c.accept, "application/json") && !strings.Contains(c.accept, "text/event-stream") {
		return a.pageEvents(ctx, c, in, filter)
	}
	return a.streamEvents(ctx, c, in, filter)
}

func (in *Feed) filter(c *call) (f feedFilter, err error) {
	if in.Type != "" {
		f.types = strings.Split(in.Type, ",")
	}
	if f.agent = in.Agent; c.onlyOwn() {
		if in.Agent != "" && !same(in.Agent, c.User) {
			return f, problem(switchyard.Forbidden, "an agent sees its own events only; leave agent out")
		}
		f.agent = c.User
	}
	if in.Interaction != "" {
		if f.interaction, err = switchyard.ParseID(in.Interaction); err != nil {
			return f, problem(switchyard.Malformed, "query.interaction: %v", err)
		}
	}
	return f, nil
}

// passes reports whether the reader asked for e.
func (f feedFilter) passes(e switchyard.Event) bool {
	interaction, agent := e.About()
	return (f.interaction.IsZero() || interaction == f.interaction) &&
		(f.agent == "" || same(agent, f.agent)) && f.wantsType(e.EventType())
}

func (f feedFilter) wantsType(name string) bool {
	for _, t := range f.types {
		if t == name || strings.HasSuffix(t, ".") && strings.HasPrefix(name, t) {
			return true
		}
	}
	return len(f.types) == 0
}

// cursor returns the place the caller names; given is false when it names none.
func (in *Feed) cursor() (after switchyard.Cursor, given bool, err error) {
	text := in.After
	if in.LastEventID != "" {
		text = in.LastEventID
	}
	if text == "" {
		return after, false, nil
	}
	if after, err = switchyard.ParseCursor(text); err != nil {
		return after, true, problem(switchyard.Malformed, "after: %v", err)
	}
	return after, true, nil
}

// show makes the feed's form of the events of row after the cursor that pass the filter.
func (f feedFilter) show(account string, row engine.FeedRow, after switchyard.Cursor) ([]Happening, error) {
	var out []Happening
	for n, e := range row.Events {
		if row.Seq < after.Seq || row.Seq == after.Seq && n <= after.N || !f.passes(e) {
			continue
		}
		data, err := journal.EventData(masked(e))
		if err != nil {
			return nil, err
		}
		interaction, agent := e.About()
		out = append(out, Happening{
			Seq: row.Seq, N: n, At: row.At, Type: e.EventType(), Account: account,
			Interaction: interaction, Agent: agent, By: row.By, Correlation: row.Correlation, Data: data,
		})
	}
	return out, nil
}

func (a *api) pageEvents(ctx context.Context, c *call, in *Feed, f feedFilter) (*feedOut, error) {
	after, given, err := in.cursor()
	if err != nil {
		return nil, err
	}
	rows, err := a.Engine.Page(ctx, c.Account, after, pageRows)
	var gone *engine.CursorExpired
	if !given && errors.As(err, &gone) {
		after = switchyard.Cursor{Seq: gone.Oldest - 1, N: everything}
		rows, err = a.Engine.Page(ctx, c.Account, after, pageRows)
	}
	if err != nil {
		return nil, err
	}
	list := List[Happening]{Items: []Happening{}}
	for _, row := range rows {
		found, err := f.show(c.Account, row, after)
		if err != nil {
			return nil, err
		}
		room := in.limit() - len(list.Items)
		if len(found) > room {
			list.Items = append(list.Items, found[:room]...)
			after = lastOf(list.Items, after)
			break
		}
		list.Items = append(list.Items, found...)
		after = switchyard.Cursor{Seq: row.Seq, N: max(len(row.Events)-1, 0)}
	}
	list.Next = after.String()
	return &feedOut{func(hc huma.Context) {
		_, w := humago.Unwrap(hc)
		w.Header().Set("Content-Type", "application/json")
		_ = json.MarshalWrite(w, list) // the caller has gone: nobody is left to be told
	}}, nil
}

// lastOf is the place after the items shown, or before when there are none.
func lastOf(items []Happening, before switchyard.Cursor) switchyard.Cursor {
	if len(items) == 0 {
		return before
	}
	last := items[len(items)-1]
	return switchyard.Cursor{Seq: last.Seq, N: last.N}
}

func (in *Feed) limit() int { return Page{Limit: in.Limit}.limit() }

func (a *api) streamEvents(ctx context.Context, c *call, in *Feed, f feedFilter) (*feedOut, error) {
	after, given, err := in.cursor()
	if err != nil {
		return nil, err
	}
	if !given {
		err = a.Engine.View(ctx, c.Account, func(s *core.State, _ switchyard.Instant) {
			after = switchyard.Cursor{Seq: s.Seq(), N: everything}
		})
		if err != nil {
			return nil, err
		}
	}
	// A subscription notices an expired cursor only when it reads; by then the answer has begun.
	if _, err := a.Engine.Page(ctx, c.Account, after, 1); err != nil {
		return nil, err
	}
	sub, err := a.Engine.Subscribe(c.Account, after)
	if err != nil {
		return nil, err
	}
	return &feedOut{func(hc huma.Context) {
		defer sub.Close()
		r, w := humago.Unwrap(hc)
		a.follow(r.Context(), c, sub, after, f, in.beat(), w)
	}}, nil
}

// follow writes what the subscription brings until the reader goes, is too slow, or the server
// stops. The reader's desktop counts as heard all the while.
func (a *api) follow(ctx context.Context, c *call, sub *engine.Subscription, after switchyard.Cursor, f feedFilter, beat time.Duration, w http.ResponseWriter) {
	s, shown, quiet := openStream(w), after, time.Now()
	defer s.close()
	var line []byte
	for {
		a.alive(c)
		rows, err := a.wait(ctx, sub)
		if err != nil {
			return
		}
		for _, row := range rows {
			found, err := f.show(c.Account, row, after)
			if err != nil {
				a.Log.Error("show event", "account", c.Account, "seq", row.Seq, "err", err)
				return
			}
			for _, h := range found {
				shown = switchyard.Cursor{Seq: h.Seq, N: h.N}
				line = h.appendTo(line[:0])
				s.add(shown.String(), h.Type, line)
				quiet = time.Now()
				if s.flushLong() != nil {
					return
				}
			}
			after = switchyard.Cursor{Seq: row.Seq, N: max(len(row.Events)-1, 0)}
		}
		if time.Since(quiet) >= beat {
			quiet = time.Now()
			s.comment("alive")
			s.add(advance(after, shown), "", nil)
		}
		if s.flush() != nil {
			return
		}
	}
}

// advance is the id-only event that moves a reader on over events its filter left out.
func advance(after, shown switchyard.Cursor) string {
	if after == shown || after.N == everything {
		return ""
	}
	return after.String()
}

// wait returns the next rows, or none when it is time to show that the stream lives.
func (a *api) wait(ctx context.Context, sub *engine.Subscription) ([]engine.FeedRow, error) {
	wait, cancel := context.WithTimeout(ctx, time.Second)
	defer cancel()
	rows, err := sub.Next(wait)
	if err != nil && ctx.Err() == nil && errors.Is(err, context.DeadlineExceeded) && !a.isClosing() {
		return nil, nil
	}
	return rows, err
}
