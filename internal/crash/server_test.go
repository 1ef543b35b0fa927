package crash

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"switchyard/internal/app"
	"switchyard/internal/effects"
	"switchyard/internal/journal"
)

// What the test binary is told when it is to be a server.
const (
	dataEnv   = "SWITCHYARD_CRASH_DATA" // the folder; without it the binary runs tests
	listenEnv = "SWITCHYARD_CRASH_LISTEN"
	filesEnv  = "SWITCHYARD_CRASH_ACCOUNTS"
	bugEnv    = "SWITCHYARD_CRASH_BUG"
)

// The bugs of the canaries.
const (
	hastyBug    = "hasty"    // answers before the commit
	carelessBug = "careless" // makes effects under ids that change, or reports them first
)

func TestMain(m *testing.M) {
	if data := os.Getenv(dataEnv); data != "" {
		os.Exit(serve(data))
	}
	os.Exit(m.Run())
}

// serve is the server process. It ends with the harness, whose end of its input closes then.
func serve(data string) int {
	go func() {
		_, _ = io.Copy(io.Discard, os.Stdin)
		os.Exit(2)
	}()
	o := app.Options{Data: data, Listen: os.Getenv(listenEnv), AllowInsecure: true, PublicURL: "https://switchyard.example.com",
		AccountFiles: filepath.SplitList(os.Getenv(filesEnv)),
		Log:          slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelWarn}))}
	switch os.Getenv(bugEnv) {
	case hastyBug:
		o.WrapJournal = func(s journal.Store) journal.Store { return newHasty(s) }
	case carelessBug:
		o.WrapEffects = func(p effects.Performer) effects.Performer { return careless{p} }
	}
	a, err := app.New(context.Background(), o)
	if err == nil {
		err = a.Run(context.Background(), func() { fmt.Println("serving") })
	}
	fmt.Fprintln(os.Stderr, err)
	return 1
}

// server is a server process on a folder, and its successors on the same folder and port.
type server struct {
	data, listen, url string
	files             []string
	bug               string // of a canary
	logPath           string
	faults            *faults

	cmd    *exec.Cmd
	stdin  io.Closer
	exited chan struct{} // closed when the process is gone
	doomed chan struct{} // closed when it is to go

	mu sync.Mutex
	up chan struct{} // closed while calls may be made
}

func newServer(data, bug string, o *outside, f *faults, rnd *rand.Rand) (*server, error) {
	s := &server{data: data, bug: bug, faults: f, up: make(chan struct{}), logPath: filepath.Join(filepath.Dir(data), "server.log")}
	text, err := os.ReadFile(filepath.Join("testdata", "account.yaml"))
	if err != nil {
		return nil, err
	}
	_, mailPort, _ := net.SplitHostPort(o.mail.Addr().String())
	for _, account := range accounts {
		fill := strings.NewReplacer("ACCOUNT", account, "OUTSIDE", o.web.Addr().String(), "MAILPORT", mailPort)
		path := filepath.Join(filepath.Dir(data), account+".yaml")
		if err := os.WriteFile(path, []byte(fill.Replace(string(text))), 0o600); err != nil {
			return nil, err
		}
		s.files = append(s.files, path)
	}
	// A port outside the range that systems give to clients, so that none of the harness's own
	// connections takes it while the server is down.
	for range 100 {
		s.listen = fmt.Sprintf("127.0.0.1:%d", 15000+rnd.IntN(15000))
		if l, err := net.Listen("tcp", s.listen); err == nil {
			s.url = "http://" + s.listen
			return s, l.Close()
		}
	}
	return nil, errors.New("no port is free")
}

// launch starts a process; ready tells when it serves.
func (s *server) launch() (ready <-chan error, err error) {
	if s.bug == hastyBug {
		// The tables of a server that loses rows are ahead of its journal, which it refuses: the
		// canary is about the ledger, not about that.
		if err := s.dropTables(); err != nil {
			return nil, err
		}
	}
	log, err := os.OpenFile(s.logPath, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, err
	}
	defer log.Close()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), dataEnv+"="+s.data, listenEnv+"="+s.listen,
		filesEnv+"="+strings.Join(s.files, string(filepath.ListSeparator)))
	if s.bug != "" {
		cmd.Env = append(cmd.Env, bugEnv+"="+s.bug)
	}
	cmd.Stderr = log
	if s.stdin, err = cmd.StdinPipe(); err != nil {
		return nil, err
	}
	out, err := cmd.StdoutPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		return nil, err
	}
	s.cmd, s.exited, s.doomed = cmd, make(chan struct{}), make(chan struct{})
	told := make(chan error, 1)
	go s.watch(cmd, out, told, s.exited, s.doomed)
	return told, nil
}

// watch follows a process to its end.
func (s *server) watch(cmd *exec.Cmd, out io.Reader, ready chan<- error, exited, doomed chan struct{}) {
	line, err := bufio.NewReader(out).ReadString('\n')
	if err == nil && line != "serving\n" {
		err = fmt.Errorf("the server said %q", line)
	}
	ready <- err
	_ = cmd.Wait()
	select {
	case <-doomed:
	default:
		s.faults.add(serverFault, "the server ended by itself; its log ends:\n%s", s.logTail())
	}
	close(exited)
}

// open lets calls through.
func (s *server) open() {
	s.mu.Lock()
	defer s.mu.Unlock()
	close(s.up)
}

// kill ends the process as SIGKILL does, and returns when the system has closed its connections.
func (s *server) kill() {
	if s.cmd == nil {
		return
	}
	s.mu.Lock()
	select {
	case <-s.up:
		s.up = make(chan struct{})
	default:
	}
	s.mu.Unlock()
	close(s.doomed)
	_ = s.cmd.Process.Kill()
	<-s.exited
	_ = s.stdin.Close()
	s.cmd = nil
}

// await returns when calls may be made.
func (s *server) await(ctx context.Context) error {
	s.mu.Lock()
	up := s.up
	s.mu.Unlock()
	select {
	case <-up:
		return ctx.Err()
	case <-ctx.Done():
		return ctx.Err()
	}
}

// dropTables deletes what a server can make again from its journal.
func (s *server) dropTables() error {
	for _, suffix := range []string{"", "-wal", "-shm"} {
		err := os.Remove(filepath.Join(s.data, app.TablesFile+suffix))
		if err != nil && !errors.Is(err, os.ErrNotExist) {
			return err
		}
	}
	return nil
}

func (s *server) logTail() string {
	text, err := os.ReadFile(s.logPath)
	if err != nil {
		return err.Error()
	}
	return string(text[max(0, len(text)-4000):])
}

// errorsLogged returns the lines a server logs when something is broken.
func (s *server) errorsLogged() (lines []string) {
	text, err := os.ReadFile(s.logPath)
	if err != nil {
		return []string{err.Error()}
	}
	for line := range strings.Lines(string(text)) {
		if strings.Contains(line, "level=ERROR") || strings.Contains(line, "panic") {
			lines = append(lines, strings.TrimSpace(line))
		}
	}
	return lines
}

// pause waits for a moment chosen by chance: when to kill, when to ask again. Nothing that is
// tested waits for it.
func pause(ctx context.Context, d time.Duration) {
	select {
	case <-ctx.Done():
	case <-time.After(d):
	}
}
