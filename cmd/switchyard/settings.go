package main

import (
	"errors"
	"fmt"
	"os"
	"reflect"
	"slices"
	"strings"

	"github.com/alecthomas/kong"
	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"
	"github.com/goccy/go-yaml/token"
)

// settingsFile is the YAML file of serve --config: flags without their dashes as keys. What the
// command line or the environment says goes before it.
type settingsFile struct {
	name   string
	values map[string]string // by flag; the items of a list joined as on the command line
}

// maxSettingsBytes bounds a settings file.
const maxSettingsBytes = 1 << 20

// BeforeResolve reads the settings file, once it is known which one.
func (c *ServeCmd) BeforeResolve(ctx *kong.Context) error {
	flags := map[string]*kong.Flag{}
	for _, flag := range ctx.Flags() {
		flags[flag.Name] = flag
	}
	name, _ := ctx.FlagValue(flags["config"]).(string)
	if name == "" {
		return nil
	}
	delete(flags, "config")
	delete(flags, "help")
	settings := &settingsFile{name: name, values: map[string]string{}}
	if err := settings.read(flags); err != nil {
		return err
	}
	ctx.AddResolver(settings)
	return nil
}

// Validate implements kong.Resolver.
func (s *settingsFile) Validate(*kong.Application) error { return nil }

// Resolve implements kong.Resolver; kong asks for what the command line does not say.
func (s *settingsFile) Resolve(_ *kong.Context, _ *kong.Path, flag *kong.Flag) (any, error) {
	for _, name := range flag.Envs {
		if _, set := os.LookupEnv(name); set {
			return nil, nil
		}
	}
	if text, set := s.values[flag.Name]; set {
		return text, nil
	}
	return nil, nil
}

func (s *settingsFile) read(flags map[string]*kong.Flag) error {
	info, err := os.Stat(s.name)
	if err != nil {
		return fmt.Errorf("read settings file: %w", err)
	}
	if info.Size() > maxSettingsBytes {
		return fmt.Errorf("settings file %s has %d bytes; at most %d are read", s.name, info.Size(), maxSettingsBytes)
	}
	source, err := os.ReadFile(s.name)
	if err != nil {
		return fmt.Errorf("read settings file: %w", err)
	}
	file, err := parser.ParseBytes(source, 0)
	if broken, is := errors.AsType[yaml.Error](err); is {
		return s.fault(broken.GetToken(), "this is no YAML: %s", broken.GetMessage())
	}
	if err != nil {
		return fmt.Errorf("read settings file %s: %w", s.name, err)
	}
	for n, doc := range file.Docs {
		if doc.Body == nil || doc.Body.Type() == ast.NullType {
			continue
		}
		if n > 0 {
			return s.fault(doc.Body.GetToken(), "a second document begins here; a file holds one")
		}
		if err := s.readAll(doc.Body, flags); err != nil {
			return err
		}
	}
	return nil
}

// readAll reads the keys of the file, each of which must be a flag.
func (s *settingsFile) readAll(root ast.Node, flags map[string]*kong.Flag) error {
	pairs, is := root.(ast.MapNode)
	if !is {
		return s.fault(root.GetToken(), "the file holds keys and values, as in `listen: 127.0.0.1:8080`")
	}
	for all := pairs.MapRange(); all.Next(); {
		key := all.Key().GetToken()
		flag := flags[key.Value]
		if flag == nil {
			return s.fault(key, "%s: unknown key; a file may say %s", key.Value, strings.Join(allowed(flags), ", "))
		}
		text, err := s.value(flag, all.Value())
		if err == nil {
			err = fits(flag, text)
		}
		if err != nil {
			return s.fault(key, "%s: %w", key.Value, err)
		}
		s.values[flag.Name] = text
	}
	return nil
}

func allowed(flags map[string]*kong.Flag) (names []string) {
	for name := range flags {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// value is what a flag would be given on the command line.
func (s *settingsFile) value(flag *kong.Flag, n ast.Node) (string, error) {
	list, is := n.(*ast.SequenceNode)
	if !is {
		text, ok := scalar(n)
		if !ok {
			return "", errors.New("has no value that can be read; give one, or take the key away")
		}
		return escaped(flag, text), nil
	}
	if !flag.IsSlice() {
		return "", errors.New("takes one value, not a list")
	}
	var items []string
	for _, item := range list.Values {
		text, ok := scalar(item)
		if !ok {
			return "", errors.New("an item of the list has no value that can be read")
		}
		items = append(items, escaped(flag, text))
	}
	return strings.Join(items, string(flag.Tag.Sep)), nil
}

// escaped keeps a value whole that the command line would take for a list.
func escaped(flag *kong.Flag, text string) string {
	if !flag.IsSlice() {
		return text
	}
	return kong.JoinEscaped([]string{text}, flag.Tag.Sep)
}

func scalar(n ast.Node) (string, bool) {
	switch n := n.(type) {
	case *ast.StringNode:
		return n.Value, true
	case *ast.LiteralNode:
		return n.Value.Value, true
	case *ast.NullNode:
		return "", false
	case ast.ScalarNode:
		return n.GetToken().Value, true
	}
	return "", false
}

// fits holds a value against its flag, so that a fault can be told with its place.
func fits(flag *kong.Flag, text string) error {
	if flag.Enum != "" && !flag.EnumMap()[text] {
		return fmt.Errorf("must be one of %s, not %q", strings.Join(flag.EnumSlice(), ", "), text)
	}
	scan := kong.Scan().PushTyped(text, kong.FlagValueToken)
	return flag.Mapper.Decode(&kong.DecodeContext{Value: flag.Value, Scan: scan}, reflect.New(flag.Target.Type()).Elem())
}

// fault names the place in the file.
func (s *settingsFile) fault(at *token.Token, format string, args ...any) error {
	line, column := 1, 1
	if at != nil && at.Position != nil {
		line, column = at.Position.Line, at.Position.Column
	}
	return fmt.Errorf("%s:%d:%d: %w", s.name, line, column, fmt.Errorf(format, args...))
}
