package plan

import (
	"encoding/json"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"switchyard"
)

func TestExpand(t *testing.T) {
	env := sources{"Name": "Ada", "Full Name": "Ada Lovelace", "Phone": "+44 1", "Quote": `say "hi"`, "Loud": "ÄBC",
		"A:B": "colon", "Raw": "$(Name) #(token) $(Raw)", "Ctl": "a\"\\\n\r\t\x01\x1fé", "Path": "a/b c?d=é&~", "Empty": ""}
	for text, want := range map[string]string{
		"":                                   "",
		"plain":                              "plain",
		"$(Name)":                            "Ada",
		"$(NAME)$(name)":                     "AdaAda",
		"Dear $(full name)!":                 "Dear Ada Lovelace!",
		"$(missing)":                         "",
		"[$(Empty)$()]":                      "[]",
		"$(Phone:RemoveLeadingPlus)":         "44 1",
		"$(Phone:removeleadingplus)":         "44 1",
		"$(Name:RemoveLeadingPlus)":          "Ada",
		"$(Quote:EscapeDoubleQuotes)":        `say \"hi\"`,
		"$(Loud:ToLowerCase)":                "äbc",
		"$(A:B)":                             "colon",
		"$(A:B:ToLowerCase)":                 "colon",
		"$(A:b:Nothing)":                     "",
		"$(Ctl:JSON)":                        `a\"\\\n\r\t\u0001\u001Fé`,
		"$(Path:URL)":                        "a%2Fb%20c%3Fd%3D%C3%A9%26~",
		"$(Raw)":                             "$(Name) #(token) $(Raw)",
		"$(Raw":                              "$(Raw",
		"$ (Name) $$(Name) $":                "$ (Name) $Ada $",
		"$($(Name))":                         ")",
		"#(token)":                           "#(token)",
		"costs $5 (five)":                    "costs $5 (five)",
		"$(Name":                             "$(Name",
		"$(Name)$(":                          "Ada$(",
		"$(missing:JSON)":                    "",
		"$(Name:)":                           "",
		"$(:ToLowerCase)":                    "",
		"a\xff$(Name)":                       "a\xffAda",
		"$(Name:ToLowerCase:ToLowerCase)":    "",
		"$(Full Name:ToLowerCase), $(Name)?": "ada lovelace, Ada?",
	} {
		got, err := Expand(text, env)
		if err != nil || got != want {
			t.Errorf("%q: got %q, %v, want %q", text, got, err, want)
		}
	}
}

func TestExpandSecrets(t *testing.T) {
	env := sources{"Name": "Ada #(token)"}
	secret := func(key string) (string, bool) { return "s $(Name)", strings.EqualFold(key, "token") }
	got, err := ExpandBoth("$(Name) #(Token) #(token:URL) #(open", env, secret)
	if want := "Ada #(token) s $(Name) s%20%24%28Name%29 #(open"; err != nil || got != want {
		t.Errorf("both: %q, %v, want %q", got, err, want)
	}
	got, err = ExpandSecrets("$(Name) #(token)", secret)
	if want := "$(Name) s $(Name)"; err != nil || got != want {
		t.Errorf("secrets: %q, %v, want %q", got, err, want)
	}
	if got, err = ExpandBoth("x#(other)", env, secret); err == nil || got != "" || !strings.Contains(err.Error(), `"other"`) {
		t.Errorf("an unknown secret: %q, %v", got, err)
	}
}

func TestExpandIsBounded(t *testing.T) {
	env := sources{"Big": strings.Repeat("x", switchyard.MaxDataSourceBytes)}
	if got, err := Expand("$(Big)", env); err != nil || len(got) != switchyard.MaxDataSourceBytes {
		t.Errorf("just as long as may be: %d bytes, %v", len(got), err)
	}
	long := strings.Repeat("y", switchyard.MaxDataSourceBytes+1)
	for _, text := range []string{"$(Big)!", "!$(Big)", long, strings.Repeat("$(Big)", 10_000)} {
		if got, err := Expand(text, env); err == nil || got != "" {
			t.Errorf("%.20s…: %d bytes, %v", text, len(got), err)
		}
	}
}

// slots of the naive twin: everything from $( to the next ).
var slotPattern = regexp.MustCompile(`(?s)\$\(([^)]*)\)`)

// naive expands with other means than the real thing.
func naive(text string, env Env) string {
	return slotPattern.ReplaceAllStringFunc(text, func(slot string) string {
		name, format := slot[2:len(slot)-1], func(v string) string { return v }
		for suffix, f := range map[string]func(string) string{
			":removeleadingplus": func(v string) string {
				if v != "" && v[0] == '+' {
					return v[1:]
				}
				return v
			},
			":escapedoublequotes": func(v string) string { return strings.Join(strings.Split(v, `"`), `\"`) },
			":tolowercase":        strings.ToLower, ":json": escapeJSON, ":url": escapeURL,
		} {
			if len(name) >= len(suffix) && strings.EqualFold(name[len(name)-len(suffix):], suffix) {
				name, format = name[:len(name)-len(suffix)], f
				break
			}
		}
		value, _ := env.Value(name)
		return format(value)
	})
}

func FuzzExpand(f *testing.F) {
	f.Add("Hello $(Name), $(Name:URL) $(x:JSON)", "Name", "A \"b\"\n")
	f.Add("$($(Name))$(", "Name", "$(Name)")
	f.Add("$(a:b:ToLowerCase)#(s)", "a:b", "ÄÖ\xff")
	f.Add("$(n:RemoveLeadingPlus)$(n:EscapeDoubleQuotes)", "n", "++\"")
	f.Fuzz(func(t *testing.T, text, name, value string) {
		env := sources{name: value}
		want := naive(text, env)
		got, err := Expand(text, env)
		if len(want) > switchyard.MaxDataSourceBytes {
			if err == nil {
				t.Fatalf("%d bytes and no error", len(want))
			}
			return
		}
		if err != nil || got != want {
			t.Fatalf("%q with %q=%q: got %q, %v, want %q", text, name, value, got, err, want)
		}
		quotedJSON(t, value)
		if back, err := url.PathUnescape(escapeURL(value)); err != nil || back != value {
			t.Fatalf("URL: %q came back as %q, %v", value, back, err)
		}
		secret := func(string) (string, bool) { return value, true }
		if both, err := ExpandBoth(text, sources{}, secret); err == nil && !strings.Contains(text, "(") && both != text {
			t.Fatalf("%q became %q", text, both)
		}
	})
}

// quotedJSON reads an escaped value back with the standard decoder.
func quotedJSON(t *testing.T, value string) {
	t.Helper()
	var back string
	if err := json.Unmarshal([]byte(`"`+escapeJSON(value)+`"`), &back); err != nil || back != string([]rune(value)) {
		t.Fatalf("JSON: %q came back as %q, %v", value, back, err)
	}
}
