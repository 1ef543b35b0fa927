package main

import (
	"strings"
	"testing"
)

// served parses a command line of serve and returns what it came to.
func served(t *testing.T, args ...string) (*CLI, error) {
	t.Helper()
	cli := &CLI{}
	parser, err := newParser(cli)
	if err != nil {
		t.Fatal(err)
	}
	_, err = parser.Parse(append([]string{"serve"}, args...))
	return cli, err
}

// DESIGN §7: flags over environment over file.
func TestSettingsFile(t *testing.T) {
	account := writeFile(t, "a,b.yaml", folderAccount)
	file := writeFile(t, "switchyard.yaml", `
# everything a flag says, a key may say
data: /var/lib/switchyard
listen: "0.0.0.0:1"
account: ["`+account+`"]
allow-network:
  - 10.1.0.0/16
  - 10.2.0.0/16
allow-insecure-endpoints: true
clock: manual
log-format: json
`)
	t.Setenv("SWITCHYARD_LISTEN", "0.0.0.0:2")
	t.Setenv("SWITCHYARD_CLOCK", "real")
	for name, with := range map[string]func() []string{
		"flag": func() []string { return []string{"--config", file, "--clock", "manual", "--data", "memory"} },
		"environment": func() []string {
			t.Setenv("SWITCHYARD_CONFIG", file)
			return []string{"--clock", "manual", "--data", "memory"}
		},
	} {
		cli, err := served(t, with()...)
		if err != nil {
			t.Fatalf("named by %s: %v", name, err)
		}
		c := cli.Serve
		if c.Data != "memory" || c.Clock != "manual" {
			t.Errorf("named by %s: a flag does not go before the rest: %+v", name, c)
		}
		if c.Listen != "0.0.0.0:2" {
			t.Errorf("named by %s: the environment does not go before the file: %+v", name, c)
		}
		if len(c.Account) != 1 || c.Account[0] != account || len(c.AllowNetwork) != 2 || c.AllowNetwork[1].String() != "10.2.0.0/16" ||
			!c.AllowInsecureEndpoints || cli.LogFormat != "json" {
			t.Errorf("named by %s: the file is not followed: %+v %+v", name, cli.LogFormat, c)
		}
	}
	t.Setenv("SWITCHYARD_CONFIG", "")
	if cli, err := served(t); err != nil || cli.Serve.Clock != "real" || cli.Serve.Data != "./switchyard-data" {
		t.Errorf("without a file: %v, %+v", err, cli.Serve)
	}
}

func TestSettingsFileIsStrict(t *testing.T) {
	for text, want := range map[string]string{
		"listen: 127.0.0.1:1\nlissten: x\n":       ":2:1: lissten: unknown key; a file may say account, ",
		"config: other.yaml\n":                    ":1:1: config: unknown key",
		"clock: sometimes\n":                      `:1:1: clock: must be one of real, manual, not "sometimes"`,
		"listen: [a, b]\n":                        ":1:1: listen: takes one value, not a list",
		"listen: {a: b}\n":                        ":1:1: listen: has no value that can be read",
		"\nlisten:\n":                             ":2:1: listen: has no value that can be read",
		"allow-network: [10.1.0.0/16, nowhere]\n": ":1:1: allow-network: ",
		"account: /no/such/file.yaml\n":           ":1:1: account: ",
		"allow-insecure-endpoints: perhaps\n":     ":1:1: allow-insecure-endpoints: ",
		"clock: real\nclock: manual\n":            ":2:1: this is no YAML: ",
		"listen: 'x\n":                            ":1:9: this is no YAML: ",
		"- listen\n":                              ":1:1: the file holds keys and values",
		"listen: 127.0.0.1:1\n---\nlisten: x\n":   "a second document begins here",
	} {
		file := writeFile(t, "switchyard.yaml", text)
		code, _, failed := command(t, "serve", "--config", file)
		if code != 2 || !strings.Contains(failed, file+":") || !strings.Contains(failed, want) {
			t.Errorf("%q: exit %d, %s", text, code, failed)
		}
	}
}
