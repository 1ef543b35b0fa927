package journal

import "switchyard"

// fast writes the types that make up nearly every row, without reflection, which would cost a
// quarter of the processor at full load. It gives the very bytes marshal gives: a test compares
// them for every type of switchyard.Inputs and switchyard.Placed, member by member, so a member
// that is forgotten here shows. It returns false for a type it does not write.
func (w *writer) fast(v any) bool {
	switch v := v.(type) {
	case *switchyard.Invoke:
		whole(w, v, writeInvoke)
	case *switchyard.Dispatched:
		whole(w, v, writeDispatched)
	case *switchyard.Stepped:
		whole(w, v, writeStepped)
	case *switchyard.Enqueued:
		whole(w, v, writeEnqueued)
	case *switchyard.OfferMade:
		whole(w, v, writeOfferMade)
	case *switchyard.Returned:
		whole(w, v, writeReturned)
	case *switchyard.Joined:
		whole(w, v, writeJoined)
	case *switchyard.Released:
		whole(w, v, writeReleased)
	case *switchyard.Completed:
		whole(w, v, writeCompleted)
	case *switchyard.Noted:
		whole(w, v, writeNoted)
	case *switchyard.Finished:
		whole(w, v, writeFinished)
	case *switchyard.Processed:
		whole(w, v, writeProcessed)
	case *switchyard.EffectRequested:
		whole(w, v, writeEffectRequested)
	case *switchyard.EffectDue:
		whole(w, v, writeEffectDue)
	case *switchyard.EffectFinished:
		whole(w, v, writeEffectFinished)
	default:
		return false
	}
	return true
}

func whole[T any](w *writer, v *T, write func(*writer, *T)) {
	w.open()
	write(w, v)
	w.close()
}

func writeInvoke(w *writer, v *switchyard.Invoke) {
	w.someText("provider", v.Provider)
	list(w, "requests", v.Requests, writeRequest)
	someList(w, "known", v.Known, writeKnownRequest)
}

func writeKnownRequest(w *writer, v *switchyard.KnownRequest) {
	w.number("request", int64(v.Request))
	w.id("interaction", v.Interaction)
}

func writeRequest(w *writer, v *switchyard.Request) {
	w.someText("action", v.Action)
	w.someText("requestid", v.RequestID)
	w.someText("externalid", v.ExternalID)
	w.someText("route", v.Route)
	someList(w, "linkeddata", v.Linked, writeLinked)
	w.someText("interactiontype", v.Class)
	someList(w, "skills", v.Skills, writeSkill)
	someObject(w, "personalqueue", v.PersonalQueue, writePersonal)
	someObject(w, "fault", v.Fault, writeFaultNote)
}

func writeLinked(w *writer, v *switchyard.Linked) {
	w.text("type", v.Type)
	w.someText("label", v.Label)
	w.someText("owner", v.Owner)
	w.someText("key", v.Key)
	w.someText("value", v.Value)
}

func writeSkill(w *writer, v *switchyard.Skill) {
	w.text("name", v.Name)
	if v.ExpiryAfter != nil {
		w.number("expiryafter", *v.ExpiryAfter)
	}
}

func writePersonal(w *writer, v *switchyard.Personal) {
	w.text("agent", v.Agent)
	w.number("loggedintimeout", v.LoggedInTimeout)
	w.number("loggedouttimeout", v.LoggedOutTimeout)
}

func writeFaultNote(w *writer, v *switchyard.FaultNote) {
	w.text("code", string(v.Code))
	w.text("detail", v.Detail)
	w.number("rank", int64(v.Rank))
	w.someText("mistyped", v.Mistyped)
}

func writeDispatched(w *writer, v *switchyard.Dispatched) {
	w.someText("requestid", v.RequestID)
	w.someText("externalid", v.ExternalID)
	w.someText("provider", v.Provider)
	w.text("route", v.Route)
	w.number("version", int64(v.Version))
	w.text("interactiontype", v.Class.String())
	someList(w, "linkeddata", v.Linked, writeLinked)
	someList(w, "skills", v.Demands, writeDemand)
	someObject(w, "personalqueue", v.Personal, writePersonalQueue)
	w.someText("testplan", v.TestPlan)
}

func writeDemand(w *writer, v *switchyard.Demand) {
	w.text("skill", v.Skill)
	w.someInstant("until", v.Until)
}

func writePersonalQueue(w *writer, v *switchyard.PersonalQueue) {
	w.text("agent", v.Agent)
	w.text("loggedin", v.LoggedIn.String())
	w.text("loggedout", v.LoggedOut.String())
	w.instant("set", v.Set)
}

func writeStepped(w *writer, v *switchyard.Stepped) {
	w.text("plan", v.Plan)
	w.text("applet", v.Applet)
	w.text("type", v.Type)
	w.someText("exit", v.Exit)
	w.someTable("values", v.Values)
	w.someTruth("cleared", v.Cleared)
	someList(w, "skills", v.Demands, writeDemand)
	someObject(w, "personalqueue", v.Personal, writePersonalQueue)
	w.someNumber("band", int64(v.Band))
	w.someInstant("until", v.Until)
	w.someText("goto", v.Goto)
	w.someNumber("version", int64(v.Version))
	w.someText("fault", v.Fault)
}

func writeEnqueued(w *writer, v *switchyard.Enqueued) {
	w.text("plan", v.Plan)
	w.text("applet", v.Applet)
	w.number("version", int64(v.Version))
	w.instant("waitingsince", v.Since)
	w.someInstant("until", v.Until)
	if v.Target != nil {
		w.text("target", v.Target.String())
	}
	w.someText("fault", v.Fault)
}

func writeOfferMade(w *writer, v *switchyard.OfferMade) {
	w.number("size", int64(v.Size))
	w.someInstant("until", v.Until)
	w.someTruth("auto", v.Auto)
	object(w, "reason", &v.Reason, writeReason)
	w.someText("fault", v.Fault)
}

func writeReason(w *writer, v *switchyard.Reason) {
	w.instant("at", v.At)
	object(w, "order", &v.Order, writeOrderKey)
	w.someTexts("requires", v.Requires)
	w.someTexts("prefers", v.Prefers)
	w.number("considered", int64(v.Considered))
	object(w, "chosen", &v.Chosen, writeStanding)
	someList(w, "next", v.Next, writeStanding)
	object(w, "excluded", &v.Excluded, writeExcluded)
}

func writeOrderKey(w *writer, v *switchyard.OrderKey) {
	w.number("band", int64(v.Band))
	w.someNumber("score", v.Score)
	w.truth("personal", v.Personal)
	w.instant("waitingsince", v.WaitingSince)
	w.number("place", int64(v.Place))
}

func writeStanding(w *writer, v *switchyard.Standing) {
	w.text("agent", v.Agent)
	w.number("prefers", int64(v.Prefers))
	w.number("level", int64(v.Level))
	w.instant("idlesince", v.IdleSince)
	w.someText("lost", v.Lost)
}

func writeExcluded(w *writer, v *switchyard.Excluded) {
	w.number("notready", int64(v.NotReady))
	w.number("group", int64(v.Group))
	w.number("skill", int64(v.Skill))
	w.number("cooldown", int64(v.Cooldown))
	w.number("room", int64(v.Room))
	w.someNumber("other", int64(v.Other))
}

func writeReturned(w *writer, v *switchyard.Returned) {
	w.text("why", v.Why)
	w.someInstant("cooldown", v.Cooldown)
}

func writeJoined(w *writer, v *switchyard.Joined) { w.text("how", v.How) }

func writeReleased(w *writer, v *switchyard.Released) {
	w.text("by", v.By)
	w.someInstant("wrap", v.Wrap)
	w.someText("disposition", v.Disposition)
	w.someText("notes", v.Notes)
	w.someText("fault", v.Fault)
}

func writeNoted(w *writer, v *switchyard.Noted) {
	w.someText("disposition", v.Disposition)
	w.someText("notes", v.Notes)
}

func writeCompleted(w *writer, v *switchyard.Completed) {
	w.someText("disposition", v.Disposition)
	w.someText("notes", v.Notes)
	w.someTruth("expired", v.Expired)
}

func writeFinished(w *writer, v *switchyard.Finished) {
	w.text("outcome", v.Outcome)
	w.someText("detail", v.Detail)
	w.someText("after", v.After)
	w.someNumber("version", int64(v.Version))
}

func writeProcessed(w *writer, v *switchyard.Processed) {
	w.someText("provider", v.Provider)
	list(w, "results", v.Results, writeRequestResult)
}

func writeRequestResult(w *writer, v *switchyard.RequestResult) {
	w.text("requestid", v.RequestID)
	w.text("externalid", v.ExternalID)
	w.text("status", v.Status)
	w.someID("interaction", v.Interaction)
	w.someText("code", string(v.Code))
	w.someText("detail", v.Detail)
	w.someTruth("repeat", v.Repeat)
}

func writeEffectRequested(w *writer, v *switchyard.EffectRequested) {
	object(w, "effect", &v.Effect, writeEffect)
}

func writeEffect(w *writer, v *switchyard.Effect) {
	w.id("id", v.ID)
	w.text("kind", v.Kind)
	w.someID("interaction", v.Interaction)
	w.instant("created", v.Created)
	w.number("attempt", int64(v.Attempt))
	w.instant("due", v.Due)
	w.someInstant("deadline", v.Deadline)
	w.someText("lane", v.Lane)
	w.someText("provider", v.Provider)
	w.someText("externalid", v.ExternalID)
	w.someText("notification", v.Notification)
	w.someText("agent", v.Agent)
	w.someText("agentid", v.AgentID)
	w.someText("gateway", v.Gateway)
	w.someText("from", v.From)
	w.someTexts("to", v.To)
	w.someText("message", v.Message)
	w.someText("subject", v.Subject)
	w.someText("html", v.HTML)
	w.someNumber("segments", int64(v.Segments))
	w.someText("encoding", v.Encoding)
	someObject(w, "connector", v.Connector, writeConnectorCall)
	w.someTable("values", v.Values)
}

func writeConnectorCall(w *writer, v *switchyard.ConnectorCall) {
	w.text("host", v.Host)
	w.text("method", v.Method)
	w.text("url", v.URL)
	w.someTable("headers", v.Headers)
	w.someText("body", v.Body)
	w.someTable("result", v.Result)
	w.number("timeoutmillis", v.TimeoutMillis)
	w.someNumber("retries", int64(v.Retries))
}

func writeExchange(w *writer, v *switchyard.Exchange) {
	w.text("method", v.Method)
	w.text("url", v.URL)
	w.someTable("requestheaders", v.RequestHeaders)
	w.someText("requestbody", v.RequestBody)
	w.someNumber("status", int64(v.Status))
	w.someTable("answerheaders", v.AnswerHeaders)
	w.someText("answerbody", v.AnswerBody)
}

func writeEffectDue(w *writer, v *switchyard.EffectDue) {
	w.id("effect", v.Effect)
	w.number("attempt", int64(v.Attempt))
}

func writeEffectFinished(w *writer, v *switchyard.EffectFinished) {
	w.id("effect", v.Effect)
	w.number("attempt", int64(v.Attempt))
	w.truth("ok", v.OK)
	w.someNumber("status", int64(v.Status))
	w.someText("detail", v.Detail)
	w.number("tookmillis", v.TookMillis)
	w.someTruth("timeout", v.Timeout)
	someObject(w, "exchange", v.Exchange, writeExchange)
	w.someText("messageid", v.MessageID)
}
