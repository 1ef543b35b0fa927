package simulate

import (
	"fmt"
	"io/fs"

	"switchyard/internal/config"
)

// files are what the scenarios of tests name.
var files = map[string]string{}

func prepare(account, scenario string) (*Setup, []config.Problem) {
	file, problems := config.Read("account.yaml", []byte(account))
	if file == nil {
		return nil, problems
	}
	if problems = file.Check(config.Rules{}); config.Refused(problems) {
		return nil, problems
	}
	s, sheet, problems := Read("scenario.yaml", []byte(scenario))
	if sheet == nil {
		return nil, problems
	}
	return Prepare(s, sheet, file.Document, func(path string) ([]byte, error) {
		if text, is := files[path]; is {
			return []byte(text), nil
		}
		return nil, fmt.Errorf("read %s: %w", path, fs.ErrNotExist)
	})
}
