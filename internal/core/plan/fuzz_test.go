package plan

import (
	"math/big"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"switchyard"
)

// An expression is refused with a reason and a place, or gives the same each time, at a cost that is
// bounded and with a fault short enough for the timeline.
func FuzzWhen(f *testing.F) {
	for _, text := range []string{`data.Team == "EMEA"`, `data["Case Owner"].lowerAscii().startsWith("a")`, `now > timestamp("2026-01-01T00:00:00Z")`, `data.A.contains(data.B)`,
		`data.A.split(",").exists(x, x == data.B)`, `data.A.matches("^[a-z]+$")`, `int(data.A) > 7`, `double(data.A) / 0.0 > 1.0`, `data`, `data == data`, `size(data) > 0`, `"a" in data`, `has(data.A)`,
		`now.getHours("+01:00") < 12`, `now.getHours("Europe/Berlin") < 12`, `duration("1s") < duration(data.A)`, `[1,2].all(x, x > 0)`, `{"a":1}.all(k, true)`, `"%s".format([data.A]) == ""`, `data.A.replace("a", "b") == ""`,
		`data.A[0] == "x"`, `data.A.charAt(100) == ""`, `data.A.substring(1, 0) == ""`, `true`, `1`, ``, `(`, "data.A ==\n", `data.A.reverse() == "é\u0000"`, `b"\xff" == bytes(data.A)`, `9223372036854775807 + int(data.A) > 0`} {
		f.Add(text, "A", "7")
	}
	f.Add(`data.A == "x"`, "A", "\xff")
	f.Fuzz(func(t *testing.T, text, name, value string) {
		if len(text) > 500 || len(value) > 2_000 {
			return // cost of a run, not of an expression
		}
		made, again := new(conditions).compile(text), new(conditions).compile(text)
		if !slices.Equal(made.faults, again.faults) || (made.program == nil) != (made.faults != nil) {
			t.Fatalf("%q: %q, then %q", text, made.faults, again.faults)
		}
		if made.faults != nil {
			if len(made.faults) > maxWhenFaults || slices.Contains(made.faults, "") {
				t.Fatalf("%q has the faults %q", text, made.faults)
			}
			return
		}
		c := contextOf(map[string]string{name: value})
		var spent, spentAgain uint64
		match, fault := made.matches(c, &spent)
		second, faultAgain := again.matches(c, &spentAgain)
		if match != second || fault != faultAgain || spent != spentAgain {
			t.Fatalf("%q gives %v, %q for %d, then %v, %q for %d", text, match, fault, spent, second, faultAgain, spentAgain)
		}
		if match && fault != "" || utf8.RuneCountInString(fault) > 201 {
			t.Fatalf("%q gives %v with %q", text, match, fault)
		}
		if spent > 2*switchyard.MaxExpressionCost {
			t.Fatalf("%q cost %d", text, spent)
		}
		spent = switchyard.MaxExpressionCost + 1
		if match, fault = made.matches(c, &spent); match || fault == "" {
			t.Fatalf("%q was evaluated although nothing was left to spend", text)
		}
	})
}

// The operators of rules agree with each other, and numbers compare as exact fractions do.
func FuzzRules(f *testing.F) {
	for _, pair := range [][2]string{{"9", "10"}, {"1.0", "1"}, {"-0", "0"}, {"-0.00", "+0"}, {" 7 ", "7"}, {".5", "0.5"}, {"5.", "5"}, {"1e3", "1000"}, {"-2", "-10"}, {"00012", "12"},
		{"ÄB", "äb"}, {"İ", "i"}, {"", " "}, {"1.10", "1.1"}, {"9007199254740993", "9007199254740992"}, {"$(x)", "x"}, {"ß", "SS"}, {"\xff", "\xfe"}, {"1\u00a0", "1"}} {
		f.Add(pair[0], pair[1])
	}
	f.Fuzz(func(t *testing.T, have, want string) {
		if len(have) > 1_000 || len(want) > 1_000 {
			return
		}
		env := sources{"Have": have, "Want": want}
		holds := func(operator string) bool {
			match, err := matches(&switchyard.Rule{Source: "Have", Operator: operator, Value: "$(Want)"}, env)
			if err != nil {
				t.Fatal(err)
			}
			return match
		}
		for operator, negation := range map[string]string{"equals": "notequals", "contains": "notcontains", "isnull": "isnotnull", "gt": "le", "lt": "ge"} {
			if holds(operator) == holds(negation) {
				t.Fatalf("%q and %q: %s and %s are both %v", have, want, operator, negation, holds(operator))
			}
		}
		if holds("equals") && (!holds("startswith") || !holds("contains") || !holds("ge") || !holds("le")) || holds("startswith") && !holds("contains") || holds("gt") && holds("lt") {
			t.Fatalf("%q and %q: the operators contradict each other", have, want)
		}
		x, xok := parseDecimal(have)
		y, yok := parseDecimal(want)
		a, b := fraction(have), fraction(want)
		if xok != (a != nil) || yok != (b != nil) {
			t.Fatalf("%q is a number: %v, %q: %v", have, xok, want, yok)
		}
		if xok && yok && sign(x.compare(y)) != a.Cmp(b) {
			t.Fatalf("%q against %q: %d, not %d", have, want, x.compare(y), a.Cmp(b))
		}
	})
}

// fraction reads a decimal number with math/big, nil when text is none.
func fraction(text string) *big.Rat {
	text = strings.TrimSpace(text)
	bare := strings.TrimLeft(text, "+-")
	whole, after, point := strings.Cut(bare, ".")
	if len(text)-len(bare) > 1 || whole == "" || point && after == "" || strings.Trim(whole+after, "0123456789") != "" {
		return nil
	}
	r, _ := new(big.Rat).SetString(text)
	return r
}

func sign(n int) int { return min(1, max(-1, n)) }

// A text with data sources and secrets is filled in once: what a value holds is never a template, and
// no value of one becomes the name of the other.
func FuzzExpandBoth(f *testing.F) {
	f.Add("Bearer #(Token)", "Token", "$(Name)")
	f.Add("$(Name)#(Name)", "Name", "#(Name)$(Name)")
	f.Add("$(a#(b)c)", "a#(b", ")")
	f.Add("#(k:URL)$(k:JSON)#(", "k", "ä&\"\n")
	f.Fuzz(func(t *testing.T, text, name, value string) {
		got, err := ExpandBoth(text, sources{name: value}, func(key string) (string, bool) { return value, key == name })
		// Each slot is at least three bytes and gives at most six for one of the value.
		most := len(text) + (len(text)/3+1)*6*len(value)
		if len(got) > min(most, switchyard.MaxDataSourcesBytes) {
			t.Fatalf("%q with %q=%q: %d bytes", text, name, value, len(got))
		}
		if err != nil {
			if got != "" || strings.Contains(text, "#(") == false && len(got) <= most && most <= switchyard.MaxDataSourcesBytes {
				t.Fatalf("%q with %q=%q: %q, %v", text, name, value, got, err)
			}
			return
		}
		if both, err := ExpandBoth(text, sources{}, func(string) (string, bool) { return "", true }); err != nil || strings.Contains(both, "$(") && strings.Contains(both[strings.Index(both, "$("):], ")") && !strings.Contains(text, "(") {
			t.Fatalf("%q without values is %q, %v", text, both, err)
		}
		if !strings.Contains(text, "#(") {
			if alone, err := Expand(text, sources{name: value}); err == nil && alone != got {
				t.Fatalf("%q: %q with secrets at hand and %q without", text, got, alone)
			}
		}
		if !strings.Contains(text, "$(") {
			if alone, err := ExpandSecrets(text, func(key string) (string, bool) { return value, key == name }); err != nil || alone != got {
				t.Fatalf("%q: %q with data sources at hand and %q without, %v", text, got, alone, err)
			}
		}
	})
}
