package native

import (
	"strings"

	"switchyard"
)

// Page is what every call that lists things takes.
type Page struct {
	Limit  int    `query:"limit" minimum:"1" maximum:"1000" default:"100" doc:"How many items at most."`
	Cursor string `query:"cursor" maxLength:"200" doc:"Where the page begins: next of the page before."`
}

// List is one page of a list.
type List[T any] struct {
	Items []T    `json:"items"`
	Next  string `json:"next,omitempty" doc:"Cursor of the next page; absent when this is the last."`
}

func (p Page) limit() int {
	if p.Limit == 0 {
		return switchyard.DefaultPageItems
	}
	return p.Limit
}

// badCursor refuses a cursor that this API did not give out.
func badCursor(cursor string) error {
	return problem(switchyard.Malformed, "cursor %q did not come from this list: pass the next of its page before unchanged, or leave it out", cursor)
}

// cut splits a cursor into the part of the list it stands in and the id it stands before.
func cutCursor(cursor string) (part string, before switchyard.ID, err error) {
	if cursor == "" {
		return "", before, nil
	}
	part, text, ok := strings.Cut(cursor, ".")
	if !ok {
		return "", before, badCursor(cursor)
	}
	if text == "" {
		return part, before, nil
	}
	if before, err = switchyard.ParseID(text); err != nil {
		return "", before, badCursor(cursor)
	}
	return part, before, nil
}
