// Package hook takes what vendors send by themselves: receipts of messages. Its routes are open, and
// what comes in counts only when the vendor's signature is right.
//
// It imports the root package, internal/effects/sms, which knows the vendors, internal/api/httpx and
// internal/api/auth.
package hook

import (
	"errors"
	"net/http"

	"switchyard"
	"switchyard/internal/api/auth"
	"switchyard/internal/api/httpx"
	"switchyard/internal/effects/sms"
)

// maxBodyBytes is how long a receipt may be.
const maxBodyBytes = 64 << 10

// SMSPattern is where receipts of messages come to.
const SMSPattern = "/hooks/sms/{account}/{gateway}/{interaction}/{effect}"

// Options of the hooks; all are required.
type Options struct {
	Receipt func(*sms.Received) (gateway string, receipt *switchyard.EffectReceipt, err error)
	Submit  auth.Submit
}

// Mount adds the hooks to the routes.
func Mount(mux *http.ServeMux, o Options) {
	mux.HandleFunc(SMSPattern, o.sms)
	mux.HandleFunc("/hooks/", func(w http.ResponseWriter, _ *http.Request) {
		httpx.WriteMessageText(w, http.StatusNotFound, "No such resource: the hooks are "+SMSPattern)
	})
}

// sms takes a receipt. Whatever is wrong with one before it is known who sent it gets the same answer.
func (o Options) sms(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodPost && r.Method != http.MethodGet {
		w.Header().Set("Allow", "GET, POST")
		httpx.WriteMessageText(w, http.StatusMethodNotAllowed, "The method is not allowed here; use POST or GET")
		return
	}
	body, err := httpx.ReadBody(r, maxBodyBytes)
	if errors.Is(err, httpx.ErrTooLarge) {
		httpx.WriteMessageText(w, http.StatusRequestEntityTooLarge, "Payload Too Large")
		return
	}
	if err != nil {
		httpx.WriteMessageText(w, http.StatusBadRequest, "the body broke off")
		return
	}
	defer body.Close()
	account := r.PathValue("account")
	gateway, receipt, err := o.Receipt(&sms.Received{Account: account, Gateway: r.PathValue("gateway"),
		Interaction: r.PathValue("interaction"), Effect: r.PathValue("effect"),
		Method: r.Method, Query: r.URL.RawQuery, Header: r.Header, Body: body.Bytes})
	if err != nil {
		httpx.WriteMessageText(w, http.StatusUnauthorized, "this is no receipt that the vendor of a gateway signed")
		return
	}
	call := httpx.CallOf(r.Context())
	call.Account, call.By = account, "gateway:"+gateway
	if _, err := o.Submit(r.Context(), account, call.By, call.Correlation, "", "", receipt); err != nil {
		httpx.WriteMessage(w, err)
		return
	}
	httpx.Write(w, http.StatusOK, []byte("{}"))
}
