package app

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"

	"switchyard"
	"switchyard/internal/config"
	"switchyard/internal/core"
	"switchyard/internal/engine"
)

// Applied says what an account file came to.
type Applied struct {
	Account  string
	Version  int
	Changed  bool
	Changes  []string // in words
	Warnings []config.Problem
}

// ReadFile reads, resolves and checks an account file. The error is config.Problems when the file
// is at fault.
func ReadFile(path string, rules config.Rules) (*config.File, []config.Problem, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, nil, fmt.Errorf("read account file: %w", err)
	}
	file, problems := config.Read(path, text)
	if file == nil {
		return nil, nil, config.Problems(problems)
	}
	resolved := file.Resolve(config.FromSystem(filepath.Dir(path)))
	if config.Refused(resolved) {
		return nil, nil, config.Problems(resolved)
	}
	problems = append(resolved, file.Check(rules)...)
	if config.Refused(problems) {
		return nil, nil, config.Problems(problems)
	}
	return file, problems, nil
}

// ApplyFile makes an account file the config of its account, which is made when it is new. With
// onlyNew a file whose content is that of the last one applied from the same place is left alone,
// so that a restart does not undo what was changed by the API since (RULINGS 38).
func (a *App) ApplyFile(ctx context.Context, path string, onlyNew bool) (*Applied, error) {
	file, warnings, err := ReadFile(path, config.Rules{AllowInsecure: a.o.AllowInsecure})
	if err != nil {
		return nil, err
	}
	name, place := file.Document.Account, "file:"+filepath.Base(path)
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("read account file: %w", err)
	}
	sum := sha256.Sum256(text)
	digest := hex.EncodeToString(sum[:])
	meta := "applied " + name + " " + place
	last, err := a.stores.journal.Meta(ctx, meta)
	if err != nil {
		return nil, fmt.Errorf("look up account file: %w", err)
	}
	if onlyNew && last == digest {
		return &Applied{Account: name, Warnings: warnings}, nil
	}
	for _, client := range file.Document.Clients {
		if owner, taken := a.directory.ClientAccount(client.ID); taken && owner != name {
			return nil, switchyard.Refuse(switchyard.ClientIDTaken, "%s: client id %q is taken by account %s; ids of clients are unique on a server", path, client.ID, owner)
		}
	}
	applied, err := a.publish(ctx, file, place, digest)
	var problems config.Problems
	if errors.As(err, &problems) {
		return nil, err // they name the file
	}
	if err != nil {
		return nil, fmt.Errorf("apply %s: %w", path, err)
	}
	applied.Warnings = warnings
	return applied, a.stores.journal.SetMeta(ctx, meta, digest)
}

// publish makes a checked document the config of its account, unless it is that already. The account
// is made when it is new, and only for a document that can be its config.
func (a *App) publish(ctx context.Context, file *config.File, source, digest string) (*Applied, error) {
	doc := file.Document
	var previous *switchyard.Account
	out := &Applied{Account: doc.Account}
	known := slices.Contains(a.engine.Accounts(), doc.Account)
	if known {
		err := a.engine.View(ctx, doc.Account, func(s *core.State, _ switchyard.Instant) {
			if c := s.Config(); c != nil {
				previous, out.Version = c.Document, c.Version
			}
		})
		if err != nil {
			return nil, err
		}
	}
	prepared, registers, err := config.Prepare(ctx, doc, previous, a.key, a.hasher)
	if err != nil {
		return nil, file.Located(err)
	}
	if config.Equal(prepared, previous) {
		return out, nil
	}
	if !known {
		if err := a.engine.CreateAccount(ctx, doc.Account); err != nil {
			return nil, fmt.Errorf("create account %s: %w", doc.Account, err)
		}
	}
	answer, err := a.engine.Do(ctx, doc.Account, engine.Call{By: source,
		Input: &switchyard.Publish{Document: *prepared, Source: source, Digest: digest,
			TimeZones: config.TimeZones, Registers: registers}})
	if err != nil {
		return nil, err
	}
	published := answer.(core.Published)
	out.Version, out.Changed, out.Changes = published.Version, published.Changed, config.Diff(previous, prepared)
	return out, nil
}
