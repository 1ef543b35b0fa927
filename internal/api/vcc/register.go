package vcc

import (
	"net/http"
	"strings"

	"switchyard"
	"switchyard/internal/api/httpx"
	"switchyard/internal/config"
)

// register is POST /interactions/register: what is sent replaces all that was registered.
func (a *API) register(w http.ResponseWriter, c call) error {
	p, err := decodeRegister(c.body)
	if err != nil {
		return err
	}
	if err := config.CheckProvider(p, a.AllowInsecure); err != nil {
		return switchyard.Refuse(switchyard.Malformed, "%s", err)
	}
	if err := checkAuthorization(p.Headers); err != nil {
		return err
	}
	if _, err := a.submit(c, config.Registration(p, a.Key)); err != nil {
		return err
	}
	httpx.Write(w, http.StatusOK, []byte("[]"))
	return nil
}

// checkAuthorization refuses an Authorization value that is not "<type> <credentials>". An account
// file may write env: or file: there; a call must send the value itself.
func checkAuthorization(headers map[string]string) error {
	for name, value := range headers {
		kind, credentials, _ := strings.Cut(value, " ")
		if strings.EqualFold(name, "Authorization") && (kind == "" || strings.TrimSpace(credentials) == "") {
			return switchyard.Refuse(switchyard.Malformed,
				"headers.%s must be a type and credentials, such as `Bearer …` or `Basic …`", name)
		}
	}
	return nil
}
