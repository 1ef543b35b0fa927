package report

import "switchyard"

// InteractionRow is what became of one interaction. It names nobody but agents: who may read figures
// need not be who may read what people wrote. Times are seconds.
type InteractionRow struct {
	ID              switchyard.ID      `json:"id"`
	ExternalID      string             `json:"externalid,omitempty"`
	Provider        string             `json:"provider,omitempty"`
	Route           string             `json:"route" doc:"The route it came by, or was transferred to last."`
	InteractionType switchyard.Class   `json:"interactiontype" enum:"live,chat,nonlive"`
	Queue           string             `json:"queue,omitempty" doc:"The queue it entered last, plan/applet."`
	Agent           string             `json:"agent,omitempty" doc:"Who had it last, or was offered it."`
	Created         switchyard.Instant `json:"created" format:"date-time"`
	WaitingSince    switchyard.Instant `json:"waitingsince,omitzero" format:"date-time" doc:"First entry into a queue."`
	Answered        switchyard.Instant `json:"answered,omitzero" format:"date-time" doc:"First connected."`
	Ended           switchyard.Instant `json:"ended" format:"date-time"`
	Outcome         string             `json:"outcome"`
	Detail          string             `json:"detail,omitempty" doc:"The exit or the fault that ended it."`
	Disposition     string             `json:"disposition,omitempty"`
	InTarget        bool               `json:"intarget" doc:"It was answered within its queue's target."`
	Abandoned       bool               `json:"abandoned" doc:"It was ended by the API while queued or offered."`
	Breakouts       int                `json:"breakouts" doc:"Times it left a queue by an exit."`
	Offers          int                `json:"offers" doc:"Times it was offered."`
	Declined        int                `json:"declined" doc:"Offers that were declined."`
	NoAnswer        int                `json:"noanswer" doc:"Offers that were not answered."`
	Transfers       int                `json:"transfers"`
	Wait            *float64           `json:"wait,omitempty" doc:"From waiting since to first connected, or to the end; absent when it never waited."`
	Handle          float64            `json:"handle" doc:"Connected, held and wrap, of all agents."`
	Wrap            float64            `json:"wrap" doc:"Of these, in wrap."`
}

// Row is what became of an interaction that has ended.
func (l *Life) Row(id switchyard.ID) InteractionRow {
	r := InteractionRow{
		ID: id, ExternalID: l.ExternalID, Provider: l.Provider, Route: l.Route, InteractionType: l.Class,
		Queue: l.Queue, Agent: l.Agent, Created: l.Created, WaitingSince: l.Since, Answered: l.Answered,
		Ended: l.Ended, Outcome: l.Outcome, Detail: l.Detail, Disposition: l.Disposition,
		InTarget: l.InTarget, Abandoned: l.Abandoned, Breakouts: l.Breakouts, Offers: l.Offers,
		Declined: l.Declines, NoAnswer: l.NoAnswers, Transfers: l.Transfers,
		Handle: seconds(l.Handle), Wrap: seconds(l.Wrap),
	}
	if wait := l.Wait(); wait != nil {
		s := seconds(*wait)
		r.Wait = &s
	}
	return r
}
