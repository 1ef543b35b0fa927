package demo

import (
	"context"
	"fmt"
	"strings"
	"time"

	tea "github.com/charmbracelet/bubbletea"
)

// Picture draws the centre in the terminal until ctx ends or the watcher quits. head is printed
// above it.
func (d *Demo) Picture(ctx context.Context, head string) error {
	_, err := tea.NewProgram(&picture{d: d, head: head, width: 100, height: 40}, tea.WithContext(ctx)).Run()
	if ctx.Err() != nil {
		return nil
	}
	return err
}

// picture is the model of the terminal's screen.
type picture struct {
	d             *Demo
	head          string
	width, height int
}

type redraw struct{}

func again() tea.Cmd {
	return tea.Tick(250*time.Millisecond, func(time.Time) tea.Msg { return redraw{} })
}

// Init implements tea.Model.
func (p *picture) Init() tea.Cmd { return again() }

// Update implements tea.Model.
func (p *picture) Update(m tea.Msg) (tea.Model, tea.Cmd) {
	switch m := m.(type) {
	case tea.WindowSizeMsg:
		p.width, p.height = m.Width, m.Height
	case tea.KeyMsg:
		if k := m.String(); k == "q" || k == "ctrl+c" || k == "esc" {
			return p, tea.Quit
		}
	case redraw:
		return p, again()
	}
	return p, nil
}

// View implements tea.Model.
func (p *picture) View() string {
	lines := strings.Split(p.d.Screen(p.head), "\n")
	if len(lines) > p.height {
		lines = lines[:p.height]
	}
	for n, line := range lines {
		if runes := []rune(line); len(runes) > p.width {
			lines[n] = string(runes[:p.width-1]) + "…"
		}
	}
	return strings.Join(lines, "\n")
}

// Screen is the whole picture as text.
func (d *Demo) Screen(head string) string {
	w := d.watch
	w.mu.Lock()
	defer w.mu.Unlock()
	var b strings.Builder
	fmt.Fprintf(&b, "%s\n\n", head)
	waiting, longest, level := w.now.totals()
	fmt.Fprintf(&b, "waiting %-5d longest wait %-6v service level %-6s finished %-6d callbacks %-6d up %v\n\n",
		waiting, longest, level, w.counts.ended, w.counts.callbacks, time.Since(w.started).Round(time.Second))
	fmt.Fprintf(&b, "%-22s %8s %9s %9s %9s %7s\n", "queue", "waiting", "longest", "offered", "answered", "level")
	for _, q := range w.now.Queues {
		fmt.Fprintf(&b, "%-22s %8d %8.0fs %9d %9d %7s\n", q.Queue, q.Waiting, q.LongestWait, q.Offered, q.Answered, percent(q.InTarget, q.Answered+q.Abandoned))
	}
	ready, busy, away, out := w.now.crew()
	fmt.Fprintf(&b, "\nagents: %d ready, %d busy, %d away, %d logged out\n", ready, busy, away, out)
	w.faces(&b)
	b.WriteString("\nlast decisions\n")
	for n := len(w.decisions) - 1; n >= 0; n-- {
		x := w.decisions[n]
		fmt.Fprintf(&b, "%s %-42s %s\n", x.at.Format("15:04:05"), x.text, x.why)
	}
	b.WriteString("\nq quits; the data folder goes with it\n")
	return b.String()
}

// faces shows each agent with a bar of its load.
func (w *watch) faces(b *strings.Builder) {
	for n, a := range w.now.Agents {
		bar := strings.Repeat("█", a.Load/20) + strings.Repeat("·", 5-min(5, a.Load/20))
		state := ""
		if a.Category != "Ready" {
			state, bar = a.State, "     "
		}
		fmt.Fprintf(b, "%-10s%s %-9.9s", a.Username, bar, state)
		if n%4 == 3 {
			b.WriteByte('\n')
		}
	}
	b.WriteByte('\n')
}
