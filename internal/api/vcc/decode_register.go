package vcc

import (
	"switchyard"
)

var (
	registerNames = names{"provider", "endpoint", "headers", "agentactionspermitted"}

	permittedNames = names{"release", "hold", "transfertoagent", "transfertoroute"}
)

const (
	registerProvider = iota
	registerEndpoint
	registerHeaders
	registerPermitted
)

// decodeRegister reads a register call into the form the account file has, so that one function
// checks both. An error refuses the call.
func decodeRegister(body []byte) (switchyard.ProviderEntry, error) {
	var r reader
	var p switchyard.ProviderEntry
	r.reset(body)
	if k := r.peek(); k != '{' {
		return p, r.notObject("the body", k)
	}
	err := r.members(registerNames, func(member int) error {
		switch member {
		case registerProvider:
			return r.stringOf("provider", &p.Name)
		case registerEndpoint:
			return r.stringOf("endpoint", &p.Endpoint)
		case registerHeaders:
			return r.headers(&p)
		default:
			return r.permitted(&p)
		}
	})
	if err == nil {
		err = r.finish()
	}
	return p, err
}

// stringOf reads the string that a member has to be.
func (r *reader) stringOf(what string, into *string) error {
	if k := r.peek(); k != '"' && isValue(k) {
		return r.refuse("%s must be a string, not %s", what, kindName(k))
	}
	var err error
	*into, err = r.text()
	return err
}

// headers reads an object of strings. Names that differ only by case are one header, and refused.
func (r *reader) headers(p *switchyard.ProviderEntry) error {
	p.Headers = map[string]string{}
	return r.entries("headers", func(name string) error {
		var value string
		err := r.stringOf("headers."+shortened(name), &value)
		p.Headers[name] = value
		return err
	})
}

// permitted reads which operations are permitted, 0 or 1 each.
func (r *reader) permitted(p *switchyard.ProviderEntry) error {
	p.AgentActionsPermitted = map[string]int{}
	return r.entries("agentactionspermitted", func(name string) error {
		for _, known := range permittedNames {
			if len(known) == len(name) && equalFolded(known, []byte(name)) {
				value, err := r.bit("agentactionspermitted." + name)
				p.AgentActionsPermitted[known] = value
				return err
			}
		}
		return r.refuse("agentactionspermitted.%s is unknown; the operations are release, hold, "+
			"transferToAgent and transferToRoute", shortened(name))
	})
}

// entries reads an object whose names are the caller's own, each not null entry by read.
func (r *reader) entries(what string, read func(name string) error) error {
	if k := r.peek(); k != '{' {
		return r.notObject(what, k)
	}
	if err := r.enter(); err != nil {
		return err
	}
	var o object
	for r.peek() != '}' {
		raw, err := r.scalar()
		if err != nil {
			return err
		}
		name := string(r.unquote(raw))
		if _, err := r.admit(&o, []byte(name)); err != nil {
			return err
		}
		if r.peek() == 'n' {
			err = r.skip()
		} else {
			err = read(name)
		}
		if err != nil {
			return err
		}
	}
	return r.leave()
}

// bit reads 0 or 1: a number, its string, or a boolean.
func (r *reader) bit(what string) (int, error) {
	kind := r.peek()
	if kind == '{' || kind == '[' {
		return 0, r.refuse("%s must be 0 or 1, not %s", what, kindName(kind))
	}
	raw, err := r.scalar()
	if err != nil {
		return 0, err
	}
	switch {
	case kind == 't':
		return 1, nil
	case kind == 'f':
		return 0, nil
	}
	text := []byte(raw)
	if kind == '"' {
		text = r.unquote(raw)
	}
	if n, ok := parseWhole(string(text), kind == '"'); ok && (n == 0 || n == 1) {
		return int(n), nil
	}
	return 0, r.refuse("%s must be 0 or 1, not %s", what, shortened(string(raw)))
}
