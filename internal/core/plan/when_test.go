package plan

import (
	"fmt"
	"strings"
	"testing"

	"switchyard"
)

func conditionOf(t testing.TB, text string) *condition {
	t.Helper()
	c := new(conditions).compile(text)
	if c.faults != nil {
		t.Fatalf("%s: %v", text, c.faults)
	}
	return c
}

// What the checker could not tell is stopped when it is evaluated.
func TestWhenIsBoundedAtRunTime(t *testing.T) {
	c := contextOf(map[string]string{"A": strings.Repeat("ab ", 5_000), "B": strings.Repeat("c", 16_000)})
	for _, text := range []string{
		`data.A.contains(data.B) || data.B.contains(data.A) || data.A == "x"`,
		`data.A.split("").exists(x, x == data.B)`,
	} {
		var spent uint64
		match, fault := conditionOf(t, text).matches(c, &spent)
		if match || !strings.Contains(fault, "cost limit") {
			t.Errorf("%s: %v, %q", text, match, fault)
		}
		if _, fault = conditionOf(t, "true").matches(c, &spent); fault == "" {
			t.Errorf("%s cost %d and more may follow", text, spent)
		}
	}
}

func TestExpressionsAreBounded(t *testing.T) {
	var made conditions
	for i := range switchyard.MaxExpressions {
		if c := made.compile(fmt.Sprintf("data.A == '%d'", i)); c.faults != nil {
			t.Fatal(c.faults)
		}
	}
	if c := made.compile("data.A == '7'"); c.faults != nil {
		t.Errorf("one that is there already: %v", c.faults)
	}
	if c := made.compile("data.A == 'other'"); c.faults == nil {
		t.Error("one more was taken")
	}
	long := new(conditions).compile("data.A == '" + strings.Repeat("x", switchyard.MaxExpressionBytes) + "'")
	if long.faults == nil {
		t.Error("one that is too long was taken")
	}
	deep := new(conditions).compile(strings.Repeat("(", 2_000) + "true" + strings.Repeat(")", 2_000))
	if deep.faults == nil {
		t.Error("one that is too deep was taken")
	}
}

// BenchmarkWhen compares an expression with the rules that say the same.
func BenchmarkWhen(b *testing.B) {
	values := map[string]string{"Team": "EMEA", "Amount": "1200", "List": "a,b,c,d,EMEA"}
	run := func(name string, rules ...switchyard.Rule) {
		b.Run(name, func(b *testing.B) {
			a := appletOf(b, switchyard.Applet{Type: TypeDataRouter, Rules: rules})
			c := contextOf(values)
			b.ReportAllocs()
			for b.Loop() {
				if a.Run(c).Next != "x" {
					b.Fatal("no match")
				}
			}
		})
	}
	run("rule", switchyard.Rule{Source: "Team", Operator: "equals", Value: "emea", Next: "x"})
	run("when", switchyard.Rule{When: `data.Team == "EMEA"`, Next: "x"})
	run("number", switchyard.Rule{When: `data.Team == "EMEA" && int(data.Amount) > 1000`, Next: "x"})
	run("list", switchyard.Rule{When: `data.List.split(",").exists(x, x == data.Team)`, Next: "x"})
	run("time", switchyard.Rule{When: `now.getHours("+01:00") == 13`, Next: "x"})
	long := contextOf(map[string]string{"A": strings.Repeat("ab", 8_000), "B": strings.Repeat("a", 16_000)})
	over := func(name, text string) {
		x := conditionOf(b, text)
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				x.matches(long, new(uint64))
			}
		})
	}
	over("contains over the limit", `data.A.contains(data.B) || data.B.contains(data.A)`)
	over("loop over the limit", `data.A.split("").exists(x, x == "z")`)
	over("regex over the limit", `data.A.matches("(a?){30}z")`)
	b.Run("compile", func(b *testing.B) {
		for b.Loop() {
			conditionOf(b, `data.Team == "EMEA" && int(data.Amount) > 1000`)
		}
	})
}
