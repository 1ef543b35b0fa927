package main

import (
	"flag"
	"testing"

	"switchyard/internal/docs"
)

//go:generate go test . -run TestReference -update-reference

var updateReference = flag.Bool("update-reference", false, "write docs/reference/cli.md anew")

func TestReference(t *testing.T) {
	parser, err := newParser(&CLI{})
	if err != nil {
		t.Fatal(err)
	}
	if err := docs.Check("../..", "cli.md", docs.CLI(parser.Model), *updateReference); err != nil {
		t.Error(err)
	}
}
