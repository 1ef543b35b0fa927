package main

import (
	"errors"
	"fmt"
	"log/slog"
	"time"

	"switchyard/internal/app"
	"switchyard/internal/seal"
)

// KeyCmd looks after the keys that seal credentials.
type KeyCmd struct {
	List   KeyListCmd   `cmd:"" help:"List the sealing keys: ids, since when, how many credentials in use each seals."`
	Rotate KeyRotateCmd `cmd:"" help:"Put a new sealing key in front and seal every credential anew with it."`
	Prune  KeyPruneCmd  `cmd:"" help:"Drop older sealing keys that nothing kept needs any more."`
}

// Flags of commands that work on the keys of a data folder.
type keyFlags struct {
	Data string `help:"Data folder; no server may hold it (default ${default})." default:"./switchyard-data" env:"SWITCHYARD_DATA" placeholder:"DIR"`
	Key  string `help:"Keys that seal credentials, separated by commas, when they are not in the data folder." env:"SWITCHYARD_KEY" placeholder:"BASE64"`
}

func (f *keyFlags) options(g *Globals) app.Options {
	quiet := slog.New(slog.NewTextHandler(g.Err, &slog.HandlerOptions{Level: slog.LevelWarn}))
	return app.Options{Data: f.Data, Key: f.Key, Purpose: app.Read, Log: quiet}
}

// KeyListCmd lists.
type KeyListCmd struct{ keyFlags }

// Run lists.
func (c *KeyListCmd) Run(g *Globals) error {
	uses, err := app.ListKeys(g.Context, c.options(g))
	if err != nil {
		return err
	}
	fmt.Fprintln(g.Out, "key       since                 seals")
	for n, k := range uses.Keys {
		text := count(k.Live, "credential")
		if n == 0 {
			text += ", and every new one"
		}
		fmt.Fprintf(g.Out, "%s  %-20s  %s\n", k.ID, since(k.KeyInfo), text)
	}
	if uses.Sealed > 0 {
		fmt.Fprintf(g.Out, "%-30s  %s: set again what they stand for\n", "none of these", count(uses.Sealed, "credential"))
	}
	return nil
}

func since(k seal.KeyInfo) string {
	if k.Since.IsZero() {
		return "not known"
	}
	return k.Since.UTC().Format(time.RFC3339)
}

// KeyRotateCmd rotates.
type KeyRotateCmd struct{ keyFlags }

// Run rotates.
func (c *KeyRotateCmd) Run(g *Globals) error {
	r, err := app.RotateKey(g.Context, c.options(g))
	if errors.Is(err, app.ErrNoKeyFile) {
		return usageError{err}
	}
	if r != nil && r.Unread > 0 {
		fmt.Fprintf(g.Err, "warning: none of the keys opens %s; set again what they stand for\n", count(r.Unread, "credential"))
	}
	if err != nil {
		return err
	}
	text := "key %s seals from now on; %s sealed anew\n"
	if r.Finished {
		text = "key %s was in front already; %s sealed anew with it\n"
	}
	fmt.Fprintf(g.Out, text, r.Key.ID, isOrAre(r.Live, "credential"))
	fmt.Fprintln(g.Out, "history still needs the older keys; `switchyard key prune` drops them when it does not")
	return nil
}

func isOrAre(n int, noun string) string {
	if n == 1 {
		return count(n, noun) + " is"
	}
	return count(n, noun) + " are"
}

// KeyPruneCmd prunes.
type KeyPruneCmd struct{ keyFlags }

// Run prunes. It fails when an older key is needed still, so that a script may try again another day.
func (c *KeyPruneCmd) Run(g *Globals) error {
	shown := false
	out, err := app.PruneKeys(g.Context, c.options(g), func(account string, done, total uint64) {
		shown = true
		fmt.Fprintf(g.Err, "\r%s: %d of %d rows", account, done, total)
	})
	if shown {
		fmt.Fprintln(g.Err)
	}
	if err != nil {
		return err
	}
	for _, k := range out.Dropped {
		text := "key %s is dropped: nothing that is kept needs it\n"
		if c.Key != "" {
			text = "key %s may be left out of SWITCHYARD_KEY: nothing that is kept needs it\n"
		}
		fmt.Fprintf(g.Out, text, k.ID)
	}
	for _, k := range out.Kept {
		fmt.Fprintf(g.Out, "key %s stays: it seals %s in the journal, %d in its snapshots, %d in the live state, %d in versions of configs\n",
			k.ID, count(k.Journal, "text"), k.Snapshot, k.Checkpoint, k.Configs)
	}
	switch {
	case len(out.Kept) > 0:
		return fmt.Errorf("%s needed still: `switchyard key rotate` seals anew what is in use, the journal forgets by its retention",
			isOrAre(len(out.Kept), "older key"))
	case len(out.Dropped) == 0:
		fmt.Fprintln(g.Out, "there is one key only; nothing to drop")
	}
	return nil
}
