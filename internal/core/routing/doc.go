// Package routing decides who gets what: which agent fits which waiting interaction, in which order
// interactions are looked at, which agent is the best for one, and why. It answers the same as the
// naive reading of the rule, but pays for a change only what the change touches.
//
// The idea of the index: waiting interactions that every agent fits or does not fit alike (same
// class, active requirements, groups, target, agents in cool-down) share a bucket, in the order of
// waiting. So a bucket is asked once, not each interaction in it; a bucket nobody fitted stays
// that way until an agent gains something; and such an agent needs to see only the heads of the
// buckets it is eligible for.
//
// It is a pure room: it may import the root package and the pure part of the standard library. No
// clock, goroutine, I/O, and no result that depends on the order of a map.
package routing
