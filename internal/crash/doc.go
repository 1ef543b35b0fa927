// Package crash holds nothing but a test of the whole: real servers on real files are killed at
// random moments while calls, agents, callbacks and a reader of the feed keep them busy. A ledger
// holds what the servers acknowledged against what is there afterwards.
//
// Its tests may import everything.
package crash
