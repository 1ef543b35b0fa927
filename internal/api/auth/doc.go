// Package auth says who is calling and what a caller may do: tokens of API clients and sessions of
// users, the directory that knows both, the two ways to get them, and the one table of which route
// asks for which scope or role.
//
// It may import the root package, internal/api/httpx and libraries.
package auth
