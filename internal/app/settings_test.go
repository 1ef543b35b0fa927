package app

import (
	"testing"
	"time"

	"switchyard"
	"switchyard/internal/effects"
)

// A gateway has its own breaker, the hosts of an account's data connectors share one form of it, and
// callbacks have none.
func TestMannersOfTargets(t *testing.T) {
	three, never, minute := 3, 0, switchyard.Minute
	settings := newSettings()
	settings.change("plain", func(a *accountSettings) { a.document = &switchyard.Account{} })
	settings.change("set", func(a *accountSettings) {
		a.document = &switchyard.Account{
			Settings: switchyard.Settings{Connectors: &switchyard.ConnectorSettings{Breaker: &switchyard.Breaker{Failures: &three, Pause: &minute}}},
			Gateways: switchyard.Gateways{SMS: map[string]switchyard.Gateway{"Fast": {Rate: 7, Breaker: &switchyard.Breaker{Failures: &never}}}},
		}
	})
	usual := effects.Manners{Failures: 5, Pause: 30 * time.Second}
	for target, want := range map[effects.Target]effects.Manners{
		{Account: "plain", Kind: switchyard.EffectConnector, Name: "crm.example.com"}: usual,
		{Account: "set", Kind: switchyard.EffectConnector, Name: "crm.example.com"}:   {Failures: 3, Pause: time.Minute},
		{Account: "set", Kind: switchyard.EffectSMS, Name: "fast"}:                    {Rate: 7, Pause: 30 * time.Second},
		{Account: "set", Kind: switchyard.EffectSMS, Name: "other"}:                   usual,
		{Account: "set", Kind: switchyard.EffectCallback, Name: "crm"}:                {},
	} {
		if got := settings.manners(target); got != want {
			t.Errorf("%+v: %+v, want %+v", target, got, want)
		}
	}
}
