// Package crash holds nothing but a test of the whole: real servers on real files are killed at
// random moments while calls, agents, callbacks, a reader of the feed and plans that reach the world
// (data connectors, SMS through each kind of gateway, e-mail) keep them busy. A ledger holds what the
// servers acknowledged against what is there afterwards; what they asked for outside is held, by the
// id each request carries, against what came there. Canaries with bugs built in must be found out.
//
// Its tests may import everything.
package crash
