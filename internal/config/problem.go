package config

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// Problem is something wrong with a document: where it is, what is wrong, and what is allowed. It
// never holds the value of a credential.
type Problem struct {
	File    string   `json:"file,omitzero"`
	Line    int      `json:"line,omitzero"`   // from 1; 0 = unknown
	Column  int      `json:"column,omitzero"` // from 1, in characters
	Path    string   `json:"path,omitzero"`   // plans[0].applets.queue.acept
	Text    string   `json:"text"`
	Allowed []string `json:"allowed,omitempty"`
	Of      string   `json:"of,omitzero"`         // what Allowed is allowed for: queue, agent, …
	Nearest string   `json:"didyoumean,omitzero"` // the allowed one that was probably meant
	Warning bool     `json:"warning,omitzero"`    // the document may be used all the same
	Excerpt string   `json:"-"`                   // the line with a mark below, all values left out
}

// String writes the problem on one line:
//
//	account.yaml:12:7: plans[0].applets.queue.acept: unknown key; allowed for queue: accept, …; did you mean accept?
func (p Problem) String() string {
	var b strings.Builder
	if p.File != "" {
		b.WriteString(p.File + ":")
	}
	if p.Line > 0 {
		fmt.Fprintf(&b, "%d:%d:", p.Line, p.Column)
	}
	if b.Len() > 0 {
		b.WriteByte(' ')
	}
	if p.Path != "" {
		b.WriteString(p.Path + ": ")
	}
	if p.Warning {
		b.WriteString("warning: ")
	}
	b.WriteString(p.Text)
	if len(p.Allowed) > 0 {
		b.WriteString("; allowed")
		if p.Of != "" {
			b.WriteString(" for " + p.Of)
		}
		b.WriteString(": " + strings.Join(p.Allowed, ", "))
	}
	if p.Nearest != "" {
		b.WriteString("; did you mean " + p.Nearest + "?")
	}
	return b.String()
}

// Problems are several problems as one error.
type Problems []Problem

func (ps Problems) Error() string {
	lines := make([]string, len(ps))
	for i, p := range ps {
		lines[i] = p.String()
	}
	return strings.Join(lines, "\n")
}

// Refused reports whether any of the problems is more than a warning.
func Refused(problems []Problem) bool {
	return slices.ContainsFunc(problems, func(p Problem) bool { return !p.Warning })
}

// inOrder sorts problems as one meets them in the file; those of one place keep their order. Those
// without a place come last.
func inOrder(problems []Problem) []Problem {
	nowhere := func(p Problem) int {
		if p.Line == 0 {
			return 1
		}
		return 0
	}
	slices.SortStableFunc(problems, func(a, b Problem) int {
		return cmp.Or(cmp.Compare(nowhere(a), nowhere(b)), cmp.Compare(a.Line, b.Line), cmp.Compare(a.Column, b.Column))
	})
	return problems
}

// notes collects the problems of one document. Nobody reads more than a hundred at once.
type notes struct {
	list  []Problem
	count int
}

const maxProblems = 100

func (n *notes) add(p Problem) {
	if n.count++; n.count <= maxProblems {
		n.list = append(n.list, p)
	}
}

// addNear adds a problem of a name that is none of options, and which of them was probably meant.
func (n *notes) addNear(p Problem, name string, options []string) {
	if n.count < maxProblems { // looking is dear
		p.Nearest = nearest(name, options)
	}
	n.add(p)
}

// all returns the problems, and how many more there were.
func (n *notes) all() []Problem {
	if n.count > maxProblems {
		return append(n.list, Problem{Text: fmt.Sprintf("%d more problems are not shown", n.count-maxProblems)})
	}
	return n.list
}
