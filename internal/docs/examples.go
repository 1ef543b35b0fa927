package docs

import "switchyard"

// The moment and the names the examples share.
const (
	exampleAt = switchyard.Instant(1795435445678) // 2026-11-23T12:04:05.678Z
	ada       = "ada"
	cases     = "Cases"
	queue     = "queue"
	crm       = "crm"
	byCRM     = "client:crm"
	byAda     = "user:ada"
	bySystem  = "system"
)

var (
	work     = switchyard.NewID(exampleAt, 41, 1)
	effectID = switchyard.NewID(exampleAt, 7, 2)
	on       = switchyard.On{Interaction: work}
	with     = switchyard.With{Interaction: work, Agent: ada}
	agented  = switchyard.Agented{Agent: ada}
)

var exampleReason = switchyard.Reason{
	At:       exampleAt,
	Order:    switchyard.OrderKey{Band: switchyard.Normal, WaitingSince: exampleAt - 65_000, Place: 1},
	Requires: []string{"billing"}, Prefers: []string{"german"}, Considered: 2,
	Chosen:   switchyard.Standing{Agent: ada, Prefers: 1, Level: 9, IdleSince: exampleAt - 12_000},
	Next:     []switchyard.Standing{{Agent: "bo", Level: 5, IdleSince: exampleAt - 90_000, Lost: "prefers"}},
	Excluded: switchyard.Excluded{Skill: 21, NotReady: 3, Room: 1},
}

var exampleTarget = 20 * switchyard.Second

var exampleEffect = switchyard.Effect{ID: effectID, Kind: switchyard.EffectCallback, Interaction: work, Created: exampleAt,
	Attempt: 1, Due: exampleAt, Lane: "crm\u0000case-17", Provider: crm, ExternalID: "case-17",
	Notification: "AssignToAgent", Agent: ada, AgentID: "5464"}

// examples has one event of every type; a test misses the one that is not there.
var examples = []example{
	{byCRM, &switchyard.Dispatched{On: on, RequestID: "r-1", ExternalID: "case-17", Provider: crm, Route: cases, Version: 3,
		Linked:  []switchyard.Linked{{Type: "name", Value: "Grace Hopper"}, {Type: "url", Label: "Case", Value: "https://crm.example.com/17"}},
		Demands: []switchyard.Demand{{Skill: "billing", Until: switchyard.Never}, {Skill: "german", Until: exampleAt + 300_000}}}},
	{byCRM, &switchyard.Stepped{On: on, Plan: cases, Applet: "team", Type: "setdatasource", Exit: "next",
		Values: map[string]string{"Team": "EMEA-support"}}},
	{byCRM, &switchyard.Enqueued{On: on, Plan: cases, Applet: queue, Version: 3, Since: exampleAt, Until: exampleAt + 7_200_000, Target: &exampleTarget,
		Fault: "target $(Target) gives nothing; 20s holds"}},
	{bySystem, &switchyard.Left{On: on, Plan: cases, Applet: queue, Exit: "duration"}},
	{byAda, &switchyard.OfferMade{With: with, Size: 20, Until: exampleAt + 20_000, Reason: exampleReason}},
	{byAda, &switchyard.Returned{With: with, Why: "declined", Cooldown: exampleAt + 30_000}},
	{byAda, &switchyard.Joined{With: with, How: "accept"}},
	{byAda, &switchyard.HeldEvent{With: with}},
	{byAda, &switchyard.ParkedEvent{With: with, Until: exampleAt + 604_800_000}},
	{byAda, &switchyard.Retrieved{With: with, Size: 20}},
	{byAda, &switchyard.Transferred{With: with, ToAgent: "bo", Until: exampleAt + 3_600_000}},
	{bySystem, &switchyard.TransferLapsed{With: switchyard.With{Interaction: work, Agent: "bo"}, Why: "timeout"}},
	{"user:sue", &switchyard.Requeued{With: with, Plan: cases, Applet: queue, Version: 4, Why: "supervisor"}},
	{byAda, &switchyard.Released{With: with, By: "agent", Wrap: exampleAt + 30_000}},
	{byAda, &switchyard.WrapExtended{With: with, Until: exampleAt + 60_000}},
	{byAda, &switchyard.Noted{With: with, Disposition: "Solved", Notes: "Refund se"}},
	{byAda, &switchyard.Completed{With: with, Disposition: "Solved", Notes: "Refund sent."}},
	{byAda, &switchyard.Finished{With: with, Outcome: switchyard.OutcomeDelivered}},
	{bySystem, &switchyard.AfterFinished{On: on, Outcome: "Sent"}},
	{"user:sue", &switchyard.Prioritised{On: on, Band: switchyard.Higher}},
	{byAda, &switchyard.PersonalEnded{On: on, Why: "declined"}},
	{"user:root", &switchyard.Erased{On: on}},
	{byAda, &switchyard.PresenceChanged{Agented: agented, Presence: "Lunch", Category: switchyard.Away, Why: "chosen"}},
	{bySystem, &switchyard.LostEvent{Agented: agented}},
	{bySystem, &switchyard.BackEvent{Agented: agented}},
	{byCRM, &switchyard.Processed{Provider: crm, Results: []switchyard.RequestResult{
		{RequestID: "r-1", ExternalID: "case-17", Status: switchyard.StatusAccepted, Interaction: work},
		{RequestID: "r-2", ExternalID: "case-18", Status: switchyard.StatusFailed, Code: switchyard.RouteUnknown,
			Detail: "route: no route \"Casses\" in this account"}}}},
	{"file:account.yaml", &switchyard.ConfigPublished{Version: 3, Source: "file:account.yaml", Document: switchyard.Account{
		Account: "acme", Skills: []string{"billing", "german"},
		Agents:  []switchyard.AgentEntry{{Username: ada, Password: switchyard.Masked, Skills: map[string]int{"billing": 9}}},
		Clients: []switchyard.ClientEntry{{ID: crm, Secret: switchyard.Masked, Scopes: []switchyard.Scope{switchyard.ScopeInteractionsWrite}}}}}},
	{"user:root", &switchyard.DraftSaved{Draft: 3, Revision: 2, Name: "Christmas hours", Note: "for the 24th", Base: 7, By: "user:root",
		Document: switchyard.Account{Account: "acme", Skills: []string{"billing", "german", "french"},
			Clients: []switchyard.ClientEntry{{ID: crm, Secret: switchyard.Masked, Scopes: []switchyard.Scope{switchyard.ScopeInteractionsWrite}}}}}},
	{"user:sue", &switchyard.DraftDropped{Draft: 3, Name: "Christmas hours", Why: "published", Version: 8}},
	{byCRM, &switchyard.ProviderRegistered{Provider: crm, Endpoint: "https://crm.example.com/switchyard", Headers: switchyard.Masked,
		Permitted: switchyard.Permissions{Release: true, Hold: true}, Secret: switchyard.Masked}},
	{"user:root", &switchyard.ProviderRemoved{Provider: crm}},
	{"user:root", &switchyard.SecretRotated{Provider: crm, Secret: switchyard.Masked, Overlap: exampleAt + 86_400_000}},
	{bySystem, &switchyard.CredentialsResealed{Key: "5f0c72a1", Texts: []switchyard.Resealed{{Old: switchyard.Masked, New: switchyard.Masked}}}},
	{byAda, &switchyard.EffectRequested{Effect: exampleEffect}},
	{bySystem, &switchyard.EffectDue{On: on, Effect: effectID, Attempt: 2}},
	{bySystem, &switchyard.EffectAttempted{On: on, Effect: effectID, Attempt: 1, Status: 502, Detail: "bad gateway",
		TookMillis: 31, Retry: exampleAt + 2_204}},
	{bySystem, &switchyard.EffectFinished{On: on, Effect: effectID, Attempt: 2, OK: true, Status: 200, TookMillis: 12,
		Exchange: &switchyard.Exchange{Method: "GET", URL: "https://crm.example.com/customers?number=%2B441632960123",
			RequestHeaders: map[string]string{"Authorization": switchyard.Masked}, Status: 200,
			AnswerHeaders: map[string]string{"Content-Type": "application/json"}, AnswerBody: `{"customer":{"tier":"gold"}}`}}},
	{"gateway:default", &switchyard.EffectReported{On: on, Effect: effectID, Status: "delivered", To: "447700900123",
		MessageID: "0A0000000123ABC1"}},
	{byCRM, &switchyard.TokenIssued{Client: crm, Hash: switchyard.Masked, Scopes: []switchyard.Scope{switchyard.ScopeInteractionsWrite},
		Wall: exampleAt, Expires: exampleAt + 7_200_000}},
	{byAda, &switchyard.SessionOpened{Agented: agented, Hash: switchyard.Masked, Wall: exampleAt, Expires: exampleAt + 43_200_000}},
	{byAda, &switchyard.SessionClosed{Agented: agented, Hash: switchyard.Masked}},
	{byAda, &switchyard.PasswordChanged{Agented: agented, Password: switchyard.Masked, Keep: switchyard.Masked}},
	{bySystem, &switchyard.RequestIDsFlushed{Through: 1200}},
	{"client:desk", &switchyard.AnswerKept{Key: "client:desk 7f3a", Body: "9c56cc51b374c3ba189210d5b6d4bf57790d351c96c47c02190ecf1e430635ab", Answer: "{}"}},
	{bySystem, &switchyard.ServerStarted{}},
	{bySystem, &switchyard.ClockAdvanced{}},
}
