package switchyard

import "fmt"

// Kind groups error codes by what a caller can do; httpx maps each kind to one HTTP status.
type Kind uint8

// The kinds of errors, with the status of the native API.
const (
	KindInternal      Kind = iota // 500
	KindMalformed                 // 400
	KindUnauthorized              // 401
	KindForbidden                 // 403
	KindNotFound                  // 404
	KindConflict                  // 409
	KindGone                      // 410
	KindUnprocessable             // 422
	KindTooMany                   // 429
	KindBusy                      // 503
	KindPrecondition              // 412
)

// Code is a stable snake_case word for one way to be refused.
type Code string

// Error is a refusal: nothing changed. Detail says what was wrong, where, and what to do.
type Error struct {
	Code   Code
	Detail string
}

func (e *Error) Error() string { return string(e.Code) + ": " + e.Detail }

// Kind looks the code up in Codes.
func (e *Error) Kind() Kind { return Codes[e.Code].Kind }

// Refuse makes an Error; the detail is formatted as by fmt.Sprintf.
func Refuse(code Code, format string, args ...any) *Error {
	if _, known := Codes[code]; !known {
		panic("error code " + string(code) + " is not in the table")
	}
	return &Error{Code: code, Detail: fmt.Sprintf(format, args...)}
}

// CodeInfo documents a code.
type CodeInfo struct {
	Kind    Kind
	Summary string
}

// The codes with which requests of an invoke call fail (CONTRACT.md §3), then those of the native
// API, of actions and of the server itself.
const (
	RouteRequired           Code = "route_required"
	RouteUnknown            Code = "route_unknown"
	ActionInvalid           Code = "action_invalid"
	ExternalIDRequired      Code = "externalid_required"
	ExternalIDInvalid       Code = "externalid_invalid"
	ExternalIDInUse         Code = "externalid_in_use"
	InteractionNotFound     Code = "interaction_not_found"
	ProviderUnknown         Code = "provider_unknown"
	SkillUnknown            Code = "skill_unknown"
	AgentUnknown            Code = "agent_unknown"
	LinkedDataInvalid       Code = "linkeddata_invalid"
	ValueTooLong            Code = "value_too_long"
	InteractionTypeInvalid  Code = "interactiontype_invalid"
	ExpiryAfterInvalid      Code = "expiryafter_invalid"
	TimeoutInvalid          Code = "timeout_invalid"
	PersonalQueueIncomplete Code = "personalqueue_incomplete"
	RequestIDInvalid        Code = "requestid_invalid"
	MemberInvalid           Code = "member_invalid"

	Malformed            Code = "malformed"
	Unauthorized         Code = "unauthorized"
	Forbidden            Code = "forbidden"
	NotFound             Code = "not_found"
	MethodNotAllowed     Code = "method_not_allowed"
	NotPermitted         Code = "not_permitted"
	WrongState           Code = "wrong_state"
	NotYours             Code = "not_yours"
	NoRoom               Code = "no_room"
	TransferToSelf       Code = "transfer_to_self"
	DispositionRequired  Code = "disposition_required"
	DispositionUnknown   Code = "disposition_unknown"
	PresenceUnknown      Code = "presence_unknown"
	PresenceReserved     Code = "presence_reserved"
	BandInvalid          Code = "band_invalid"
	ProviderInUse        Code = "provider_in_use"
	AccountMismatch      Code = "account_mismatch"
	ConfigInvalid        Code = "config_invalid"
	ConfigVersionUnknown Code = "config_version_unknown"
	DraftChanged         Code = "draft_changed"
	DraftOutdated        Code = "draft_outdated"
	TooManyDrafts        Code = "too_many_drafts"
	ClientIDTaken        Code = "client_id_taken"
	SecretNotAllowed     Code = "secret_not_allowed"
	IdempotencyMismatch  Code = "idempotency_mismatch"
	NotEnded             Code = "not_ended"
	CursorExpired        Code = "cursor_expired"
	ZoneUnknown          Code = "zone_unknown"
	ReportTooLarge       Code = "report_too_large"
	NotFailed            Code = "not_failed"
	PasswordWrong        Code = "password_wrong"
	PasswordInvalid      Code = "password_invalid"
	ManualClockOnly      Code = "manual_clock_only"
	TooManyRequests      Code = "too_many_requests"
	TooManyLive          Code = "too_many_live"
	Busy                 Code = "busy"
	StorageUnavailable   Code = "storage_unavailable"
	Internal             Code = "internal"
)

// Codes is the one table of error codes. docs/reference/errors.md is made from it.
var Codes = map[Code]CodeInfo{
	RouteRequired:           {KindUnprocessable, "A dispatch names no route."},
	RouteUnknown:            {KindUnprocessable, "No route of the account has this name."},
	ActionInvalid:           {KindUnprocessable, "The action is neither dispatch nor release."},
	ExternalIDRequired:      {KindUnprocessable, "A release names no externalid."},
	ExternalIDInvalid:       {KindUnprocessable, "The externalid is no string, no number, or longer than 255 bytes."},
	ExternalIDInUse:         {KindConflict, "A live interaction of this provider has this externalid."},
	InteractionNotFound:     {KindNotFound, "No live interaction of this provider has this externalid."},
	ProviderUnknown:         {KindUnprocessable, "No provider of this name is registered."},
	SkillUnknown:            {KindUnprocessable, "No skill of the account has this name."},
	AgentUnknown:            {KindUnprocessable, "No agent of the account has this username."},
	LinkedDataInvalid:       {KindUnprocessable, "A linkeddata entry lacks a member or replaces a built-in data source."},
	ValueTooLong:            {KindUnprocessable, "A clid, name or mediatype is longer than 50 characters, or data sources are too large."},
	InteractionTypeInvalid:  {KindUnprocessable, "The interactiontype is neither live nor chat nor nonlive."},
	ExpiryAfterInvalid:      {KindUnprocessable, "An expiryafter is no whole number from 0 to 2678399."},
	TimeoutInvalid:          {KindUnprocessable, "A personal queue's timeout is no whole number from 0 to 2678399."},
	PersonalQueueIncomplete: {KindUnprocessable, "A personal queue lacks agent, loggedintimeout or loggedouttimeout."},
	RequestIDInvalid:        {KindUnprocessable, "The requestid is no string, no number, or longer than 255 bytes."},
	MemberInvalid:           {KindUnprocessable, "A member of the request has the wrong type."},

	Malformed:            {KindMalformed, "The request cannot be read."},
	Unauthorized:         {KindUnauthorized, "No valid token or session came with the request."},
	Forbidden:            {KindForbidden, "The caller's scope or role does not allow this."},
	NotFound:             {KindNotFound, "Nothing has this id or name."},
	MethodNotAllowed:     {KindMalformed, "The path exists, the method does not."},
	NotPermitted:         {KindForbidden, "The interaction's provider does not permit agents this action."},
	WrongState:           {KindConflict, "The interaction's state does not allow the action."},
	NotYours:             {KindConflict, "The interaction is with another agent, or with none."},
	NoRoom:               {KindConflict, "The agent has no room for the interaction."},
	TransferToSelf:       {KindConflict, "The interaction is with the agent it should be transferred to."},
	DispositionRequired:  {KindUnprocessable, "The queue requires a disposition."},
	DispositionUnknown:   {KindUnprocessable, "No disposition of the account has this name."},
	PresenceUnknown:      {KindUnprocessable, "No presence of the account has this name."},
	PresenceReserved:     {KindUnprocessable, "Only the router sets this presence."},
	BandInvalid:          {KindUnprocessable, "The band is none of Highest, Higher, Normal, Lower, Lowest."},
	ProviderInUse:        {KindConflict, "Live interactions name the provider."},
	AccountMismatch:      {KindUnprocessable, "The document is of another account than the caller's."},
	ConfigInvalid:        {KindUnprocessable, "The account document has faults; each is listed with its place."},
	ConfigVersionUnknown: {KindUnprocessable, "The account has no config version of this number."},
	DraftChanged:         {KindPrecondition, "The draft is at another revision than the caller's."},
	DraftOutdated:        {KindConflict, "The config in force is newer than the version the draft was begun from."},
	TooManyDrafts:        {KindConflict, "The account has as many drafts as it may."},
	ClientIDTaken:        {KindUnprocessable, "Another account of the server has a client with this id."},
	SecretNotAllowed:     {KindUnprocessable, "env: and file: are resolved by the command, not by the server."},
	IdempotencyMismatch:  {KindUnprocessable, "The Idempotency-Key was used with another request."},
	NotEnded:             {KindConflict, "The interaction has not ended yet."},
	CursorExpired:        {KindGone, "The events at this cursor were removed by retention."},
	PasswordWrong:        {KindForbidden, "The old password is not the user's."},
	PasswordInvalid:      {KindUnprocessable, "The new password is too short or too long."},
	ZoneUnknown:          {KindUnprocessable, "There is no time zone of this name."},
	ReportTooLarge:       {KindUnprocessable, "The report has too many intervals or rows, or too much happened in its range."},
	NotFailed:            {KindConflict, "Only a notification that was delivered or given up can be delivered again."},
	ManualClockOnly:      {KindConflict, "The server runs on the real clock."},
	TooManyRequests:      {KindTooMany, "The caller asked too often."},
	TooManyLive:          {KindBusy, "The account has as many live interactions as its settings allow."},
	Busy:                 {KindBusy, "The account has more work queued than it may; try again."},
	StorageUnavailable:   {KindBusy, "Nothing can be stored at the moment, so nothing is acknowledged."},
	Internal:             {KindInternal, "The server failed; the log has the details under the correlation id."},
}
