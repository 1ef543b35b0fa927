package plan

import (
	"fmt"
	"strings"

	"switchyard"
)

// operators compare a data source with a rule's value. Texts compare without case; gt, ge, lt and
// le compare as numbers when both sides are decimal numbers.
var operators = []struct {
	name    string
	compare func(have, want string) bool
	alone   bool // takes no value
}{
	{"equals", func(have, want string) bool { return have == want }, false},
	{"notequals", func(have, want string) bool { return have != want }, false},
	{"contains", strings.Contains, false},
	{"notcontains", func(have, want string) bool { return !strings.Contains(have, want) }, false},
	{"startswith", strings.HasPrefix, false},
	{"isnull", func(have, _ string) bool { return have == "" }, true},
	{"isnotnull", func(have, _ string) bool { return have != "" }, true},
	{"gt", func(have, want string) bool { return order(have, want) > 0 }, false},
	{"ge", func(have, want string) bool { return order(have, want) >= 0 }, false},
	{"lt", func(have, want string) bool { return order(have, want) < 0 }, false},
	{"le", func(have, want string) bool { return order(have, want) <= 0 }, false},
}

// Operators lists the operators of a datarouter's rules.
func Operators() []string {
	names := make([]string, len(operators))
	for i, o := range operators {
		names[i] = o.name
	}
	return names
}

// route takes the exit of the first rule that matches. An expression that fails does not match; the
// step tells of the first few.
func (a *Applet) route(c Context) Step {
	exit, faults, spent := ExitNoMatch, []string(nil), uint64(0)
	for i := range a.set.Rules {
		var match bool
		if a.when != nil && a.when[i] != nil {
			var fault string
			if match, fault = a.when[i].matches(c, &spent); fault != "" && len(faults) < maxWhenFaults {
				faults = append(faults, fmt.Sprintf("%s does not match: %s", ruleExit(i), fault))
			}
		} else {
			var err error
			if match, err = matches(&a.set.Rules[i], c.Env); err != nil {
				return a.Fail(fmt.Sprintf("%s: %v", ruleExit(i), err))
			}
		}
		if match {
			exit = ruleExit(i)
			break
		}
	}
	s := a.Leave(exit)
	s.Fault = strings.Join(faults, "; ")
	return s
}

// matches reads the source, which is the name of a data source or a text with $(..), and compares.
// A data source that is missing is the same as an empty one.
func matches(rule *switchyard.Rule, env Env) (bool, error) {
	have, err := read(rule.Source, env)
	if err != nil {
		return false, err
	}
	want, err := Expand(rule.Value, env)
	if err != nil {
		return false, err
	}
	for _, o := range operators {
		if o.name == rule.Operator {
			return o.compare(switchyard.CaseKey(have), switchyard.CaseKey(want)), nil
		}
	}
	panic("rule with operator " + rule.Operator + " passed the checker")
}

func read(source string, env Env) (string, error) {
	if isTemplate(source) {
		return Expand(source, env)
	}
	value, _ := env.Value(source)
	return value, nil
}

// order compares exactly, digit by digit, when both texts are decimal numbers, else as texts.
func order(a, b string) int {
	x, xok := parseDecimal(a)
	y, yok := parseDecimal(b)
	if !xok || !yok {
		return strings.Compare(a, b)
	}
	return x.compare(y)
}

// decimal is a number of any length: its digits before the point without leading zeros, and those
// after it without trailing ones.
type decimal struct {
	negative        bool
	whole, fraction string
}

// parseDecimal reads an optional sign, digits and an optional point followed by digits.
func parseDecimal(text string) (d decimal, ok bool) {
	text = strings.TrimSpace(text)
	if text != "" && (text[0] == '-' || text[0] == '+') {
		d.negative = text[0] == '-'
		text = text[1:]
	}
	whole, fraction, point := strings.Cut(text, ".")
	if !digits(whole) || point && !digits(fraction) {
		return decimal{}, false
	}
	d.whole = strings.TrimLeft(whole, "0")
	d.fraction = strings.TrimRight(fraction, "0")
	if d.whole == "" && d.fraction == "" {
		d.negative = false
	}
	return d, true
}

// digits reports whether text is one ASCII digit or more, and nothing else.
func digits(text string) bool {
	for i := range len(text) {
		if text[i] < '0' || text[i] > '9' {
			return false
		}
	}
	return text != ""
}

func (d decimal) compare(e decimal) int {
	switch {
	case d.negative && !e.negative:
		return -1
	case !d.negative && e.negative:
		return 1
	case d.negative:
		return e.magnitude(d)
	}
	return d.magnitude(e)
}

// magnitude compares without the signs: more digits before the point is more.
func (d decimal) magnitude(e decimal) int {
	if len(d.whole) != len(e.whole) {
		return len(d.whole) - len(e.whole)
	}
	if c := strings.Compare(d.whole, e.whole); c != 0 {
		return c
	}
	return strings.Compare(d.fraction, e.fraction)
}
