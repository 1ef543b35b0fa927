package engine

import (
	"switchyard"
	"switchyard/internal/core"
)

// machine is what the engine needs of a state. *core.State is the one there is; the tests of the
// engine's mechanics use a smaller one.
type machine interface {
	Decide(env *switchyard.Envelope) core.Decision
	Fold(seq switchyard.Seq, at switchyard.Instant, events []switchyard.Event)
	Alarm() switchyard.Instant
	Unfinished() bool
	Now() switchyard.Instant
	Seq() switchyard.Seq
	Cut() []core.Change
	Restore(kind, key string, value any)
	Restored(seq switchyard.Seq, at switchyard.Instant)
	Config() *core.Config
	Agents() []*core.AgentRecord
	Effects(f func(e switchyard.Effect, due bool) bool)
	Effect(id switchyard.ID) (switchyard.Effect, bool)
	RecentCount() int
	RecentSeq() (oldest, newest switchyard.Seq)
	RecentThrough(through switchyard.Seq, f func(digest [16]byte, interaction switchyard.ID, at switchyard.Instant))
}

// rester is a machine that can be told that nothing follows any more from the row it folded last. A
// row alone does not say so; that the next one is no sweep does. Without it no checkpoint can be
// made before the end of a replay, and a long one holds all its rows in memory.
type rester interface{ Rest() }

// maker makes machines and the values they are restored from.
type maker struct {
	state func(account string) machine
	value func(kind string) any
}

var coreMachines = maker{
	state: func(account string) machine { return core.New(account) },
	value: core.NewValue,
}
