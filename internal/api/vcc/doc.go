// Package vcc serves the wire contract: POST /interactions/invoke and POST /interactions/register,
// as a client written for Vonage Contact Center expects them. It reads their JSON under the
// contract's rules (names without regard to case, tolerant types, faults that fail one request
// alone) and writes their answers. What the product decides about a request is not decided here.
//
// It may import the root package, internal/config, internal/seal, and its neighbours httpx and auth.
package vcc
