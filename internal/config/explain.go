package config

import (
	"slices"
	"strings"

	"switchyard"
	"switchyard/internal/core/plan"
)

// about is what the JSON Schema and the reference say of a member.
type about struct {
	text      string
	otherwise string   // the default
	choices   []string // what it may be, if that is a closed list
	least     int
	most      int // 0 = no bounds
	required  bool
}

// abouts explains every member of the document, by memberKey. A test holds it against the Go types.
func abouts() map[string]about {
	scopes := make([]string, len(switchyard.Scopes))
	for i, s := range switchyard.Scopes {
		scopes[i] = string(s)
	}
	all := map[string]about{}
	for _, part := range []map[string]about{aboutSettings, aboutPeople(scopes), aboutWays, aboutApplets()} {
		for key, a := range part {
			all[key] = a
		}
	}
	return all
}

var aboutSettings = map[string]about{
	"account.account":      {text: "The account's name: 1 to 63 of a–z, 0–9, - and _.", required: true},
	"account.settings":     {text: "Settings of the whole account."},
	"account.presences":    {text: "Presences beside the built-in Ready, Away, Extended Away, Logged Out and No Answer."},
	"account.groups":       {text: "Groups of agents; a queue may be for some groups only."},
	"account.skills":       {text: "Skills that interactions ask for and agents have."},
	"account.agents":       {text: "The users of the account; those with role agent are offered work."},
	"account.dispositions": {text: "What an agent may say became of an interaction."},
	"account.schedules":    {text: "When the account is open: hours, holidays and exceptions in a time zone. They act at once."},
	"account.secrets":      {text: "Credentials that gateways and data connectors read as #(name). They are sealed and never shown. A value may be env:NAME or file:PATH."},
	"account.gateways":     {text: "Ways messages go out."},
	"account.plans":        {text: "Interaction plans: what happens to an interaction."},
	"account.routes":       {text: "Named routes: where interactions come in."},
	"account.providers":    {text: "Providers registered by this file. One whose entry changed acts as a register call; one that is not listed is left alone."},
	"account.clients":      {text: "Programs that call the API."},

	"settings.capacity":        {text: "How much of an agent one interaction takes, in percent, by class."},
	"settings.order":           {text: "Order of waiting interactions: strictly by band, or by age weighted by band.", otherwise: "band", choices: orders},
	"settings.noanswer":        {text: "How long an agent that did not answer stays in No Answer.", otherwise: "180s"},
	"settings.grace":           {text: "How long an agent's desktop may be silent before it counts as lost; 0s asks for no heartbeat.", otherwise: "60s"},
	"settings.cooldown":        {text: "How long an agent is not offered what it declined.", otherwise: "30s"},
	"settings.transfertimeout": {text: "How long a transferred interaction waits for that agent.", otherwise: "3600s"},
	"settings.parktimeout":     {text: "How long an interaction may stay parked before it is queued again.", otherwise: "7d"},
	"settings.maxlive":         {text: "Live interactions at most; further ones are answered 503.", otherwise: "5000000", least: 1},
	"settings.retention":       {text: "How long what is kept."},
	"settings.fairuse":         {text: "Limit on the calls of one API client to the contract's endpoints; left out = none."},

	"settings.connectors": {text: "Where data connectors may reach, and when a host counts as down."},

	"settings.oidc": {text: "An OpenID Connect provider where the users may sign in. Users are those of agents; who is not among them gets nowhere."},

	"oidc.issuer": {text: "The provider's issuer, an https URL; its discovery document is beneath it.", required: true},
	"oidc.client": {text: "The client id that Switchyard has there. The address it lets users come back to is /auth/oidc/callback of the server.", required: true},
	"oidc.secret": {text: "The client's secret; left out for a public client, which PKCE protects. It is sealed and never shown. May be env:NAME or file:PATH."},
	"oidc.claim":  {text: "The claim of the ID token that is the username here. With email, the provider must say that the address is verified.", otherwise: "preferred_username"},

	"connectors.allow":   {text: "Hosts: crm.example.com, or *.example.com for all below it; with a port, that port only.", otherwise: "every host the server lets them"},
	"connectors.breaker": {text: "When requests to a host fail at once for a while, because it is down. Each host has its own."},

	"capacity.live":    {text: "Size of a live interaction in percent.", otherwise: "100", least: 51, most: 100},
	"capacity.chat":    {text: "Size of a chat in percent.", otherwise: "33", least: 1, most: 100},
	"capacity.nonlive": {text: "Size of a nonlive interaction in percent.", otherwise: "20", least: 1, most: 100},

	"retention.journal":       {text: "The journal and the event feed; at least 3d.", otherwise: "35d"},
	"retention.history":       {text: "Ended interactions.", otherwise: "400d"},
	"retention.notifications": {text: "Callbacks and their attempts.", otherwise: "31d"},
	"retention.invocations":   {text: "What was asked of the API and how it was answered.", otherwise: "31d"},
	"retention.requestids":    {text: "Request ids, by which repeated requests are recognised.", otherwise: "31d"},

	"fairuse.rate":  {text: "Calls a second.", required: true},
	"fairuse.burst": {text: "Calls at once.", otherwise: "one second's worth", least: 1},

	"presence.name":     {text: "The presence's name.", required: true},
	"presence.category": {text: "What it means for routing: only agents in category Ready are offered work.", choices: categories, required: true},
}

func aboutPeople(scopes []string) map[string]about {
	return map[string]about{
		"agent.username":  {text: "The name the agent signs in with and is addressed by.", required: true},
		"agent.displayid": {text: "AgentId in callbacks.", otherwise: "the username"},
		"agent.name":      {text: "The name people see.", otherwise: "the username"},
		"agent.password":  {text: "The password, env:NAME or file:PATH; stored as an argon2id hash. Left out: unchanged, or none."},
		"agent.roles":     {text: "What the user may do.", otherwise: "[agent]", choices: roles},
		"agent.skills":    {text: "Skill → level 1 to 10, nothing meaning 5; or a list of skills."},
		"agent.groups":    {text: "Groups the agent is in."},
		"agent.capacity":  {text: "The agent's own sizes; what is left out is as in settings."},

		"provider.name":     {text: "The provider's name, which invoke calls give.", required: true},
		"provider.endpoint": {text: "https URL that gets the callbacks; left out = no callbacks."},
		"provider.headers":  {text: "HTTP headers of every callback, with values that may be env:NAME or file:PATH. They are sealed and never shown."},
		"provider.agentactionspermitted": {text: "What agents may do with the provider's interactions: 1 = permitted. What is not listed is not.",
			choices: []string{"release", "hold", "transferToAgent", "transferToRoute"}},

		"client.id":     {text: "The client's id, unique on the server.", required: true},
		"client.secret": {text: "The client's secret, env:NAME or file:PATH; stored as a hash. Left out: unchanged."},
		"client.scopes": {text: "What the client may do.", choices: scopes, required: true},
	}
}

var aboutWays = map[string]about{
	"schedule.name":       {text: "The schedule's name, which a schedulerouter gives.", required: true},
	"schedule.timezone":   {text: "Name of the IANA time-zone data, such as Europe/Berlin or UTC; the data is part of the program.", required: true},
	"schedule.hours":      {text: "Days → ranges of hours by the wall clock. Days are mon, mon-fri or mon,wed; each is named once. Ranges are 08:00-12:00, over midnight 22:00-06:00 (of the day it begins on), the whole day 00:00-24:00. A day that is not named is closed."},
	"schedule.holidays":   {text: "Dates on which the exit holiday is taken, from midnight to midnight."},
	"schedule.exceptions": {text: "Dates with hours of their own. They win over holidays and weekly hours."},
	"schedule.calendar":   {text: "More holidays: an iCalendar text, or file:PATH of an .ics file, which the command reads. Its all-day events become holidays; those that come every year as well. What is published and shown holds the dates."},

	"holiday.date": {text: "2026-12-25, or 12-25 for every year.", required: true},
	"holiday.name": {text: "What day it is, for people."},

	"exception.date":  {text: "2026-12-24, or 12-24 for every year; the one of the year wins.", required: true},
	"exception.name":  {text: "What day it is, for people."},
	"exception.hours": {text: "Ranges of hours, as in hours; none = closed all day."},

	"gateways.sms":   {text: "SMS gateways by name."},
	"gateways.email": {text: "E-mail gateways by name."},

	"gateway.type":    {text: "log writes the message to the log and the event; http sends a request (SMS); vonage and twilio send SMS through those vendors; smtp hands the message to a mail server (e-mail).", choices: gatewayTypes, required: true},
	"gateway.method":  {text: "Method of the request.", otherwise: "POST", choices: gatewayMethods},
	"gateway.url":     {text: "Where the request goes. $(From), $(To), $(Message) and #(secret) are filled in; scheme and host are literal or #(secret). A URL is shown to readers of the account, so credentials go into secrets."},
	"gateway.headers": {text: "Headers of the request, with the same fillings. They are sealed and never shown."},
	"gateway.body":    {text: "Body of the request, with the same fillings. It is sealed and never shown."},
	"gateway.timeout": {text: "How long the request, or the talk with the mail server, may take, 100ms to 1m.", otherwise: "10s"},

	"gateway.host":     {text: "smtp: the mail server's name."},
	"gateway.port":     {text: "smtp: its port.", otherwise: "587, or 465 with tls: tls", most: 65535},
	"gateway.tls":      {text: "smtp: starttls encrypts after the greeting, and fails where the server cannot; tls encrypts from the first byte; none is for a mail server on this machine.", otherwise: "starttls", choices: mailTLS},
	"gateway.username": {text: "smtp: the name to sign in with, or #(secret); left out = no sign-in."},
	"gateway.password": {text: "smtp: its password, env:NAME, file:PATH or #(secret). It is sealed and never shown."},

	"gateway.from":             {text: "smtp, vonage and twilio: sender of messages that name none."},
	"gateway.api":              {text: "vonage: the SMS API or the Messages API.", otherwise: vonageSMS, choices: vonageAPIs},
	"gateway.key":              {text: "vonage: the API key, or #(secret)."},
	"gateway.sid":              {text: "twilio: the account SID, or #(secret)."},
	"gateway.secret":           {text: "vonage: the API secret; twilio: the auth token; env:NAME, file:PATH or #(secret). It is sealed and never shown. Left out: unchanged."},
	"gateway.signature":        {text: "vonage: the signature secret, which delivery receipts are checked with; without it none are asked for. env:NAME, file:PATH or #(secret); sealed and never shown. Left out: unchanged."},
	"gateway.signaturemethod":  {text: "vonage: how the SMS API signs receipts, as the vendor's dashboard has it.", otherwise: signatureMethods[0], choices: signatureMethods},
	"gateway.messagingservice": {text: "twilio: SID of the messaging service that chooses the sender of messages that name none."},
	"gateway.rate":             {text: "Messages a second at most, 0.01 to 1000.", otherwise: "as fast as the other side answers"},
	"gateway.breaker":          {text: "When attempts fail at once for a while, because the other side is down."},
	"breaker.failures":         {text: "After so many attempts in a row that got no answer or a 5xx; 0 = never.", otherwise: "5", most: 1000},
	"breaker.pause":            {text: "For so long, 100ms to 1h; then one attempt tries again.", otherwise: "30s"},

	"plan.name":    {text: "The plan's name.", required: true},
	"plan.start":   {text: "The applet at which interactions enter.", required: true},
	"plan.applets": {text: "The plan's steps by name.", required: true},

	"route.name":        {text: "The route's name, which invoke calls give.", required: true},
	"route.plan":        {text: "The plan its interactions run.", required: true},
	"route.after":       {text: "A plan run, unattended, when the interaction has ended; it holds no queue."},
	"route.datasources": {text: "Data sources its interactions begin with. Of the built-in ones only Language can be set."},
	"route.test":        {text: "A second plan for listed callers: what you try out before everybody enters it."},

	"test.plan":    {text: "The plan that the test callers enter, by the route and by a transfer to it.", required: true},
	"test.callers": {text: "Their clids. Numbers compare by their digits, without spaces, punctuation and the leading plus; other text without case.", required: true},
}

func aboutApplets() map[string]about {
	bands := []string{"Highest", "Higher", "Normal", "Lower", "Lowest"}
	return map[string]about{
		"applet.type":          {text: "What the applet does.", choices: plan.Types(), required: true},
		"applet.next":          {text: "The applet that follows; left out, the plan ends."},
		"applet.on":            {text: "Other exits: exit → applet."},
		"applet.accept":        {text: "manual rings at the agent; auto connects at once.", otherwise: plan.AcceptManual, choices: []string{plan.AcceptManual, plan.AcceptAuto}},
		"applet.ring":          {text: "How long an offer rings, 1s to 1h; read at the offer.", otherwise: plan.DefaultRing.String()},
		"applet.wrap":          {text: "Time to wrap up after an agent's release; read then.", otherwise: "0s"},
		"applet.groups":        {text: "Only agents in one of these groups; none named = all."},
		"applet.target":        {text: "Wait within which an answer counts for the service level; read when work enters the queue.", otherwise: plan.DefaultTarget.String()},
		"applet.ondecline":     {text: "What becomes of an agent that declines.", otherwise: "unchanged"},
		"applet.onnoanswer":    {text: "What becomes of an agent that does not answer.", otherwise: switchyard.PresenceNoAnswer},
		"applet.duration":      {text: "Longest wait; then the exit duration is taken, if named. Read when work enters the queue; what $(Name) gives is at least 1s, or 0 for none.", otherwise: "none"},
		"applet.maxlength":     {text: "Interactions that may wait here; then the exit full is taken, if named.", otherwise: "none"},
		"applet.disposition":   {text: "Whether wrap-up needs a disposition.", otherwise: "false"},
		"applet.clear":         {text: "Take all skills off first.", otherwise: "false"},
		"applet.skills":        {text: "Skills to put on the interaction."},
		"applet.personalqueue": {text: "Make the interaction wait for one agent."},
		"applet.band":          {text: "The band: " + strings.Join(bands, ", ") + ", 1 to 5, or $(Name)."},
		"applet.values":        {text: "Data source → text to set, with $(Name) filled in."},
		"applet.rules":         {text: "Rules looked at in order; the first that matches leads on, else the exit nomatch."},
		"applet.schedule":      {text: "The schedule that is asked: a name or $(Name). One that is not there counts as closed."},
		"applet.plan":          {text: "The plan to go on with: a name or $(Name)."},
		"applet.for":           {text: "How long to wait; a text that cannot be read does not wait."},
		"applet.until":         {text: "Until when to wait: RFC 3339 or $(Name)."},
		"applet.branches":      {text: "Ways to split over, by weight."},
		"applet.outcome":       {text: "The interaction's outcome.", otherwise: "Other"},
		"applet.gateway":       {text: "Name of the SMS or e-mail gateway."},
		"applet.from":          {text: "Sender of an SMS: at most 11 characters or 20 digits; of an e-mail: an address."},
		"applet.to":            {text: "Recipients: at most 100 numbers or e-mail addresses, separated by commas."},
		"applet.subject":       {text: "Subject of the e-mail, with $(Name) filled in; one line."},
		"applet.text":          {text: "The e-mail as plain text, with $(Name) filled in."},
		"applet.html":          {text: "The e-mail as HTML, with $(Name) filled in; beside text, readers choose."},
		"applet.message":       {text: "The message, with $(Name) filled in."},
		"applet.method":        {text: "Method of the request.", otherwise: "GET, or POST with a body", choices: plan.ConnectorMethods()},
		"applet.url":           {text: "Where the request goes. $(Name) and #(secret) are filled in; scheme and host are literal or #(secret)."},
		"applet.headers":       {text: "Headers of the request, with the same fillings. Credentials are written #(secret)."},
		"applet.body":          {text: "Body of the request, with the same fillings."},
		"applet.timeout":       {text: "How long the answer may take, retries included, 100ms to 1m; then the exit timeout is taken.", otherwise: plan.DefaultConnectorTimeout.String()},
		"applet.retries":       {text: "Further attempts of a GET, HEAD, PUT, DELETE or OPTIONS that failed.", otherwise: "2", most: plan.MaxConnectorRetries},
		"applet.result":        {text: "Data source → what of the answer it is set to: a JSONPath ($.customer.tier), an XPath (/customer/name, xpath:count(//order)), status, header:NAME or body."},

		"reaction.presence": {text: "A presence, or unchanged.", otherwise: "unchanged after a decline, No Answer after no answer"},
		"reaction.for":      {text: "For how long.", otherwise: "settings.noanswer"},

		"skill.name":        {text: "A skill or $(Name).", required: true},
		"skill.expiryafter": {text: "Left out = required; 0 = preferred; else required that many seconds, then preferred. With $(Name) that cannot be read: required.", most: switchyard.MaxTimeoutSeconds},

		"personalqueue.agent":            {text: "A username or $(Name).", required: true},
		"personalqueue.loggedintimeout":  {text: "Seconds to wait while the agent is logged in.", most: switchyard.MaxTimeoutSeconds, required: true},
		"personalqueue.loggedouttimeout": {text: "Seconds to wait while the agent is logged out.", most: switchyard.MaxTimeoutSeconds, required: true},

		"rule.source":   {text: "The data source looked at, or a text with $(Name); with operator, or when instead."},
		"rule.operator": {text: "How it is compared; text without regard to case.", choices: slices.Clone(plan.Operators())},
		"rule.value":    {text: "What it is compared with."},
		"rule.when":     {text: "Instead of source, operator and value: an expression in CEL that is true where the rule matches. It reads data (data.Team, data[\"Case Owner\"]; a missing one is \"\") and now."},
		"rule.next":     {text: "The applet that follows.", required: true},

		"branch.weight": {text: "The branch's share: its weight ÷ the sum of weights.", least: 1, most: 1_000_000, required: true},
		"branch.next":   {text: "The applet that follows.", required: true},
	}
}
