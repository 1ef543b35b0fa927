package main

import (
	"fmt"
	"net/netip"
	"net/url"
	"strings"

	"switchyard/internal/api/native"
	"switchyard/internal/app"
)

// Flags that say how a server may be reached and what it may reach.
type serverFlags struct {
	AllowInsecureEndpoints bool           `help:"Let callbacks and gateways use http and reach this machine: for trying things out." env:"SWITCHYARD_ALLOW_INSECURE_ENDPOINTS"`
	AllowNetwork           []netip.Prefix `help:"Private network that callbacks and gateways may reach, such as 10.1.0.0/16; may be repeated." placeholder:"CIDR" env:"SWITCHYARD_ALLOW_NETWORK"`
	Key                    string         `help:"Key that seals credentials, 32 bytes in base64, instead of the key file in the data folder; older keys may follow, separated by commas." env:"SWITCHYARD_KEY" placeholder:"BASE64"`
}

// ServeCmd runs the server.
type ServeCmd struct {
	Config  string   `help:"Settings file (YAML): these flags without their dashes as keys; flags and environment go before it." env:"SWITCHYARD_CONFIG" placeholder:"FILE"`
	Data    string   `help:"Data folder, made when it is not there; memory keeps nothing (default ${default})." default:"./switchyard-data" env:"SWITCHYARD_DATA" placeholder:"DIR"`
	Listen  string   `help:"Address to listen on (default ${default})." default:"127.0.0.1:8080" env:"SWITCHYARD_LISTEN" placeholder:"ADDR"`
	Account []string `help:"Account file applied at start when it has changed; may be repeated." type:"existingfile" env:"SWITCHYARD_ACCOUNT" placeholder:"FILE"`
	Clock   string   `help:"real, or manual: time stands still until POST /v1/clock moves it." enum:"real,manual" default:"real" env:"SWITCHYARD_CLOCK"`
	TLSCert string   `help:"Certificate chain (PEM) to serve https with." name:"tls-cert" type:"existingfile" env:"SWITCHYARD_TLS_CERT" placeholder:"FILE"`
	TLSKey  string   `help:"Private key (PEM) of the certificate." name:"tls-key" type:"existingfile" env:"SWITCHYARD_TLS_KEY" placeholder:"FILE"`
	Public  *url.URL `help:"Address of this server for others, such as https://switchyard.example.com: vendors of SMS gateways send delivery receipts there, identity providers send users back to it. Left out: no receipts are asked for, and users come back to the address they came from." name:"public-url" env:"SWITCHYARD_PUBLIC_URL" placeholder:"URL"`
	serverFlags
}

// Run serves until it is told to stop.
func (c *ServeCmd) Run(g *Globals) error {
	if (c.TLSCert == "") != (c.TLSKey == "") {
		return usageError{fmt.Errorf("--tls-cert and --tls-key go together")}
	}
	public, err := publicURL(c.Public)
	if err != nil {
		return err
	}
	recovered := make(chan struct{})
	tuneMemory(g.Context, recovered)
	tuneProcessors()
	a, err := app.New(g.Context, app.Options{
		Data: c.Data, Listen: c.Listen, AccountFiles: c.Account, Manual: c.Clock == "manual",
		AllowInsecure: c.AllowInsecureEndpoints, AllowNetworks: c.AllowNetwork, PublicURL: public,
		TLSCert: c.TLSCert, TLSKey: c.TLSKey, Key: c.Key, Log: g.Log,
	})
	if err != nil {
		return err
	}
	return a.Run(g.Context, func() {
		close(recovered)
		v := native.BuildVersion()
		g.Log.Info("switchyard serves", "address", a.URL(), "data", c.Data, "clock", c.Clock, "version", v.Version, "docs", a.URL()+"/docs")
		if len(a.Engine().Accounts()) == 0 {
			g.Log.Warn("there is no account yet: start with --account account.yaml, or stop and run `switchyard apply --data`")
		}
	})
}

// publicURL checks the address that vendors are told.
func publicURL(u *url.URL) (string, error) {
	switch {
	case u == nil || u.String() == "":
		return "", nil
	case u.Scheme != "https" && u.Scheme != "http" || u.Host == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "":
		return "", usageError{fmt.Errorf("--public-url %s: give the address others reach this server at, such as https://switchyard.example.com", u.Redacted())}
	}
	return strings.TrimRight(u.String(), "/"), nil
}

// VersionCmd prints the version.
type VersionCmd struct{}

// Run prints.
func (VersionCmd) Run(g *Globals) error {
	v := native.BuildVersion()
	_, err := fmt.Fprintf(g.Out, "switchyard %s (%s)\n", v.Version, v.Go)
	return err
}
