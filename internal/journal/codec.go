package journal

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strconv"
	"sync"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"switchyard"
)

// written says how data is marshalled: maps in the order of their keys, so that equal values give
// equal bytes, and text that is no UTF-8 repaired rather than refused, because a row that cannot be
// written would stop its account.
var written = json.JoinOptions(json.Deterministic(true), jsontext.AllowInvalidUTF8(true))

// EncodeInput writes an envelope as the journal keeps it. Its Seq is the row's and stands outside.
func EncodeInput(env *switchyard.Envelope) ([]byte, error) {
	w := getWriter()
	defer putWriter(w)
	w.open()
	w.text("type", env.Input.InputType())
	w.instant("at", env.At)
	w.text("by", env.By)
	w.id("correlation", env.Correlation)
	w.name("entropy")
	w.b = append(strconv.AppendUint(append(w.b, '"'), env.Entropy, 10), '"')
	w.someText("key", env.Key)
	w.someText("body", env.Body)
	w.data(env.Input)
	w.close()
	if w.err != nil {
		return nil, fmt.Errorf("encode input %s: %w", env.Input.InputType(), w.err)
	}
	return bytes.Clone(w.b), nil
}

// EncodeEvents writes the events of one row as a JSON array.
func EncodeEvents(events []switchyard.Event) ([]byte, error) {
	w := getWriter()
	defer putWriter(w)
	w.b = append(w.b, '[')
	for i, e := range events {
		w.comma()
		w.event(e)
		if w.err != nil {
			return nil, fmt.Errorf("encode event %d, %s: %w", i, e.EventType(), w.err)
		}
	}
	w.b = append(w.b, ']')
	return bytes.Clone(w.b), nil
}

// EventData writes what an event says, without its type and whom it is about, as the journal keeps it.
func EventData(e switchyard.Event) ([]byte, error) {
	w := getWriter()
	defer putWriter(w)
	if !w.fast(e) {
		w.marshal(e)
	}
	return bytes.Clone(w.b), w.err
}

func (w *writer) event(e switchyard.Event) {
	w.open()
	w.text("type", e.EventType())
	interaction, agent := e.About()
	w.someID("interaction", interaction)
	w.someText("agent", agent)
	w.data(e)
	w.close()
}

// data writes the last member of an input or event.
func (w *writer) data(v any) {
	w.name("data")
	if !w.fast(v) {
		w.marshal(v)
	}
}

// DecodeInput reads what EncodeInput wrote as row seq.
func DecodeInput(seq switchyard.Seq, input []byte) (*switchyard.Envelope, error) {
	d := getDecoder(input)
	defer putDecoder(d)
	env := &switchyard.Envelope{Seq: seq}
	err := d.object(func(name string) error { return d.envelope(env, name) })
	if err == nil {
		err = d.end()
	}
	if err == nil && env.Input == nil {
		err = errNoData
	}
	if err != nil {
		return nil, fmt.Errorf("decode input of row %d: %w", seq, err)
	}
	return env, nil
}

func (d *decoder) envelope(env *switchyard.Envelope, name string) error {
	switch name {
	case "type":
		return d.text(&d.kind)
	case "at":
		return json.UnmarshalDecode(&d.Decoder, &env.At)
	case "by":
		return d.text(&env.By)
	case "correlation":
		return json.UnmarshalDecode(&d.Decoder, &env.Correlation)
	case "entropy":
		return d.number(&env.Entropy)
	case "key":
		return d.text(&env.Key)
	case "body":
		return d.text(&env.Body)
	case "data":
		empty := switchyard.Inputs[d.kind]
		if empty == nil {
			return unknown("input", d.kind)
		}
		env.Input = empty()
		return json.UnmarshalDecode(&d.Decoder, env.Input)
	}
	return d.SkipValue()
}

// DecodeEvents reads what EncodeEvents wrote.
func DecodeEvents(events []byte) ([]switchyard.Event, error) {
	d := getDecoder(events)
	defer putDecoder(d)
	var all []switchyard.Event
	if err := d.expect('['); err != nil {
		return nil, fmt.Errorf("decode events: %w", err)
	}
	for d.PeekKind() != ']' {
		e, err := d.event()
		if err != nil {
			return nil, fmt.Errorf("decode event %d: %w", len(all), err)
		}
		all = append(all, e)
	}
	if err := d.expect(']'); err != nil {
		return nil, fmt.Errorf("decode events: %w", err)
	}
	if err := d.end(); err != nil {
		return nil, fmt.Errorf("decode events: %w", err)
	}
	return all, nil
}

func (d *decoder) event() (e switchyard.Event, err error) {
	var interaction switchyard.ID
	var agent string
	d.kind = ""
	err = d.object(func(name string) error {
		switch name {
		case "type":
			return d.text(&d.kind)
		case "interaction":
			return json.UnmarshalDecode(&d.Decoder, &interaction)
		case "agent":
			return d.text(&agent)
		case "data":
			empty := switchyard.Placed[d.kind]
			if empty == nil {
				return unknown("event", d.kind)
			}
			e = empty(interaction, agent)
			return json.UnmarshalDecode(&d.Decoder, e)
		}
		return d.SkipValue()
	})
	if err == nil && e == nil {
		err = errNoData
	}
	return e, err
}

var errNoData = errors.New(`the member "data" is missing`)

// unknown tells of a type this binary has no struct for. The type always stands before the data,
// so an empty one means that the row was not written by EncodeInput or EncodeEvents.
func unknown(what, kind string) error {
	if kind == "" {
		return errors.New(`the member "type" must stand before "data"`)
	}
	return fmt.Errorf("%s type %q is not known: %w", what, kind, ErrNewer)
}

// decoder reads the frame around data token by token, so that data is read once, into its type.
type decoder struct {
	jsontext.Decoder
	src  bytes.Reader
	kind string
}

func (d *decoder) expect(kind jsontext.Kind) error {
	t, err := d.ReadToken()
	if err == nil && t.Kind() != kind {
		err = fmt.Errorf("found %s where %s belongs", t.Kind(), kind)
	}
	return err
}

// object calls f for every member; f reads the value.
func (d *decoder) object(f func(name string) error) error {
	if err := d.expect('{'); err != nil {
		return err
	}
	for d.PeekKind() == '"' {
		t, err := d.ReadToken()
		if err != nil {
			return err
		}
		if err := f(t.String()); err != nil {
			return err
		}
	}
	return d.expect('}')
}

func (d *decoder) text(to *string) error {
	t, err := d.ReadToken()
	if err != nil {
		return err
	}
	if t.Kind() != '"' {
		return fmt.Errorf("found %s where a string belongs", t.Kind())
	}
	*to = t.String()
	return nil
}

func (d *decoder) number(to *uint64) (err error) {
	var s string
	if err := d.text(&s); err != nil {
		return err
	}
	*to, err = strconv.ParseUint(s, 10, 64)
	return err
}

func (d *decoder) end() error {
	if _, err := d.ReadToken(); err != io.EOF {
		return errors.New("more follows after the end")
	}
	return nil
}

var decoders = sync.Pool{New: func() any { return new(decoder) }}

func getDecoder(src []byte) *decoder {
	d := decoders.Get().(*decoder)
	d.kind = ""
	d.src.Reset(src)
	d.Decoder.Reset(&d.src, jsontext.AllowDuplicateNames(true))
	return d
}

func putDecoder(d *decoder) {
	d.src.Reset(nil)
	decoders.Put(d)
}
