// Package httpx is what every HTTP answer of the server has in common: the correlation id, one log
// line a request, recovery from panics, the one table from kinds of errors to statuses, the shapes
// of answers and refusals, bounded bodies, and metrics. It knows no route and decides nothing.
//
// It may import the root package and libraries.
package httpx
