// Package config reads, checks and prepares the account document: the YAML file people write and
// the JSON that PUT /v1/config takes. It names every fault with its line, column, key and what is
// allowed; hashes and seals credentials before a document becomes an input; masks them wherever a
// document is shown; tells two documents apart in words; and describes the format as a JSON Schema.
//
// It may import the root package, internal/core/plan and internal/seal, and libraries for YAML, JSON
// and HTTP field names. It keeps no state and touches the network never; only Resolve reads files.
package config

//go:generate go test . -run UpToDate -update
