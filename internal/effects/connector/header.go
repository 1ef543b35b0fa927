package connector

import (
	"maps"
	"net/http"
	"slices"
	"strings"

	"switchyard"
	"switchyard/internal/core/plan"
)

// Bounds of the headers a timeline keeps.
const (
	maxHeaders     = 50
	maxHeaderBytes = 1 << 10 // of one value
)

// headers are headers as a timeline shows them.
func (a *attempt) headers(h http.Header) map[string]string {
	if len(h) == 0 {
		return nil
	}
	shown, size := make(map[string]string, len(h)), 0
	for _, name := range slices.Sorted(maps.Keys(h)) {
		value := switchyard.Masked
		if !plan.CredentialHeader(name) {
			value = a.fill.Shown(strings.Join(h[name], ", "), maxHeaderBytes)
		}
		name = a.fill.Shown(name, maxHeaderBytes)
		if size += len(name) + len(value); size > switchyard.MaxTimelineBodyBytes || len(shown) == maxHeaders {
			break
		}
		shown[name] = value
	}
	return shown
}
