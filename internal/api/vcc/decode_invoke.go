package vcc

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"unicode/utf8"

	"github.com/go-json-experiment/json/jsontext"

	"switchyard"
)

// The members of a call, of a request and of what a request holds, in the order of the constants
// beneath each.
var (
	invokeNames = names{"provider", "requests"}

	requestNames = names{"action", "requestid", "externalid", "route", "linkeddata", "routingdata"}

	linkedNames = names{"type", "value", "label", "key", "owner"}

	routingNames = names{"interactiontype", "skills", "personalqueue"}

	skillNames = names{"name", "expiryafter"}

	personalNames = names{"agent", "loggedintimeout", "loggedouttimeout"}
)

const (
	invokeProvider = iota
	invokeRequests
)

const (
	requestAction = iota
	requestRequestID
	requestExternalID
	requestRoute
	requestLinked
	requestRouting
)

const (
	linkedType = iota
	linkedValue
	linkedLabel
	linkedKey
	linkedOwner
)

const (
	routingClass = iota
	routingSkills
	routingPersonal
)

const (
	skillName = iota
	skillExpiry
)

const (
	personalAgent = iota
	personalLoggedIn
	personalLoggedOut
)

// invokeDecoder reads the body of an invoke call in one pass. Its scratch lists keep their room
// from call to call; what it answers shares no memory with them or with the body.
type invokeDecoder struct {
	reader
	requests []switchyard.Request
	linked   []switchyard.Linked
	skills   []switchyard.Skill

	element int    // the request being read
	within  string // the list or object inside it, with its dot: ".linkeddata"
	item    int    // the element of that list, -1 for an object
	fault   switchyard.FaultNote
	typed   switchyard.FaultNote // the first fault of the kind that fails every request
}

var invokeDecoders = sync.Pool{New: func() any { return new(invokeDecoder) }}

// decodeInvoke reads an invoke call. An error refuses the whole call; what is wrong with one
// request alone stands in its Fault.
func decodeInvoke(body []byte) (*switchyard.Invoke, error) {
	d := invokeDecoders.Get().(*invokeDecoder)
	defer invokeDecoders.Put(d)
	d.reset(body)
	call, err := d.call()
	d.requests, d.linked, d.skills = emptied(d.requests), emptied(d.linked), emptied(d.skills)
	if err != nil {
		return nil, err
	}
	return call, nil
}

// maxScratch bounds the room a scratch list keeps.
const maxScratch = 1024

// emptied forgets what a scratch list holds and keeps its room, unless that is too much to keep.
func emptied[T any](scratch []T) []T {
	if cap(scratch) > maxScratch {
		return nil
	}
	clear(scratch)
	return scratch[:0]
}

func (d *invokeDecoder) call() (*switchyard.Invoke, error) {
	if k := d.peek(); k != '{' {
		return nil, d.notObject("the body", k)
	}
	call := new(switchyard.Invoke)
	err := d.members(invokeNames, func(member int) error {
		if member == invokeProvider {
			return d.provider(&call.Provider)
		}
		return d.list()
	})
	if err != nil {
		return nil, err
	}
	if err := d.finish(); err != nil {
		return nil, err
	}
	if len(d.requests) == 0 {
		return nil, switchyard.Refuse(switchyard.Malformed,
			"requests must be an array with at least one object")
	}
	call.Requests = slices.Clone(d.requests)
	return call, nil
}

// provider reads the call's provider: being wrong it concerns every request, so it refuses the call.
func (d *invokeDecoder) provider(into *string) error {
	if k := d.peek(); k != '"' && isValue(k) {
		return d.refuse("provider must be a string, not %s", kindName(k))
	}
	var err error
	*into, err = d.text()
	return err
}

func (d *invokeDecoder) list() error {
	if k := d.peek(); k != '[' && isValue(k) {
		return d.refuse("requests must be an array of objects, not %s", kindName(k))
	}
	if err := d.enter(); err != nil {
		return err
	}
	for d.element = 0; ; d.element++ {
		switch k := d.peek(); k {
		case ']':
			return d.leave()
		case '{':
			if err := d.request(); err != nil {
				return err
			}
		default:
			return d.notObject(fmt.Sprintf("requests[%d]", d.element), k)
		}
	}
}

// notObject refuses a call with something else where an object has to be.
func (r *reader) notObject(what string, k jsontext.Kind) error {
	if !isValue(k) {
		_, err := r.scalar()
		return err
	}
	return r.refuse("%s must be an object, not %s", what, kindName(k))
}

// noFault is the rank of a request without fault: behind all others.
const noFault = switchyard.RankPersonal + 1

func (d *invokeDecoder) request() error {
	d.fault = switchyard.FaultNote{Rank: noFault}
	d.typed = d.fault
	d.within, d.item = "", -1
	d.requests = append(d.requests, switchyard.Request{})
	q := &d.requests[len(d.requests)-1]
	err := d.members(requestNames, func(member int) error { return d.member(q, member) })
	if err != nil {
		return err
	}
	if d.fault.Rank != noFault {
		fault := d.fault
		if fault.Code != switchyard.MemberInvalid {
			fault.Mistyped = d.typed.Detail
		}
		q.Fault = &fault
	}
	return nil
}

func (d *invokeDecoder) member(q *switchyard.Request, member int) error {
	switch member {
	case requestAction:
		return d.action(q)
	case requestRequestID:
		return d.id(&q.RequestID, switchyard.RankRequestID, switchyard.RequestIDInvalid, "requestid")
	case requestExternalID:
		return d.id(&q.ExternalID, switchyard.RankExternalID, switchyard.ExternalIDInvalid, "externalid")
	case requestRoute:
		return d.string(&q.Route, switchyard.RankRoute, "route")
	case requestLinked:
		return d.linkedData(q)
	default:
		return d.routingData(q)
	}
}

// blame notes a fault of the request being read, unless one of an earlier row of the contract's
// table, or an earlier one of the same row, is known. The first member_invalid is noted beside it,
// because it fails a release too, which the other faults of what only a dispatch needs do not.
func (d *invokeDecoder) blame(rank int, code switchyard.Code, member, format string, args ...any) {
	first, typed := rank < d.fault.Rank, code == switchyard.MemberInvalid && rank < d.typed.Rank
	if !first && !typed {
		return
	}
	fault := switchyard.FaultNote{Code: code, Detail: d.path(member) + " " + fmt.Sprintf(format, args...), Rank: rank}
	if first {
		d.fault = fault
	}
	if typed {
		d.typed = fault
	}
}

// path names a member of what is being read: "requests[3].linkeddata[0].value".
func (d *invokeDecoder) path(member string) string {
	var b strings.Builder
	fmt.Fprintf(&b, "requests[%d]%s", d.element, d.within)
	if d.item >= 0 {
		fmt.Fprintf(&b, "[%d]", d.item)
	}
	if member != "" {
		b.WriteString("." + member)
	}
	return b.String()
}

// mistyped notes a value of the wrong kind and passes over it.
func (d *invokeDecoder) mistyped(rank int, code switchyard.Code, member, want string) error {
	d.blame(rank, code, member, "must be %s, not %s", want, kindName(d.peek()))
	return d.skip()
}

// string reads a string member.
func (d *invokeDecoder) string(into *string, rank int, member string) error {
	if d.peek() != '"' {
		return d.mistyped(rank, switchyard.MemberInvalid, member, "a string")
	}
	var err error
	*into, err = d.text()
	return err
}

// id reads an id: a string, or a number taken as the text it is written in.
func (d *invokeDecoder) id(into *string, rank int, code switchyard.Code, member string) error {
	kind := d.peek()
	if kind != '"' && kind != '0' {
		return d.mistyped(rank, code, member, "a string or a number")
	}
	raw, err := d.scalar()
	if err != nil {
		return err
	}
	text := []byte(raw)
	if kind == '"' {
		text = d.unquote(raw)
	}
	if len(text) > switchyard.MaxIDBytes {
		d.blame(rank, code, member, "is %d bytes long; at most %d are possible", len(text), switchyard.MaxIDBytes)
		return nil
	}
	*into = string(text)
	return nil
}

// The words a request may say, in lower case; any case is read.
var (
	actionWords = names{"dispatch", "release"}
	classWords  = names{"live", "chat", "nonlive"}
	linkedWords = names{"clid", "name", "mediatype", "url", "interactionproperty", "object"}
)

// word reads a string that is meant to be one of the words. One of them is answered in lower case,
// another text as it is written; found is true when there is no fault to note.
func (d *invokeDecoder) word(into *string, words names, rank int, member string) (found bool, err error) {
	if d.peek() != '"' {
		return true, d.mistyped(rank, switchyard.MemberInvalid, member, "a string")
	}
	raw, err := d.scalar()
	if err != nil {
		return true, err
	}
	text := d.unquote(raw)
	for _, word := range words {
		if len(word) == len(text) && equalFolded(word, text) {
			*into = word
			return true, nil
		}
	}
	*into = string(text)
	return false, nil
}

func (d *invokeDecoder) action(q *switchyard.Request) error {
	found, err := d.word(&q.Action, actionWords, switchyard.RankAction, "action")
	if !found {
		d.blame(switchyard.RankAction, switchyard.ActionInvalid, "action",
			"is %q; it must be dispatch or release", shortened(q.Action))
	}
	return err
}

// maxQuoted bounds what a detail repeats of a caller's value.
const maxQuoted = 100

// shortened cuts a caller's value to what a detail may repeat, at a character's boundary.
func shortened(text string) string {
	if len(text) <= maxQuoted {
		return text
	}
	cut := maxQuoted
	for !utf8.RuneStart(text[cut]) {
		cut--
	}
	return text[:cut] + "…"
}

// whole reads a number of seconds from 0 to MaxTimeoutSeconds.
func (d *invokeDecoder) whole(into *int64, rank int, code switchyard.Code, member string) error {
	kind := d.peek()
	if kind != '"' && kind != '0' {
		return d.mistyped(rank, switchyard.MemberInvalid, member, "a whole number")
	}
	raw, err := d.scalar()
	if err != nil {
		return err
	}
	text := []byte(raw)
	if kind == '"' {
		text = d.unquote(raw)
	}
	n, ok := parseWhole(string(text), kind == '"')
	if !ok || n < 0 || n > switchyard.MaxTimeoutSeconds {
		d.blame(rank, code, member, "is %s; it must be a whole number of seconds from 0 to %d",
			shortened(string(raw)), switchyard.MaxTimeoutSeconds)
		return nil
	}
	*into = n
	return nil
}
