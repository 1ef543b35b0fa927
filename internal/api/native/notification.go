package native

import (
	"context"

	"github.com/go-json-experiment/json"

	"switchyard"
	"switchyard/internal/engine"
	"switchyard/internal/tables"
)

// NotificationSearch is what callbacks are searched by. Everything given must hold.
type NotificationSearch struct {
	Page
	State       string `query:"state" doc:"pending, delivered or failed."`
	Provider    string `query:"provider" doc:"In any case."`
	Interaction string `query:"interaction" doc:"Id of the interaction they are about."`
}

type (
	notificationList struct{ Body List[Notification] }
	notificationOut  struct{ Body Notification }
)

func (a *api) listNotifications(ctx context.Context, c *call, in *NotificationSearch) (*notificationList, error) {
	q := tables.NotificationQuery{Provider: in.Provider, State: in.State, Limit: in.limit()}
	var err error
	if in.Interaction != "" {
		if q.Interaction, err = switchyard.ParseID(in.Interaction); err != nil {
			return nil, problem(switchyard.Malformed, "query.interaction: %v", err)
		}
	}
	if in.Cursor != "" {
		if q.Before, err = switchyard.ParseID(in.Cursor); err != nil {
			return nil, badCursor(in.Cursor)
		}
	}
	found, err := a.Engine.Notifications(ctx, c.Account, q)
	if err != nil {
		return nil, err
	}
	out := &notificationList{List[Notification]{Items: []Notification{}}}
	for _, n := range found {
		v, err := showNotification(&n)
		if err != nil {
			return nil, err
		}
		out.Body.Items = append(out.Body.Items, v)
	}
	if len(found) == q.Limit {
		out.Body.Next = found[len(found)-1].ID.String()
	}
	return out, nil
}

// Notification is a callback and how its delivery stands.
type Notification struct {
	ID           switchyard.ID      `json:"id" doc:"The notificationid it is sent with."`
	Notification string             `json:"notification" enum:"AssignToAgent,Release"`
	State        string             `json:"state" enum:"pending,delivered,failed"`
	Interaction  switchyard.ID      `json:"interaction"`
	Provider     string             `json:"provider"`
	ExternalID   string             `json:"externalid" doc:"Sent as objectid."`
	Agent        string             `json:"agent,omitempty"`
	AgentID      string             `json:"agentid,omitempty"`
	Created      switchyard.Instant `json:"created" format:"date-time"`
	Finished     switchyard.Instant `json:"finished,omitzero" format:"date-time" doc:"When it was delivered or given up."`
	Retry        switchyard.Instant `json:"retry,omitzero" format:"date-time" doc:"When the next attempt is due."`
	Attempts     []Attempt          `json:"attempts"`
}

// Attempt is one finished attempt to deliver a callback.
type Attempt struct {
	Attempt    int                `json:"attempt" minimum:"1"`
	At         switchyard.Instant `json:"at" format:"date-time"`
	OK         bool               `json:"ok"`
	Status     int                `json:"status,omitempty" doc:"HTTP status, when something answered."`
	Detail     string             `json:"detail,omitempty" doc:"The error, or the beginning of the answer."`
	TookMillis int64              `json:"tookmillis"`
}

func readCallback(n *tables.Notification) (*engine.Callback, error) {
	c := new(engine.Callback)
	return c, json.Unmarshal(n.Document, c)
}

func showNotification(n *tables.Notification) (Notification, error) {
	c, err := readCallback(n)
	if err != nil {
		return Notification{}, err
	}
	v := Notification{
		ID: n.ID, Notification: c.Effect.Notification, State: c.State, Interaction: c.Effect.Interaction,
		Provider: c.Effect.Provider, ExternalID: c.Effect.ExternalID, Agent: c.Effect.Agent,
		AgentID: c.Effect.AgentID, Created: c.Created, Finished: c.Finished, Retry: known(c.Retry),
		Attempts: []Attempt{},
	}
	for _, t := range c.Attempts {
		v.Attempts = append(v.Attempts, Attempt(t))
	}
	return v, nil
}

// byNotification names a callback in the path.
type byNotification struct {
	ID string `path:"id" doc:"Id of the notification." example:"0193f6a0-7c1e-7000-8000-0000a1b2c3d4"`
}

func (a *api) findNotification(ctx context.Context, c *call, in *byNotification) (*tables.Notification, error) {
	id, err := switchyard.ParseID(in.ID)
	if err != nil {
		return nil, problem(switchyard.NotFound, "%v", err)
	}
	n, err := a.Engine.Notification(ctx, c.Account, id)
	if err == nil && n == nil {
		err = problem(switchyard.NotFound, "no notification %s is known; they are kept for settings.retention.notifications", id)
	}
	return n, err
}

func (a *api) getNotification(ctx context.Context, c *call, in *byNotification) (*notificationOut, error) {
	n, err := a.findNotification(ctx, c, in)
	if err != nil {
		return nil, err
	}
	v, err := showNotification(n)
	return &notificationOut{v}, err
}

// redeliver sends a finished callback again, with the same id and body.
func (a *api) redeliver(ctx context.Context, c *call, in *byNotification) (*notificationOut, error) {
	n, err := a.findNotification(ctx, c, in)
	if err != nil {
		return nil, err
	}
	callback, err := readCallback(n)
	if err != nil {
		return nil, err
	}
	if _, err := a.do(ctx, c, &switchyard.Redeliver{Effect: callback.Effect}); err != nil {
		return nil, err
	}
	return a.getNotification(ctx, c, in)
}
