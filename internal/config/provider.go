package config

import (
	"fmt"
	"net"
	"net/url"
	"strings"

	"github.com/go-json-experiment/json"

	"switchyard"
	"switchyard/internal/seal"
)

// CheckProvider checks a provider as POST /interactions/register and the account file give it
// (CONTRACT.md §4) and returns its first fault. allowInsecure is the server's
// --allow-insecure-endpoints. The error never shows a header's value.
func CheckProvider(p switchyard.ProviderEntry, allowInsecure bool) error {
	for _, f := range providerFaults(p, allowInsecure, authorization) {
		name := f.path
		if name == "name" {
			name = "provider"
		}
		return fmt.Errorf("%s: %s", name, f.text)
	}
	return nil
}

const insecure = "must be https; plain http is only for loopback hosts, on a server started with --allow-insecure-endpoints"

// providerFaults finds what is wrong with a provider; fit judges an Authorization header.
func providerFaults(p switchyard.ProviderEntry, allowInsecure bool, fit func(string) bool) []fault {
	var faults []fault
	if p.Name == "" {
		faults = append(faults, fault{"name", "is missing; a provider has a name"})
	}
	if len(p.Name) > switchyard.MaxIDBytes {
		faults = append(faults, fault{"name", fmt.Sprintf("is longer than %d bytes", switchyard.MaxIDBytes)})
	}
	if text := endpointFault(p.Endpoint, allowInsecure); p.Endpoint != "" && text != "" {
		faults = append(faults, fault{"endpoint", text})
	}
	faults = append(faults, headerFaults(p.Headers)...)
	for name, value := range p.Headers {
		if strings.EqualFold(name, "Authorization") && !fit(value) {
			faults = append(faults, fault{at("headers", name), "must be a type and credentials, such as `Bearer …` or `Basic …`"})
		}
	}
	for _, name := range sortedKeys(p.AgentActionsPermitted) {
		path := at("agentactionspermitted", name)
		if operation(new(switchyard.Permissions), name) == nil {
			faults = append(faults, fault{path, fmt.Sprintf("%q is no operation; there are release, hold, transferToAgent and transferToRoute", name)})
		} else if v := p.AgentActionsPermitted[name]; v != 0 && v != 1 {
			faults = append(faults, fault{path, fmt.Sprintf("is %d; write 1 for permitted, 0 for not", v)})
		}
	}
	return faults
}

func endpointFault(text string, allowInsecure bool) string {
	u, err := url.Parse(text)
	switch {
	case err != nil:
		return "is no URL that can be read"
	case u.Scheme != "https" && u.Scheme != "http" || u.Host == "" || u.Hostname() == "":
		return "must be an absolute https URL, such as https://crm.example.com/callbacks"
	case u.Scheme == "http" && !(allowInsecure && loopback(u.Hostname())):
		return insecure
	case u.User != nil:
		return "cannot hold a user or password; give an Authorization header instead"
	case u.Fragment != "":
		return "cannot have a fragment (#…)"
	}
	return ""
}

// loopback reports whether a host names this machine by itself, without asking DNS.
func loopback(host string) bool {
	if ip := net.ParseIP(host); ip != nil {
		return ip.IsLoopback()
	}
	host = strings.TrimSuffix(strings.ToLower(host), ".")
	return host == "localhost" || strings.HasSuffix(host, ".localhost")
}

// authorization reports whether a value is "<type> <credentials>".
func authorization(value string) bool {
	kind, credentials, _ := strings.Cut(value, " ")
	return kind != "" && strings.TrimSpace(credentials) != ""
}

// storedAuthorization is authorization for documents, where the value may be a reference, masked or
// sealed, and so cannot be judged.
func storedAuthorization(value string) bool {
	return isReference(value) || value == switchyard.Masked || seal.LooksSealed(value) || authorization(value)
}

// operation returns the member of p that an operation's name, in any case, means; nil if none.
func operation(p *switchyard.Permissions, name string) *bool {
	switch strings.ToLower(name) {
	case "release":
		return &p.Release
	case "hold":
		return &p.Hold
	case "transfertoagent":
		return &p.TransferToAgent
	case "transfertoroute":
		return &p.TransferToRoute
	}
	return nil
}

// PermissionsOf reads the permissions of a checked provider; what is not listed is not permitted.
func PermissionsOf(listed map[string]int) switchyard.Permissions {
	var p switchyard.Permissions
	for name, value := range listed {
		if member := operation(&p, name); member != nil && value == 1 {
			*member = true
		}
	}
	return p
}

// Registration makes the input of a register call from a checked provider whose headers are in the
// clear: headers sealed, with a fresh signing secret that counts only if the provider is new.
func Registration(p switchyard.ProviderEntry, key *seal.Key) *switchyard.Register {
	r := &switchyard.Register{
		Provider:  p.Name,
		Endpoint:  p.Endpoint,
		Permitted: PermissionsOf(p.AgentActionsPermitted),
		Secret:    key.Seal([]byte(seal.GenerateSigningSecret())),
	}
	if len(p.Headers) > 0 {
		r.Headers = key.Seal(marshal(p.Headers))
	}
	return r
}

// OpenHeaders reads the headers of a registered provider.
func OpenHeaders(sealed switchyard.Sealed, key *seal.Key) (map[string]string, error) {
	if sealed == "" {
		return nil, nil
	}
	plain, err := key.Open(sealed)
	if err != nil {
		return nil, fmt.Errorf("open provider headers: %w", err)
	}
	var headers map[string]string
	if err := json.Unmarshal(plain, &headers); err != nil {
		return nil, fmt.Errorf("read provider headers: %w", err)
	}
	return headers, nil
}

// marshal writes a value whose types always can be written.
func marshal(v any) []byte {
	b, err := json.Marshal(v, json.Deterministic(true))
	if err != nil {
		panic(err)
	}
	return b
}
