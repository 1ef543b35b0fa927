package config

import (
	"fmt"

	"switchyard"
	"switchyard/internal/seal"
)

// OpenGateway returns an SMS gateway of a published document with its headers and body in the clear,
// for whoever sends through it. ok is false when the document has none of this name.
func OpenGateway(doc *switchyard.Account, name string, key *seal.Key) (g switchyard.Gateway, ok bool, err error) {
	g, ok = byCase(doc.Gateways.SMS)[switchyard.CaseKey(name)]
	if !ok {
		return g, false, nil
	}
	opened := make(map[string]string, len(g.Headers))
	for header, value := range g.Headers {
		if opened[header], err = open(value, key); err != nil {
			return g, true, fmt.Errorf("open header %s of gateway %s: %w", header, name, err)
		}
	}
	g.Headers = opened
	if g.Body, err = open(g.Body, key); err != nil {
		return g, true, fmt.Errorf("open body of gateway %s: %w", name, err)
	}
	return g, true, nil
}

// OpenSecret returns a secret of a published document in the clear, for #(name) in a gateway. ok is
// false when there is none of this name.
func OpenSecret(doc *switchyard.Account, name string, key *seal.Key) (value string, ok bool, err error) {
	sealed, ok := byCase(doc.Secrets)[switchyard.CaseKey(name)]
	if !ok {
		return "", false, nil
	}
	if value, err = open(sealed, key); err != nil {
		return "", true, fmt.Errorf("open secret %s: %w", name, err)
	}
	return value, true, nil
}

func open(sealed string, key *seal.Key) (string, error) {
	if sealed == "" {
		return "", nil
	}
	plain, err := key.Open(switchyard.Sealed(sealed))
	return string(plain), err
}
