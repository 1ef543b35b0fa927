package oidc

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/base64"
	stdjson "encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/golang-jwt/jwt/v5"
	"golang.org/x/time/rate"

	"switchyard"
)

// Wherever a sign-in is asked to end, and whatever the cookie on the way back says, the browser stays on
// this server.
func FuzzReturns(f *testing.F) {
	for _, to := range []string{"/contactpad", "/admin/plans?x=1#y", "//evil.example", `/\evil.example`, "/\t/evil.example", "/\n\\evil.example", "/.//evil.example", "/..//evil.example",
		"/%zz//evil.example", "https://evil.example", " //evil.example", "/\x00/evil.example", "/@evil.example", "/:80", "/x\r\nSet-Cookie: a=b", "/é//", ""} {
		f.Add(to, passCookie(httptest.NewRequest("GET", "/", nil), pass{Account: "a", To: strings.ToValidUTF8(to, ""), State: "s"}).Value)
	}
	f.Add("/", base64.RawURLEncoding.EncodeToString([]byte(`{"state":"s","to":"//evil.example","State":"t"}`)))
	f.Add("/", "e30")
	f.Fuzz(func(t *testing.T, to, cookie string) {
		stays(t, safePath(to))
		r := httptest.NewRequest("GET", CallbackPath, nil)
		r.Header["Cookie"] = []string{cookieName + "=" + cookie}
		if p, carried := passOf(r); carried != (p != pass{}) {
			t.Fatalf("%q: %+v, %v", cookie, p, carried)
		} else if carried {
			stays(t, p.To)
		}
	})
}

// stays fails when a browser that is sent to a place leaves the server.
func stays(t *testing.T, to string) {
	t.Helper()
	w := httptest.NewRecorder()
	http.Redirect(w, httptest.NewRequest("GET", CallbackPath, nil), to, http.StatusFound)
	// The URL standard has browsers drop these wherever they stand, and take \ for /.
	seen := strings.NewReplacer("\t", "", "\n", "", "\r", "", `\`, "/").Replace(w.Header().Get("Location"))
	seen = strings.TrimLeftFunc(seen, func(c rune) bool { return c <= ' ' })
	if !strings.HasPrefix(seen, "/") || strings.HasPrefix(seen, "//") {
		t.Fatalf("%q sends the browser to %q", to, seen)
	}
}

// provider is an identity provider that answers what it is told to.
type provider struct{ keys, token, info string }

const issuer = "https://id.example"

func (p *provider) RoundTrip(r *http.Request) (*http.Response, error) {
	text := ""
	switch r.URL.Path {
	case "/.well-known/openid-configuration":
		text = fmt.Sprintf(`{"issuer":%q,"authorization_endpoint":%[1]q,"token_endpoint":"%[1]s/token","jwks_uri":"%[1]s/keys","userinfo_endpoint":"%[1]s/info","id_token_signing_alg_values_supported":["ES256"]}`, issuer)
	case "/keys":
		text = p.keys
	case "/token":
		text = p.token
	case "/info":
		text = p.info
	}
	return &http.Response{StatusCode: 200, Header: http.Header{"Content-Type": {"application/json"}}, Body: io.NopCloser(strings.NewReader(text)), Request: r}, nil
}

// Whatever stands in an ID token and in the answer of who the user is, the username is a text that the
// provider said, of this sign-in, and none comes of a token that the provider did not sign.
func FuzzIDAnswers(f *testing.F) {
	const good = `{"iss":"https://id.example","aud":"sw","sub":"7","exp":4102444800,"nonce":"n","preferred_username":"ada"}`
	for _, claims := range []string{good, strings.Replace(good, `"n"`, `"m"`, 1), strings.Replace(good, `"sw"`, `["x","sw"]`, 1), strings.Replace(good, "4102444800", "1e400", 1), strings.Replace(good, "4102444800", "0", 1),
		strings.Replace(good, `"ada"`, `["ada"]`, 1), strings.Replace(good, `"ada"`, `"\ud800"`, 1), strings.Replace(good, "id.example", "other.example", 1), `{"_claim_names":{"a":"b"},"_claim_sources":{"b":{"endpoint":"https://169.254.169.254"}}}`, "null", "[]", "{"} {
		f.Add(claims, `{"sub":"7","preferred_username":"bo"}`, "ES256", "")
	}
	f.Add(strings.Replace(good, "preferred_username", "x", 1), `{"sub":"7","preferred_username":"bo"}`, "ES256", "")
	f.Add(strings.Replace(good, "preferred_username", "x", 1), `{"sub":"8","preferred_username":"bo"}`, "ES256", "")
	f.Add(strings.Replace(good, "preferred_username", "x", 1), `{"sub":"7","email":"a@b.example","email_verified":"true"}`, "ES256", "email")
	f.Add(good, "", "none", "")
	f.Add(good, "", "HS256", "sub")
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		f.Fatal(err)
	}
	public, err := key.PublicKey.Bytes()
	if err != nil {
		f.Fatal(err)
	}
	encode := base64.RawURLEncoding.EncodeToString
	p := &provider{keys: fmt.Sprintf(`{"keys":[{"kty":"EC","crv":"P-256","alg":"ES256","x":%q,"y":%q}]}`, encode(public[1:33]), encode(public[33:]))}
	way := &flow{Options: Options{Client: &http.Client{Transport: bounded{p}}, Log: slog.New(slog.DiscardHandler)},
		providers: map[string]known{}, pace: rate.NewLimiter(rate.Inf, 1)}
	settings := &switchyard.OIDC{Issuer: issuer, Client: "sw"}
	config, found, err := way.configOf(f.Context(), httptest.NewRequest("GET", "/", nil), settings)
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, claims, info, algorithm, claim string) {
		header, _ := stdjson.Marshal(map[string]string{"alg": algorithm})
		text := encode(header) + "." + encode([]byte(claims))
		signature, err := jwt.SigningMethodES256.Sign(text, key)
		if err != nil {
			t.Fatal(err)
		}
		one := *settings
		one.Claim = claim
		ask := func(signature []byte) (string, error) {
			token, _ := stdjson.Marshal(map[string]any{"access_token": "x", "token_type": "Bearer", "id_token": text + "." + encode(signature)})
			p.token, p.info = string(token), info
			return way.redeem(t.Context(), config, found, &one, &pass{Nonce: "n", Verifier: "v"}, "code")
		}
		name, err := ask(signature)
		if (err == nil) != (name != "") {
			t.Fatalf("%q, %v", name, err)
		}
		if err == nil && (!says(claims, claim, name) && !says(info, claim, name) || algorithm != "ES256") {
			t.Fatalf("%q comes of %q and %q by %q", name, claims, info, algorithm)
		}
		signature[7] ^= 1
		if name, err := ask(signature); err == nil {
			t.Fatalf("%q comes of a token that nobody signed", name)
		}
		// The answer that holds the token is no better known than what is in it.
		p.token = claims
		if name, err := way.redeem(t.Context(), config, found, &one, &pass{Nonce: "n", Verifier: "v"}, "code"); err == nil {
			t.Fatalf("%q comes of %q", name, claims)
		}
	})
}

// says reports whether an object of JSON has the username under a claim.
func says(text, claim, name string) bool {
	if claim == "" {
		claim = "preferred_username"
	}
	var all map[string]any
	return stdjson.Unmarshal([]byte(text), &all) == nil && all[claim] == any(name) && (claim != "email" || all["email_verified"] == true)
}
