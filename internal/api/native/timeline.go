package native

import (
	"context"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"switchyard"
)

// Moment is one event of an interaction's timeline.
type Moment struct {
	Seq   switchyard.Seq     `json:"seq" doc:"The journal row it came with."`
	At    switchyard.Instant `json:"at" format:"date-time"`
	Type  string             `json:"type" example:"interaction.queued"`
	Agent string             `json:"agent,omitempty"`
	By    string             `json:"by,omitempty" doc:"Who asked: client:crm, user:ada, file:account.yaml, system; absent where that was not kept yet."`
	Data  jsontext.Value     `json:"data" doc:"What the type says: docs/reference/events.md."`
}

type timelineIn struct {
	ByID
	Page
}

type timelineOut struct{ Body List[Moment] }

// getTimeline lists what happened to one interaction, oldest first. Its cursor is that of the feed,
// except that n counts the events of the row that are about this interaction.
func (a *api) getTimeline(ctx context.Context, c *call, in *timelineIn) (*timelineOut, error) {
	id, err := in.id()
	if err != nil {
		return nil, err
	}
	if _, err := a.find(ctx, c, id); err != nil {
		return nil, err
	}
	var after switchyard.Cursor
	if in.Cursor != "" {
		if after, err = switchyard.ParseCursor(in.Cursor); err != nil {
			return nil, badCursor(in.Cursor)
		}
	}
	rows, err := a.Engine.Timeline(ctx, c.Account, id)
	if err != nil {
		return nil, err
	}
	out := &timelineOut{List[Moment]{Items: []Moment{}}}
	for _, row := range rows {
		if row.Seq < after.Seq {
			continue
		}
		var events []Moment
		if err := json.Unmarshal(row.Events, &events); err != nil {
			return nil, err
		}
		for n, e := range events {
			if row.Seq == after.Seq && n <= after.N && in.Cursor != "" {
				continue
			}
			if len(out.Body.Items) == in.limit() {
				out.Body.Next = after.String()
				return out, nil
			}
			e.Seq, e.At, e.By = row.Seq, row.At, row.By
			out.Body.Items = append(out.Body.Items, e)
			after = switchyard.Cursor{Seq: row.Seq, N: n}
		}
	}
	return out, nil
}
