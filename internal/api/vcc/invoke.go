package vcc

import (
	"fmt"
	"net/http"

	"github.com/go-json-experiment/json/jsontext"

	"switchyard"
	"switchyard/internal/api/httpx"
)

// invoke is POST /interactions/invoke: 200 and the ids that failed, once every accepted request is
// durable.
func (a *API) invoke(w http.ResponseWriter, c call) error {
	in, err := decodeInvoke(c.body)
	if err != nil {
		return err
	}
	answer, err := a.submit(c, in)
	if err != nil {
		return err
	}
	results, ok := answer.([]switchyard.RequestResult)
	if !ok {
		return fmt.Errorf("an invoke call was answered with %T", answer)
	}
	if wantsRepresentation(c.head) {
		w.Header().Set("Preference-Applied", "return=representation")
		httpx.WriteJSON(w, http.StatusOK, represent(results))
		return nil
	}
	httpx.Write(w, http.StatusOK, failedIDs(results))
	return nil
}

// failedIDs writes the array of the requestids that failed, null for one without, each once.
func failedIDs(results []switchyard.RequestResult) []byte {
	b := []byte{'['}
	for i := range results {
		r := &results[i]
		if r.Status != switchyard.StatusFailed || r.Repeat {
			continue
		}
		if len(b) > 1 {
			b = append(b, ',')
		}
		if r.RequestID == "" {
			b = append(b, "null"...)
			continue
		}
		b, _ = jsontext.AppendQuote(b, r.RequestID) // it came out of valid JSON
	}
	return append(b, ']')
}

// representation is what became of one request, for a client that prefers to know.
type representation struct {
	RequestID   *string         `json:"requestid"`
	ExternalID  *string         `json:"externalid"`
	Status      string          `json:"status"`
	Interaction *switchyard.ID  `json:"interaction"`
	Reason      *requestFailure `json:"reason"`
}

// requestFailure says why a request failed.
type requestFailure struct {
	Code   switchyard.Code `json:"code"`
	Detail string          `json:"detail"`
}

func represent(results []switchyard.RequestResult) []representation {
	list := make([]representation, len(results))
	for i := range results {
		r := &results[i]
		list[i] = representation{RequestID: orNull(r.RequestID), ExternalID: orNull(r.ExternalID), Status: r.Status}
		if !r.Interaction.IsZero() {
			list[i].Interaction = &r.Interaction
		}
		if r.Status == switchyard.StatusFailed {
			list[i].Reason = &requestFailure{r.Code, r.Detail}
		}
	}
	return list
}

// orNull answers nil for an absent text.
func orNull(text string) *string {
	if text == "" {
		return nil
	}
	return &text
}
