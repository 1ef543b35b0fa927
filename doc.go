// Package switchyard holds the words of the product: instants and ids, the account document, the
// inputs an account takes, the events it answers with, the reasons of its decisions, the table of
// error codes and the limits. It decides nothing and does no I/O.
//
// It may import the pure part of the standard library only; every other package may import it.
package switchyard
