package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"syscall"
	"time"

	"github.com/mattn/go-isatty"

	"switchyard/internal/app"
	"switchyard/internal/demo"
)

// DemoCmd shows a centre at work.
type DemoCmd struct {
	Listen string        `help:"Address to listen on (default ${default}); another is taken when it is in use." default:"127.0.0.1:8080" placeholder:"ADDR"`
	Speed  float64       `help:"How many times as fast customers come and agents work." default:"1"`
	For    time.Duration `help:"End by itself after this time; default: when interrupted." placeholder:"DURATION"`
	Plain  bool          `help:"Print a line a second instead of a picture; so does a terminal that is none."`
}

// Run shows.
func (c *DemoCmd) Run(g *Globals) error {
	if c.Speed <= 0 {
		return usageError{errors.New("--speed must be more than 0")}
	}
	folder, err := os.MkdirTemp("", "switchyard-demo-")
	if err != nil {
		return fmt.Errorf("make a temporary folder: %w", err)
	}
	defer func() { _ = os.RemoveAll(folder) }()
	secrets := demo.NewSecrets()
	a, err := c.serve(g, folder, secrets)
	if err != nil {
		return err
	}
	ctx, stop := context.WithCancel(g.Context)
	defer stop()
	if c.For > 0 {
		ctx, stop = context.WithTimeout(g.Context, c.For)
		defer stop()
	}
	d := demo.New(demo.Options{Server: a.URL(), Secrets: secrets, Speed: c.Speed})
	err = d.Start(ctx)
	if err == nil {
		err = c.show(ctx, g, d, a.URL())
	}
	stop()
	d.Wait()
	drain, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	return errors.Join(err, a.Stop(drain))
}

// serve starts the server of the demo on its folder.
func (c *DemoCmd) serve(g *Globals, folder string, secrets demo.Secrets) (*app.App, error) {
	file := filepath.Join(folder, "account.yaml")
	if err := os.WriteFile(file, secrets.Account(), 0o600); err != nil {
		return nil, fmt.Errorf("write the demo's account file: %w", err)
	}
	listen := c.Listen
	free, err := net.Listen("tcp", listen)
	switch {
	case err == nil:
		_ = free.Close()
	case errors.Is(err, syscall.EADDRINUSE):
		host, _, _ := net.SplitHostPort(listen)
		fmt.Fprintf(g.Err, "%s is in use; the demo takes another port\n", listen)
		listen = net.JoinHostPort(host, "0")
	default:
		return nil, fmt.Errorf("listen on %s: %w; choose another address with --listen", listen, err)
	}
	a, err := app.New(g.Context, app.Options{Data: filepath.Join(folder, "data"), Listen: listen, AccountFiles: []string{file},
		AllowInsecure: true, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		return nil, err
	}
	if err := a.Start(g.Context); err != nil {
		return nil, errors.Join(err, a.Stop(g.Context))
	}
	return a, nil
}

// show draws the picture, or prints lines, until the demo ends.
func (c *DemoCmd) show(ctx context.Context, g *Globals, d *demo.Demo, url string) error {
	fmt.Fprintf(g.Out, "Switchyard serves a demo at %s; its docs are at %s/docs.\n\n%s\n", url, url, d.Lines())
	if out, is := g.Out.(*os.File); is && isatty.IsTerminal(out.Fd()) && !c.Plain {
		if err := d.Picture(ctx, fmt.Sprintf("Switchyard demo at %s – docs at %s/docs", url, url)); err != nil {
			return err
		}
		_, err := fmt.Fprintf(g.Out, "%s\n", d.Line())
		return err
	}
	return lines(ctx, g.Out, d)
}

func lines(ctx context.Context, w io.Writer, d *demo.Demo) error {
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			_, err := fmt.Fprintln(w, d.Line())
			return err
		case <-tick.C:
			if _, err := fmt.Fprintln(w, d.Line()); err != nil {
				return err
			}
		}
	}
}
