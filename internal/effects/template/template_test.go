package template

import (
	"errors"
	"strings"
	"testing"

	"switchyard"
	"switchyard/internal/core/plan"
)

func filler(secrets map[string]string) *Filler {
	return New(Options{Of: "the gateway", Values: plan.NewKnown(map[string]string{"Name": "Ada #(Key)"}),
		Secret: func(key string) (switchyard.Sealed, bool) {
			text, known := secrets[key]
			return switchyard.Sealed(text), known
		},
		Open: func(sealed switchyard.Sealed) ([]byte, error) {
			if sealed == "unopenable" {
				return nil, errors.New("the key file does not open this")
			}
			return []byte(sealed), nil
		}})
}

func TestFill(t *testing.T) {
	f := filler(map[string]string{"Key": "s3cr3t-key", "Bad": "unopenable"})
	got, err := f.Fill("body", "$(name) #(Key) $(None)")
	if err != nil || got != "Ada #(Key) s3cr3t-key " {
		t.Errorf("%q, %v", got, err)
	}
	if _, err = f.Fill("body", "#(Lost)"); err == nil || !strings.HasPrefix(err.Error(), "body of the gateway: ") || f.UnsealFailed {
		t.Errorf("%v, %t", err, f.UnsealFailed)
	}
	if _, err = f.Fill("body", "#(Bad)"); err == nil || !f.UnsealFailed {
		t.Errorf("%v, %t", err, f.UnsealFailed)
	}
	if got := f.Excerpt("it was s3cr3t-key and more"); strings.Contains(got, "s3cr3t") {
		t.Error(got)
	}
}

// A value read from an answer keeps what only resembles a secret, and nothing of the secret itself.
func TestValue(t *testing.T) {
	f := filler(map[string]string{"Base": "https://crm.example.com/customers/hook-0123456789?v=1", "Key": "s3cr3t-key", "Tiny": "eu"})
	if _, err := f.Fill("url", "#(Base) #(Key) #(Tiny)"); err != nil {
		t.Fatal(err)
	}
	for text, want := range map[string]string{
		"my customers at crm.example.com in the eu": "my customers at crm.example.com in the eu",
		"sent s3cr3t-key":         "sent ***",
		"sent s3cr3t-%6bey":       "sent ***",
		"to hook-0123456789 only": "to *** only",
		"it ends with s3cr":       "it ends with s3cr",
		"it ends with s3cr3t-ke":  "it ends with ***",
		"czNjcjN0LWtleQ==":        "***==",
		"https://crm.example.com/customers/hook-0123456789?v=1": "***",
	} {
		if got := f.Value(text); got != want {
			t.Errorf("%q became %q, want %q", text, got, want)
		}
	}
}
