package config

import (
	"strings"
	"testing"

	"switchyard"
)

func TestCheckProvider(t *testing.T) {
	type entry = switchyard.ProviderEntry
	header := func(name, value string) entry {
		return entry{Name: "crm", Headers: map[string]string{name: value}}
	}
	permits := func(name string, value int) entry {
		return entry{Name: "crm", AgentActionsPermitted: map[string]int{name: value}}
	}
	for _, c := range []struct {
		entry    entry
		insecure bool
		want     string // "" = no fault
	}{
		{entry{Name: "crm"}, false, ""},
		{entry{}, false, "provider: is missing"},
		{entry{Name: strings.Repeat("x", 255)}, false, ""},
		{entry{Name: strings.Repeat("x", 256)}, false, "provider: is longer than 255 bytes"},
		{entry{Name: "crm", Endpoint: "https://crm.example.com:8443/a?b=c"}, false, ""},
		{entry{Name: "crm", Endpoint: "HTTPS://crm.example.com/"}, false, ""},
		{entry{Name: "crm", Endpoint: "/callbacks"}, false, "endpoint: must be an absolute https URL"},
		{entry{Name: "crm", Endpoint: "https:///callbacks"}, false, "endpoint: must be an absolute https URL"},
		{entry{Name: "crm", Endpoint: "https://:443/"}, false, "endpoint: must be an absolute https URL"},
		{entry{Name: "crm", Endpoint: "ftp://crm.example.com/"}, false, "endpoint: must be an absolute https URL"},
		{entry{Name: "crm", Endpoint: "https://a b/"}, false, "endpoint: is no URL"},
		{entry{Name: "crm", Endpoint: "https://u:p@crm.example.com/"}, false, "endpoint: cannot hold a user"},
		{entry{Name: "crm", Endpoint: "http://127.0.0.1:9000/"}, false, "endpoint: must be https"},
		{entry{Name: "crm", Endpoint: "http://127.0.0.1:9000/"}, true, ""},
		{entry{Name: "crm", Endpoint: "http://127.9.9.9/"}, true, ""},
		{entry{Name: "crm", Endpoint: "http://[::1]:9000/"}, true, ""},
		{entry{Name: "crm", Endpoint: "http://LOCALHOST:9000/"}, true, ""},
		{entry{Name: "crm", Endpoint: "http://crm.localhost/"}, true, ""},
		{entry{Name: "crm", Endpoint: "http://localhost.example.com/"}, true, "endpoint: must be https"},
		{entry{Name: "crm", Endpoint: "http://10.0.0.1/"}, true, "endpoint: must be https"},
		{header("Authorization", "Bearer abc"), false, ""},
		{header("authorization", "Basic dTpw"), false, ""},
		{header("Authorization", "abc"), false, "headers.Authorization: must be a type and credentials"},
		{header("AUTHORIZATION", "Bearer "), false, "headers.AUTHORIZATION: must be a type and credentials"},
		{header("Authorization", ""), false, "headers.Authorization: must be a type and credentials"},
		{header("Authorization", "***"), false, "headers.Authorization: must be a type and credentials"},
		{header("Authorization", "env:TOKEN"), false, "headers.Authorization: must be a type and credentials"},
		{header("X-Any", ""), false, ""},
		{header("X Any", "a"), false, "headers['X Any']: is no valid name"},
		{header("", "a"), false, "headers['']: is no valid name"},
		{header("X-Any", "a\r\nX-Other: b"), false, "headers.X-Any: has a value"},
		{header("host", "a"), false, "headers.host: Host is set by the server"},
		{header("Content-length", "1"), false, "headers.Content-length: Content-Length is set"},
		{header("Transfer-Encoding", "1"), false, "headers.Transfer-Encoding: Transfer-Encoding is set"},
		{header("CONNECTION", "close"), false, "headers.CONNECTION: Connection is set"},
		{permits("transferTOroute", 1), false, ""},
		{permits("release", 0), false, ""},
		{permits("release", 2), false, "agentactionspermitted.release: is 2"},
		{permits("retrieve", 1), false, `agentactionspermitted.retrieve: "retrieve" is no operation`},
	} {
		err := CheckProvider(c.entry, c.insecure)
		switch {
		case c.want == "" && err != nil:
			t.Errorf("%+v: %v", c.entry, err)
		case c.want != "" && (err == nil || !strings.HasPrefix(err.Error(), c.want)):
			t.Errorf("%+v: %v, want %s", c.entry, err, c.want)
		}
	}
}

func TestInsecureEndpointsNeedTheServersLeave(t *testing.T) {
	const source = `
account: acme
gateways: {sms: {v: {type: http, url: "http://localhost:9000/"}}}
providers: [{name: crm, endpoint: "http://localhost:9000/"}]
`
	file, problems := Read("", []byte(source))
	if len(problems) > 0 {
		t.Fatal(Problems(problems))
	}
	if got := file.Check(Rules{AllowInsecure: true}); len(got) > 0 {
		t.Error(Problems(got))
	}
	if got := file.Check(Rules{}); len(got) != 2 {
		t.Errorf("%d problems, want 2", len(got))
	}
}

func TestPermissionsOf(t *testing.T) {
	got := PermissionsOf(map[string]int{"RELEASE": 1, "hold": 0, "transferToAgent": 1, "transfertoroute": 1})
	if got != (switchyard.Permissions{Release: true, TransferToAgent: true, TransferToRoute: true}) {
		t.Errorf("%+v", got)
	}
}
