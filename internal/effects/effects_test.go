package effects

import (
	"testing"

	"switchyard"
)

// A provider that registered again in another case is the same target.
func TestTargetsAreWithoutCase(t *testing.T) {
	one := TargetOf("acme", &switchyard.Effect{Kind: switchyard.EffectCallback, Provider: "Crm"})
	if other := TargetOf("acme", &switchyard.Effect{Kind: switchyard.EffectCallback, Provider: "CRM"}); one != other {
		t.Errorf("%v is not %v", one, other)
	}
}
