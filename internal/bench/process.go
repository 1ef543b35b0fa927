package bench

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"switchyard/internal/client"
)

// How long a server may take to get ready before the measurement gives up.
const readyLimit = 5 * time.Minute

// Server is a server under measurement: a process of ours, or one that runs already.
type Server struct {
	env    *Env
	folder string // empty for one that runs already
	addr   string
	flags  []string
	files  []string
	cmd    *exec.Cmd
}

// start serves the given account files from a new folder.
func (e *Env) start(ctx context.Context, accounts ...string) (*Server, error) {
	return e.startWith(ctx, []string{"--log-level", "warn"}, accounts...)
}

// startWith serves with more flags.
func (e *Env) startWith(ctx context.Context, flags []string, accounts ...string) (*Server, error) {
	folder, err := os.MkdirTemp("", "switchyard-bench-")
	if err != nil {
		return nil, fmt.Errorf("make a folder for the server: %w", err)
	}
	s := &Server{env: e, folder: folder, flags: flags}
	for n, text := range accounts {
		file := filepath.Join(folder, fmt.Sprintf("account%d.yaml", n))
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			return nil, errors.Join(fmt.Errorf("write account file: %w", err), s.stop())
		}
		s.files = append(s.files, file)
	}
	if s.addr, err = freeAddress(); err == nil {
		_, err = s.run(ctx)
	}
	if err != nil {
		return nil, errors.Join(err, s.stop())
	}
	return s, nil
}

// freeAddress finds a port nobody listens on.
func freeAddress() (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", fmt.Errorf("find a free port: %w", err)
	}
	return l.Addr().String(), l.Close()
}

// hostOf is the host and port of a server's address.
func hostOf(address string) (string, error) {
	u, err := url.Parse(address)
	if err != nil || u.Scheme != "http" || u.Port() == "" {
		return "", fmt.Errorf("%q is no address to measure: it looks like http://127.0.0.1:8080", address)
	}
	return u.Host, nil
}

// url is the server's address.
func (s *Server) url() string { return "http://" + s.addr }

// run starts the process and returns how long it took to be ready.
func (s *Server) run(ctx context.Context) (time.Duration, error) {
	args := append([]string{"serve", "--data", filepath.Join(s.folder, "data"), "--listen", s.addr}, s.flags...)
	for _, file := range s.files {
		args = append(args, "--account", file)
	}
	began := time.Now()
	s.cmd = s.env.command(args...)
	s.cmd.Stderr = s.env.Progress
	if err := s.cmd.Start(); err != nil {
		s.cmd = nil
		return 0, fmt.Errorf("start the server: %w", err)
	}
	err := s.awaitReady(ctx)
	return time.Since(began), err
}

// command makes a process of our own binary. It is called as we were called, for tests in which one
// binary is several programs.
func (e *Env) command(args ...string) *exec.Cmd {
	cmd := exec.Command(e.Executable, args...)
	if e.Name != "" {
		cmd.Args[0] = e.Name
	}
	return cmd
}

func (s *Server) awaitReady(ctx context.Context) error {
	limited, cancel := context.WithTimeout(ctx, readyLimit)
	defer cancel()
	c := client.New(s.url(), 1)
	defer c.Close()
	err := every(limited, 5*time.Millisecond, func() (bool, error) {
		_, err := c.Text(limited, "/readyz")
		return err == nil, nil
	})
	if err != nil {
		return fmt.Errorf("the server at %s did not get ready: %w", s.addr, err)
	}
	return nil
}

// kill ends the process as a power cut would end it.
func (s *Server) kill() {
	if s.cmd != nil {
		_ = s.cmd.Process.Kill()
		_ = s.cmd.Wait() // it says that it was killed
		s.cmd = nil
	}
}

// stop ends the process and removes its folder.
func (s *Server) stop() error {
	if s.folder == "" {
		return nil
	}
	s.kill()
	return os.RemoveAll(s.folder)
}

// residentBytes is the memory the process has in RAM.
func (s *Server) residentBytes() (int64, error) {
	path := fmt.Sprintf("/proc/%d/status", s.cmd.Process.Pid)
	text, err := os.ReadFile(path)
	if err != nil {
		return 0, fmt.Errorf("read memory of the server: %w; this needs Linux", err)
	}
	lines := bufio.NewScanner(bytes.NewReader(text))
	for lines.Scan() {
		if rest, ok := strings.CutPrefix(lines.Text(), "VmRSS:"); ok {
			kib, err := strconv.ParseInt(strings.TrimSuffix(strings.TrimSpace(rest), " kB"), 10, 64)
			return kib << 10, err
		}
	}
	return 0, fmt.Errorf("%s names no VmRSS", path)
}

// cpuTime is the CPU the process has used; 0 where that cannot be known.
func (s *Server) cpuTime() time.Duration {
	if s.cmd == nil {
		return 0
	}
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", s.cmd.Process.Pid))
	if err != nil {
		return 0
	}
	// The name of the program, which may hold spaces, ends with the last parenthesis; user and
	// system time are the 12th and 13th members after it, in hundredths of a second.
	rest := text[bytes.LastIndexByte(text, ')')+1:]
	var sum int64
	for n, member := range strings.Fields(string(rest)) {
		if n == 11 || n == 12 {
			ticks, _ := strconv.ParseInt(member, 10, 64)
			sum += ticks
		}
	}
	return time.Duration(sum) * 10 * time.Millisecond
}

// metrics reads figures of /metrics by name.
func (s *Server) metrics(ctx context.Context, c *client.Client, names ...string) (map[string]float64, error) {
	text, err := c.Text(ctx, "/metrics")
	if err != nil {
		return nil, err
	}
	out := map[string]float64{}
	for line := range strings.Lines(text) {
		name, value, _ := strings.Cut(strings.TrimSpace(line), " ")
		for _, wanted := range names {
			if name == wanted {
				if out[name], err = strconv.ParseFloat(value, 64); err != nil {
					return nil, fmt.Errorf("metric %s: %w", name, err)
				}
			}
		}
	}
	for _, wanted := range names {
		if _, there := out[wanted]; !there {
			return nil, fmt.Errorf("the server at %s shows no metric %s", s.addr, wanted)
		}
	}
	return out, nil
}

// The metrics that say how far the tables are behind.
const (
	lagSeconds = "switchyard_tables_lag_seconds"
	lagRows    = "switchyard_tables_lag_rows"
)

// settle waits until the tables have caught up with the journal.
func (s *Server) settle(ctx context.Context, c *client.Client) error {
	limited, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	return every(limited, 10*time.Millisecond, func() (bool, error) {
		m, err := s.metrics(limited, c, lagRows)
		return err == nil && m[lagRows] == 0, err
	})
}
