package plan

import (
	"fmt"
	"strings"

	"switchyard"
)

// Length is a length of time among an applet's settings, ready for use: fixed, or read from data
// sources when it is used.
type Length struct {
	Fixed       switchyard.Duration // without a text, and when what the text gives cannot be used
	name, text  string
	least, most switchyard.Duration // bounds of what the text gives
	orZero      bool                // 0 may be given though it is less than the least
	otherwise   string              // what holds instead, in words
}

// Reads reports whether the length is read from data sources. Whoever looks for lengths often asks
// first: an Env costs more than a fixed length.
func (l *Length) Reads() bool { return l.text != "" }

// Read gives the length. One that cannot be used is a fault, in words that quote no value, since a
// value may be personal and the fault stands where nobody looks for that.
func (l *Length) Read(env Env) (d switchyard.Duration, fault string) {
	if !l.Reads() {
		return l.Fixed, ""
	}
	d, wrong := readLength(l.text, env)
	switch {
	case wrong != "":
	case d > l.most:
		wrong = fmt.Sprintf("gives more than %s", l.most)
	case d < l.least && !(d == 0 && l.orZero):
		wrong = fmt.Sprintf("gives less than %s", l.least)
	default:
		return d, ""
	}
	return l.Fixed, fmt.Sprintf("%s %s %s; %s", l.name, l.text, wrong, l.otherwise)
}

func readLength(text string, env Env) (d switchyard.Duration, wrong string) {
	value, err := Expand(text, env)
	if err == nil {
		d, err = switchyard.ParseDuration(strings.TrimSpace(value))
	}
	switch {
	case err == nil:
		return d, ""
	case strings.TrimSpace(value) == "":
		return 0, "gives nothing"
	}
	return 0, "gives no duration"
}

// longest bounds a length that has no bound of its own, as ParseDuration bounds seconds.
const longest = 1e9 * switchyard.Second

// compileLength makes a setting ready that is fixed to a duration when left out.
func compileLength(name string, set *switchyard.Length, fixed switchyard.Duration) Length {
	l := Length{Fixed: fixed, name: name, most: longest, otherwise: fmt.Sprintf("%s holds", fixed)}
	switch {
	case set == nil:
	case set.Text != "":
		l.text = set.Text
	default:
		l.Fixed = set.Fixed
	}
	return l
}

// within narrows what a text may give.
func (l Length) within(least, most switchyard.Duration) Length {
	l.least, l.most = least, most
	return l
}

// orElse says what holds instead of a text that cannot be used.
func (l Length) orElse(words string) Length {
	l.otherwise = words
	return l
}

// seconds gives a number of seconds that may be read from data sources.
func seconds(name string, set switchyard.Seconds, env Env) (n int64, fault string) {
	if set.Text == "" {
		return set.Fixed, ""
	}
	value, err := Expand(set.Text, env)
	if err == nil {
		if n, err = switchyard.ParseSeconds(strings.TrimSpace(value)); err == nil {
			return n, ""
		}
	}
	wrong := fmt.Sprintf("gives no whole seconds from 0 to %d", switchyard.MaxTimeoutSeconds)
	if strings.TrimSpace(value) == "" {
		wrong = "gives nothing"
	}
	return 0, fmt.Sprintf("%s %s %s", name, set.Text, wrong)
}
