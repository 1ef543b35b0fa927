package docs

import (
	"maps"
	"slices"

	"switchyard"
	"switchyard/internal/api/httpx"
)

// Errors writes errors.md from switchyard.Codes.
func Errors() []byte {
	p := newPage("Error codes", "go generate ./internal/docs")
	p.line(`Every refusal carries one of these words. They never change their meaning; new ones may be added.

The native API answers with problem details (RFC 9457): the status below, and a body with
%[1]stype%[1]s (%[1]surn:switchyard:error:<code>%[1]s), %[1]stitle%[1]s, %[1]sstatus%[1]s, %[1]sdetail%[1]s, %[1]scode%[1]s, %[1]scorrelation%[1]s and, when several
faults were found, %[1]serrors%[1]s with the place of each. The contract's endpoints answer in the
contract's own forms; there these words are the %[1]sreason%[1]s of a single request of an invoke call, which
fails while the call answers 200.

| code | status | meaning |
|---|---|---|`, "`")
	for _, code := range slices.Sorted(maps.Keys(switchyard.Codes)) {
		p.line("| `%s` | %d | %s |", code, httpx.Status(&switchyard.Error{Code: code}), cell(switchyard.Codes[code].Summary))
	}
	return p.Bytes()
}
