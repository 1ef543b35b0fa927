package native

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"time"

	"github.com/go-json-experiment/json"

	"switchyard"
	"switchyard/internal/core"
	"switchyard/internal/tables"
)

// Search is what interactions are searched by. Everything given must hold.
type Search struct {
	Page
	State      []string  `query:"state,explode" doc:"One state or several: separated by commas, or given several times." example:"[\"queued,offered\"]"`
	Route      string    `query:"route" doc:"In any case."`
	Agent      string    `query:"agent" doc:"Username of who is offered it, has it, or had it last; in any case."`
	ExternalID string    `query:"externalid"`
	Provider   string    `query:"provider" doc:"In any case."`
	ID         []string  `query:"id,explode" doc:"Only these, at most 100: separated by commas, or given several times. Those there are not are left out."`
	Queue      string    `query:"queue" doc:"Live interactions that are in this queue, or were when their agent took them: plan/applet, in any case." example:"Cases/queue"`
	Order      string    `query:"order" enum:"newest,oldest" default:"newest" doc:"By dispatch. Oldest first lists live interactions only."`
	Q          string    `query:"q" maxLength:"200" doc:"Text in the externalid, name or clid, in any case."`
	Since      time.Time `query:"since" doc:"Created at or after this moment." example:"2026-11-23T00:00:00Z"`
	EndedSince time.Time `query:"endedsince" doc:"Ended at or after this moment; leaves out what is live. Give since as well where you can: ended interactions are kept by when they were created." example:"2026-11-23T00:00:00Z"`
	Until      time.Time `query:"until" doc:"Created before this moment." example:"2026-11-24T00:00:00Z"`

	ids []switchyard.ID // of ID; nil = all
}

// maxSearchIDs bounds how many interactions one call names.
const maxSearchIDs = 100

// The two parts of the list: live interactions come from the account's owner, ended ones from the
// tables. A cursor names the part and the id before which the page begins.
const (
	partLive  = "live"
	partEnded = "ended"
)

// One call looks at no more live interactions than scanTotal, and keeps the account's owner busy
// with no more than scanStep at a time; a page that comes back short says with next that there is
// more.
const (
	scanStep  = 1_000
	scanTotal = 10_000
)

type interactionList struct {
	Body List[Interaction]
}

func (a *api) searchInteractions(ctx context.Context, c *call, in *Search) (*interactionList, error) {
	part, before, err := cutCursor(in.Cursor)
	if err != nil || part != "" && part != partLive && part != partEnded {
		return nil, cmp.Or(err, badCursor(in.Cursor))
	}
	if err := in.check(); err != nil {
		return nil, err
	}
	if c.onlyOwn() {
		in.Agent = cmp.Or(in.Agent, c.User)
		if !same(in.Agent, c.User) {
			return nil, problem(switchyard.Forbidden, "an agent sees its own interactions only; leave agent out")
		}
	}
	out := &interactionList{Body: List[Interaction]{Items: []Interaction{}}}
	if part != partEnded && in.wantsLive() {
		next, err := a.searchLive(ctx, c, in, before, &out.Body.Items)
		if err != nil || next != "" {
			out.Body.Next = next
			return out, err
		}
		before = switchyard.ID{}
	}
	if !in.wants(switchyard.Ended) || in.Queue != "" || in.oldestFirst() {
		return out, nil
	}
	if in.ids != nil {
		return out, a.appendEnded(ctx, c, in, &out.Body.Items)
	}
	if len(out.Body.Items) >= in.limit() {
		out.Body.Next = partEnded + "."
		return out, nil
	}
	out.Body.Next, err = a.searchEnded(ctx, c, in, before, &out.Body.Items)
	return out, err
}

// searchLive appends live interactions before the given id, newest first. next is empty when there
// are no more.
func (a *api) searchLive(ctx context.Context, c *call, in *Search, before switchyard.ID, items *[]Interaction) (next string, err error) {
	if in.ExternalID != "" || in.Agent != "" || in.ids != nil {
		return a.searchIndexed(ctx, c, in, before, items)
	}
	for scanned := 0; scanned < scanTotal; {
		step, full := 0, false
		err := a.Engine.View(ctx, c.Account, func(s *core.State, now switchyard.Instant) {
			list := s.Newest
			if in.oldestFirst() {
				list = s.Oldest
			}
			list(before, func(r *core.Record) bool {
				step++
				before = r.ID
				if in.matches(r) {
					*items = append(*items, showInteraction(r, now))
				}
				full = len(*items) >= in.limit()
				return !full && step < scanStep
			})
		})
		if err != nil {
			return "", err
		}
		if scanned += step; full {
			return partLive + "." + before.String(), nil
		}
		if step < scanStep {
			return "", nil
		}
	}
	return partLive + "." + before.String(), nil
}

// searchIndexed answers what the state can find without scanning: by externalid, or by agent.
func (a *api) searchIndexed(ctx context.Context, c *call, in *Search, before switchyard.ID, items *[]Interaction) (next string, err error) {
	err = a.Engine.View(ctx, c.Account, func(s *core.State, now switchyard.Instant) {
		for _, r := range in.candidates(s) {
			if !in.matches(r) || !before.IsZero() && !in.follows(r.ID, before) {
				continue
			}
			if len(*items) >= in.limit() {
				next = partLive + "." + (*items)[len(*items)-1].ID.String()
				return
			}
			*items = append(*items, showInteraction(r, now))
		}
	})
	return next, err
}

// candidates are the records an index finds, in order.
func (in *Search) candidates(s *core.State) (found []*core.Record) {
	if in.ids != nil {
		for _, id := range in.ids {
			if r := s.Find(id); r != nil {
				found = append(found, r)
			}
		}
	} else if in.ExternalID != "" {
		found = s.FindAnyExternal(in.ExternalID)
	} else if agent := s.Agent(in.Agent); agent != nil {
		for _, id := range agent.Interactions {
			if r := s.Find(id); r != nil {
				found = append(found, r)
			}
		}
	}
	slices.SortFunc(found, func(a, b *core.Record) int {
		if in.oldestFirst() {
			a, b = b, a
		}
		return cmp.Compare(b.ID.Counter(), a.ID.Counter())
	})
	return found
}

func (in *Search) oldestFirst() bool { return in.Order == "oldest" }

// follows reports whether an interaction comes after another in the order of the list.
func (in *Search) follows(id, before switchyard.ID) bool {
	if in.oldestFirst() {
		return id.Counter() > before.Counter()
	}
	return id.Counter() < before.Counter()
}

// appendEnded appends those of the ids asked for that have ended. A page of ids is all there are.
func (a *api) appendEnded(ctx context.Context, c *call, in *Search, items *[]Interaction) error {
	now := a.Engine.Now()
	for _, id := range in.ids {
		if slices.ContainsFunc(*items, func(v Interaction) bool { return v.ID == id }) {
			continue
		}
		e, err := a.Engine.EndedByID(ctx, c.Account, id)
		if err != nil {
			return err
		}
		if e == nil {
			continue
		}
		r, err := readEnded(e)
		if err != nil {
			return err
		}
		if r.State == switchyard.Ended && in.fits(r) {
			*items = append(*items, showInteraction(r, now))
		}
	}
	return nil
}

// searchEnded appends ended interactions before the given id, newest first.
func (a *api) searchEnded(ctx context.Context, c *call, in *Search, before switchyard.ID, items *[]Interaction) (next string, err error) {
	limit := in.limit() - len(*items)
	found, err := a.Engine.SearchEnded(ctx, c.Account, tables.Query{
		Route: in.Route, Agent: in.Agent, ExternalID: in.ExternalID, Provider: in.Provider,
		Text: in.Q, Since: instant(in.Since), Until: instant(in.Until), EndedSince: instant(in.EndedSince), Before: before, Limit: limit,
	})
	if err != nil {
		return "", err
	}
	now := a.Engine.Now()
	for _, e := range found {
		r, err := readEnded(&e)
		if err != nil {
			return "", err
		}
		*items = append(*items, showInteraction(r, now))
	}
	if len(found) < limit {
		return "", nil
	}
	return partEnded + "." + found[len(found)-1].ID.String(), nil
}

func readEnded(e *tables.Ended) (*core.Record, error) {
	r := new(core.Record)
	return r, json.Unmarshal(e.Document, r)
}

// check takes the list of states apart and refuses states there are not.
func (in *Search) check() error {
	if len(in.State) > 0 {
		in.State = strings.Split(strings.Join(in.State, ","), ",")
	}
	for _, s := range in.State {
		switch switchyard.Status(s) {
		case switchyard.Planned, switchyard.Queued, switchyard.Offered, switchyard.Connected,
			switchyard.Held, switchyard.Parked, switchyard.Wrap, switchyard.Ended:
		default:
			return problem(switchyard.Malformed,
				"state %q is none of planned, queued, offered, connected, held, parked, wrap, ended", s)
		}
	}
	return in.checkIDs()
}

func (in *Search) checkIDs() error {
	if len(in.ID) == 0 {
		return nil
	}
	all := strings.Split(strings.Join(in.ID, ","), ",")
	if len(all) > maxSearchIDs || in.limit() < len(all) {
		return problem(switchyard.Malformed, "query.id: %d interactions are named; name at most %d, and no more than limit", len(all), maxSearchIDs)
	}
	in.ids = []switchyard.ID{}
	for _, text := range all {
		id, err := switchyard.ParseID(text)
		if err != nil {
			return problem(switchyard.Malformed, "query.id: %v", err)
		}
		if !slices.Contains(in.ids, id) {
			in.ids = append(in.ids, id)
		}
	}
	return nil
}

func (in *Search) wants(s switchyard.Status) bool {
	return len(in.State) == 0 || slices.Contains(in.State, string(s))
}

// wantsLive reports whether any state but ended is asked for.
func (in *Search) wantsLive() bool {
	return in.EndedSince.IsZero() && (len(in.State) == 0 || slices.ContainsFunc(in.State, func(s string) bool {
		return s != string(switchyard.Ended)
	}))
}

// matches leaves out an interaction that has ended though its after plan runs: the ended part of
// the list has it, from the cut that told of its end.
func (in *Search) matches(r *core.Record) bool {
	return r.State != switchyard.Ended && in.wants(r.State) && in.fits(r)
}

// fits is the part of matches that has nothing to do with the state.
func (in *Search) fits(r *core.Record) bool {
	return (in.Queue == "" || same(queueOf(r), in.Queue)) &&
		(in.ids == nil || slices.Contains(in.ids, r.ID)) &&
		(in.Route == "" || same(r.Route, in.Route)) &&
		(in.Agent == "" || same(r.Agent, in.Agent)) &&
		(in.ExternalID == "" || r.ExternalID == in.ExternalID) &&
		(in.Provider == "" || same(r.Provider, in.Provider)) &&
		(in.Since.IsZero() || !r.Created.Time().Before(in.Since)) &&
		(in.Until.IsZero() || r.Created.Time().Before(in.Until)) &&
		(in.Q == "" || in.speaksOf(r))
}

func (in *Search) speaksOf(r *core.Record) bool {
	q := switchyard.CaseKey(in.Q)
	if strings.Contains(switchyard.CaseKey(r.ExternalID), q) {
		return true
	}
	for _, l := range r.Linked {
		if (l.Type == "name" || l.Type == "clid") && strings.Contains(switchyard.CaseKey(l.Value), q) {
			return true
		}
	}
	return false
}

// instant makes none of the zero time.
func instant(t time.Time) switchyard.Instant {
	if t.IsZero() {
		return 0
	}
	return switchyard.InstantOf(t)
}

// same compares names, which compare without case.
func same(a, b string) bool { return switchyard.CaseKey(a) == switchyard.CaseKey(b) }
