package docs

import (
	"strings"

	"github.com/alecthomas/kong"
)

// CLI writes cli.md from the command line's model.
func CLI(model *kong.Application) []byte {
	p := newPage("The command", "go generate ./cmd/switchyard")
	p.line("%s\n", model.Help)
	p.line("A flag wins over its environment variable, and that over the settings file of `serve`. The exit code is 0 when it is done, 1 when it failed and")
	p.line("2 when it was called wrongly; messages say what to do.\n")
	p.line("Flags of every command:\n")
	p.flags(model.Flags)
	for _, n := range model.Children {
		p.command(n)
	}
	return p.Bytes()
}

// command writes the section of a command, or of those beneath it.
func (p *page) command(n *kong.Node) {
	if n.Hidden {
		return
	}
	p.line("\n## %s\n\n%s", n.FullPath(), n.Help)
	if n.Detail != "" {
		p.line("\n%s", n.Detail)
	}
	for _, child := range n.Children {
		p.command(child)
	}
	if len(n.Children) > 0 {
		return
	}
	p.line("\n```\nswitchyard %s\n```", n.Summary())
	if len(n.Positional) > 0 {
		p.line("\n| argument | meaning |\n|---|---|")
		for _, a := range n.Positional {
			p.line("| `%s` | %s |", a.Name, cell(a.Help))
		}
	}
	if len(visible(n.Flags)) > 0 {
		p.line("")
		p.flags(n.Flags)
	}
}

func visible(all []*kong.Flag) (shown []*kong.Flag) {
	for _, f := range all {
		if !f.Hidden && f.Name != "help" {
			shown = append(shown, f)
		}
	}
	return shown
}

func (p *page) flags(all []*kong.Flag) {
	p.line("| flag | default | environment | meaning |\n|---|---|---|---|")
	for _, f := range visible(all) {
		name := "`--" + f.Name
		if !f.IsBool() {
			name += " " + placeholder(f)
		}
		name += "`"
		if f.Short != 0 {
			name = "`-" + string(f.Short) + "` " + name
		}
		p.line("| %s | %s | %s | %s |", name, code(f.Default), code(strings.Join(f.Envs, "` `")), cell(meaning(f)))
	}
}

func placeholder(f *kong.Flag) string {
	if f.PlaceHolder != "" {
		return f.PlaceHolder
	}
	return strings.ToUpper(f.Name)
}

// meaning is a flag's help without the default, which has a column of its own.
func meaning(f *kong.Flag) string {
	text := strings.Replace(f.Help, " (default "+f.Default+")", "", 1)
	if f.Required {
		text += " Required."
	}
	return text
}

func code(text string) string {
	if text == "" {
		return "–"
	}
	return "`" + text + "`"
}
