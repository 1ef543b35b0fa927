// Package simulate runs whole contact centres in virtual time, on the code that decides on a server:
// customers arrive, wait, give up and try again; agents have shifts, breaks and after-work; every
// decision is the core's. Out of a scenario and a seed come figures, the same ones each time.
//
// It has no model of queueing of its own. Arrivals are invoke inputs, what agents do are act and presence
// inputs, and time moves to the next instant at which a person does something or the core has something
// due.
//
// It may import the root package, core, core/plan and config (for reading scenarios by the rules of account
// files), and gonum's distributions. It does no I/O but through what it is given, and looks at no clock.
package simulate
