package config

import (
	"os"
	"path/filepath"
	"testing"

	"switchyard"
)

// FuzzRead holds that nothing makes Read or Check fail other than with problems, and that what was
// read survives the way through JSON.
func FuzzRead(f *testing.F) {
	for _, pattern := range []string{"testdata/*.yaml", "testdata/bad/*.yaml", examplePath} {
		paths, err := filepath.Glob(pattern)
		if err != nil || len(paths) == 0 {
			f.Fatalf("%s: %v", pattern, err)
		}
		for _, path := range paths {
			source, err := os.ReadFile(path)
			if err != nil {
				f.Fatal(err)
			}
			f.Add(source)
		}
	}
	for _, source := range []string{`{"account":"a","agents":[{"username":"ü","skills":{"x":null}}]}`, "a: &x\n  b: *x", "<<: {account: a}",
		"? account\n: a", "account: |\n  a\n", "- - - a", "{a: {b: [c]}}", "\ufeffaccount: a", "account: a # é\nskills: [\"\\u00e9\"]"} {
		f.Add([]byte(source))
	}
	f.Fuzz(func(t *testing.T, source []byte) {
		file, problems := Read("f", source)
		again(t, file, problems)
		file, problems = ReadJSON(source)
		again(t, file, problems)
	})
}

func again(t *testing.T, file *File, problems []Problem) {
	if (file == nil) != Refused(problems) {
		t.Fatalf("file %v with problems %v", file, problems)
	}
	if file == nil {
		return
	}
	for _, p := range file.Check(Rules{}) {
		if p.Line < 0 || p.Column < 0 || p.String() == "" {
			t.Errorf("problem %+v", p)
		}
	}
	text := marshal(file.Document)
	twin, problems := ReadJSON(text)
	if twin == nil {
		t.Fatalf("written as JSON it cannot be read: %v\n%s", Problems(problems), text)
	}
	if !Equal(file.Document, twin.Document) {
		t.Errorf("%s\nbecame\n%s", text, marshal(twin.Document))
	}
	if lines := Diff(&switchyard.Account{}, file.Document); len(lines) > 0 && Equal(file.Document, &switchyard.Account{}) {
		t.Errorf("differences of equal documents: %q", lines)
	}
}
