package vcc

import (
	"testing"
)

// presetSkills is the contract's example of a full dispatch.
const presetSkills = `{"provider":"ProviderName","requests":[{"action":"dispatch","requestid":"13141f79-79bb-4e4f-a7bc-a96f3a08d1bb","externalid":"40a4b50f","route":"APIRouting","linkeddata":[{"type":"clid","value":"Cases 40a4b50f"},{"type":"url","label":"40a4b50f","value":"https://vonage.com"},{"type":"name","value":"Case Friendly Name"},{"type":"mediatype","value":"Case-External"}],"routingdata":{"interactiontype":"nonlive","personalqueue":{"agent":"AgentUsername","loggedintimeout":20,"loggedouttimeout":30},"skills":[{"name":"skillOptional","expiryafter":0},{"name":"skillExpiring","expiryafter":60},{"name":"skillMandatory"}]}}]}`

func BenchmarkDecodePresetSkills(b *testing.B) {
	body := []byte(presetSkills)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := decodeInvoke(body); err != nil {
			b.Fatal(err)
		}
	}
}
