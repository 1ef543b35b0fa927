package main

import (
	"net/url"
	"testing"
)

func TestPublicURL(t *testing.T) {
	for text, want := range map[string]string{
		"": "", "https://sw.example.com": "https://sw.example.com", "https://sw.example.com/base/": "https://sw.example.com/base",
		"http://127.0.0.1:8080": "http://127.0.0.1:8080",
	} {
		u, err := url.Parse(text)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := publicURL(u); err != nil || got != want {
			t.Errorf("%q is %q, %v", text, got, err)
		}
	}
	for _, text := range []string{"sw.example.com", "ftp://sw.example.com", "https://me:secret@sw.example.com", "https://sw.example.com/?a=b", "https:///x"} {
		u, err := url.Parse(text)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := publicURL(u); err == nil {
			t.Errorf("%q is taken as %q", text, got)
		}
	}
	if got, err := publicURL(nil); got != "" || err != nil {
		t.Errorf("none is %q, %v", got, err)
	}
}
