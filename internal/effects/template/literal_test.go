package template

import (
	"strings"
	"testing"
)

func TestLiterals(t *testing.T) {
	for text, want := range map[string]string{
		`{"from":"$(From)","text" : "$(Message:JSON)","api_key":"c2VjcmV0","n":1}`: "c2VjcmV0",
		`from=$(From:URL)&token=abcd1234&to=$(To:URL)`:                             "abcd1234",
		`token=c2VjcmV0eQ==&to=$(To)`:                                              "c2VjcmV0eQ== c2VjcmV0eQ",
		`<sms><user>adam</user><pass>#(Pass)</pass></sms>`:                         "adam",
		`#(All)`: "",
	} {
		if got := strings.Join(literals(text), " "); got != want {
			t.Errorf("%s: %q, want %q", text, got, want)
		}
	}
}
