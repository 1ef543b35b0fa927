// Package effects performs what the core asks for in the world: callbacks to providers, messages to
// people and requests of data connectors. The core decides everything about them: what is attempted,
// in which order and when again. The worker here makes one attempt for each it is handed and reports
// what became of it. An effect may be handed over, and therefore attempted, more than once under the
// same id: at least once, never less.
//
// It imports the root package, the JSON and the metrics library. The kinds of effects live in
// packages beneath that import this one: callback, sms, email, connector; egress is the way out they
// share, template what fills in their texts.
package effects

import (
	"context"
	"fmt"
	"time"

	"switchyard"
)

// Performer makes one attempt at an effect of one kind. It heeds ctx, which ends when the server
// must not wait any longer, and bounds the attempt's time itself. It is called from many goroutines.
type Performer interface {
	Attempt(ctx context.Context, account string, e *switchyard.Effect) Outcome
}

// Outcome is what became of an attempt. Neither OK nor GiveUp: a later attempt may succeed.
type Outcome struct {
	OK     bool
	GiveUp bool
	Silent bool   // nothing came back within the time limit: the target is to be asked gently
	Status int    // HTTP status, when there was one
	Detail string // for people: the error, or the answer's beginning; made by Excerpt

	Timeout    bool                 // nothing came back in time, and the plan is to be told so
	Values     map[string]string    // data sources read from the answer; no secret is in them
	Exchange   *switchyard.Exchange // what was sent and what came back, masked
	MessageID  string               // what the other side calls the message
	RetryAfter time.Duration        // the other side asks not to come again before; 0 = it does not
}

// GiveUp is the outcome of an attempt that no later one can better.
func GiveUp(format string, args ...any) Outcome {
	return Outcome{GiveUp: true, Detail: fmt.Sprintf(format, args...)}
}

// Lookup answers what the settings of an account are at this moment. It is called from many
// goroutines and must not wait for the account's owner. False means that there is no such
// thing. Credentials come as the published document has them: sealed, for the attempt to open. Of a
// gateway these are the values of its headers and its body. Names compare without case.
type Lookup interface {
	Provider(account, name string) (ProviderSettings, bool)
	Gateway(account, kind, name string) (switchyard.Gateway, bool)
	Secret(account, key string) (switchyard.Sealed, bool)
}

// ProviderSettings is what a callback needs to know of a provider.
type ProviderSettings struct {
	Endpoint string
	Headers  switchyard.Sealed   // sealed JSON object of strings, or empty
	Secrets  []switchyard.Sealed // signing secrets: the current one, then those that still overlap
}

// Opener opens a sealed credential. What it returns lives no longer than the attempt.
type Opener func(sealed switchyard.Sealed) ([]byte, error)

// Target is whoever is on the other side of effects. Attempts at one target are limited, so that
// one that is slow or dead takes nothing from the others.
type Target struct {
	Account string
	Kind    string // switchyard.EffectCallback, …
	Name    string // of the provider, by CaseKey, or of the gateway; the host of a connector
}

// TargetOf returns the target of an effect. A provider is the same however its name was spelled when
// the effect was asked for.
func TargetOf(account string, e *switchyard.Effect) Target {
	switch e.Kind {
	case switchyard.EffectCallback:
		return Target{account, e.Kind, switchyard.CaseKey(e.Provider)}
	case switchyard.EffectConnector:
		return Target{account, e.Kind, e.Connector.Host}
	}
	return Target{account, e.Kind, e.Gateway}
}
