package extract

import (
	"net/http"
	"strings"
	"testing"
	"unicode/utf8"
)

// store is the example of RFC 9535 §1.5.
const store = `{ "store": {
    "book": [
      { "category": "reference", "author": "Nigel Rees", "title": "Sayings of the Century", "price": 8.95 },
      { "category": "fiction", "author": "Evelyn Waugh", "title": "Sword of Honour", "price": 12.99 },
      { "category": "fiction", "author": "Herman Melville", "title": "Moby Dick", "isbn": "0-553-21311-3", "price": 8.99 },
      { "category": "fiction", "author": "J. R. R. Tolkien", "title": "The Lord of the Rings", "isbn": "0-395-19395-8", "price": 22.99 }
    ],
    "bicycle": { "color": "red", "price": 399 }
  }
}`

func one(t *testing.T, what string, a Answer) (string, error) {
	t.Helper()
	values, err := Read(map[string]string{"X": what}, a)
	return values["X"], err
}

// The cases are of RFC 9535: the table of §1.5 and the examples of §2.3 to §2.5.
func TestJSONPath(t *testing.T) {
	names := `{"o": {"j j": {"k.k": 3}}, "'": {"@": 2}}`
	slices := `["a", "b", "c", "d", "e", "f", "g"]`
	filters := `{"a": [3, 5, 1, 2, 4, 6, {"b": "j"}, {"b": "k"}, {"b": {}}, {"b": "kilo"}], "o": {"p": 1, "q": 2, "r": 3, "s": 5, "t": {"u": 6}}, "e": "f"}`
	descend := `{"o": {"j": 1, "k": 2}, "a": [5, 3, [{"j": 4}, {"k": 6}]]}`
	for _, c := range []struct{ body, path, want string }{
		{store, `$.store.book[*].author`, `["Nigel Rees","Evelyn Waugh","Herman Melville","J. R. R. Tolkien"]`},
		{store, `$..author`, `["Nigel Rees","Evelyn Waugh","Herman Melville","J. R. R. Tolkien"]`},
		{store, `$.store..price`, `[399,8.95,12.99,8.99,22.99]`},
		{store, `$..book[2].title`, `Moby Dick`},
		{store, `$..book[2].publisher`, ``},
		{store, `$..book[-1].isbn`, `0-395-19395-8`},
		{store, `$..book[0,1].price`, `[8.95,12.99]`},
		{store, `$..book[:2].price`, `[8.95,12.99]`},
		{store, `$..book[?@.isbn].title`, `["Moby Dick","The Lord of the Rings"]`},
		{store, `$..book[?@.price<10].title`, `["Sayings of the Century","Moby Dick"]`},
		{store, `$.store.bicycle`, `{"color":"red","price":399}`},
		{store, `$.store.book[0].price`, `8.95`},
		{names, `$.o['j j']['k.k']`, `3`},
		{names, `$.o["j j"]["k.k"]`, `3`},
		{names, `$["'"]["@"]`, `2`},
		{slices, `$[1:3]`, `["b","c"]`},
		{slices, `$[5:]`, `["f","g"]`},
		{slices, `$[1:5:2]`, `["b","d"]`},
		{slices, `$[5:1:-2]`, `["f","d"]`},
		{slices, `$[::-1]`, `["g","f","e","d","c","b","a"]`},
		{slices, `$[-2]`, `f`},
		{slices, `$[9]`, ``},
		{filters, `$.a[?@.b == 'kilo']`, `{"b":"kilo"}`},
		{filters, `$.a[?(@.b == 'kilo')].b`, `kilo`},
		{filters, `$.a[?@>3.5]`, `[5,4,6]`},
		{filters, `$.a[?@<2 || @.b == "k"]`, `[1,{"b":"k"}]`},
		{filters, `$.a[?match(@.b, "[jk]")]`, `[{"b":"j"},{"b":"k"}]`},
		{filters, `$.a[?search(@.b, "[jk]")].b`, `["j","k","kilo"]`},
		{filters, `$.o[?@>1 && @<4]`, `[2,3]`},
		{filters, `$.o[?@.u || @.x]`, `{"u":6}`},
		{filters, `$.a[?length(@.b) == 4].b`, `kilo`},
		{filters, `$.a[?@.b == $.none]`, `[3,5,1,2,4,6]`},
		{descend, `$..j`, `[4,1]`},
		{descend, `$.o.*`, `[1,2]`},
		{descend, `$.a[2][0,1]`, `[{"j":4},{"k":6}]`},
		{`{"a": null, "b": [null, true]}`, `$.a`, `null`},
		{`{"a": null, "b": [null, true]}`, `$.b[1]`, `true`},
		{`{"id": 900719925474099312345, "n": 1.10, "e": 1e3}`, `$['id','n','e']`, `[900719925474099312345,1.10,1e3]`},
		{`{"id": 900719925474099312345}`, `$.id`, `900719925474099312345`},
		{"\ufeff" + `{"Grüße": "<ä> & \u2028😀"}`, `$.Grüße`, "<ä> & \u2028😀"},
		{`"just text"`, `$`, `just text`},
		{`{"a": 1, "a": 2}`, `$.a`, `2`},
	} {
		got, err := one(t, c.path, Answer{Body: []byte(c.body)})
		if err != nil || got != c.want {
			t.Errorf("%s: %s, %v; want %s", c.path, got, err, c.want)
		}
	}
}

const order = `<?xml version="1.0" encoding="UTF-8"?>
<order id="17" xmlns:c="urn:c"><c:customer>Ada &amp; Co</c:customer><item n="2">Tea</item><item n="1">Milk</item><total cur="EUR">12.50</total>
<note><![CDATA[a<b]]></note></order>`

func TestXPath(t *testing.T) {
	for _, c := range []struct{ body, path, want string }{
		{order, `/order/@id`, `17`},
		{order, `/order/c:customer`, `Ada & Co`},
		{order, `/order/item`, `["Tea","Milk"]`},
		{order, `/order/item[@n="1"]`, `Milk`},
		{order, `//item[last()]`, `Milk`},
		{order, `/order/*[1]`, `Ada & Co`},
		{order, `/order[item/@n]/total`, `12.50`},
		{order, `/order/nothing`, ``},
		{order, `//note`, `a<b`},
		{order, `xpath:count(//item)`, `2`},
		{order, `xpath:sum(/order/item/@n) + 0.5`, `3.5`},
		{order, `xpath:string(/order/total/@cur)`, `EUR`},
		{order, `xpath:boolean(/order/nothing)`, `false`},
		{order, `xpath:concat(/order/item[1], '/', /order/item[2])`, `Tea/Milk`},
		{"<?xml version=\"1.0\" encoding=\"ISO-8859-1\"?><a>Gr\xfc\xdfe</a>", `/a`, `Grüße`},
		{`<a>Grüße 😀</a>`, `/a/text()`, `Grüße 😀`},
	} {
		got, err := one(t, c.path, Answer{Body: []byte(c.body)})
		if err != nil || got != c.want {
			t.Errorf("%s: %q, %v; want %q", c.path, got, err, c.want)
		}
	}
}

func TestTheRest(t *testing.T) {
	a := Answer{Status: 201, Header: http.Header{"Location": {"/c/1"}, "X-Two": {"a", "b"}, "Content-Type": {"text/plain; charset=iso-8859-1"}},
		Body: []byte("Gr\xfc\xdfe")}
	values, err := Read(map[string]string{"S": "status", "L": "header:location", "T": "header:X-Two", "N": "header:None", "B": "body", "J": "$.a"}, a)
	if err == nil || !strings.Contains(err.Error(), "data source J: the answer is no JSON") {
		t.Errorf("error %v", err)
	}
	for name, want := range map[string]string{"S": "201", "L": "/c/1", "T": "a, b", "N": "", "B": "Grüße"} {
		if got, there := values[name]; !there || got != want {
			t.Errorf("%s: %q, %t; want %q", name, got, there, want)
		}
	}
	if _, there := values["J"]; there {
		t.Error("what cannot be read has a value")
	}
	if got, _ := one(t, "body", Answer{Body: []byte("bad \xff")}); got != "bad \ufffd" {
		t.Errorf("bytes that are no UTF-8 became %q", got)
	}
}

func TestFaults(t *testing.T) {
	for path, want := range map[string]string{
		"$.a[": "is no JSONPath", "$a": "is no JSONPath", "$..a..b..c": "more than 2 times", "$['..']..a..b": "",
		"$[?count($..a)>1]": "single values", "$.a[?@.b == $.c.d]": "", "$[?@.x == '$..*']": "", "/a[": "is no XPath",
		"//a//b//c": "more than 2 times", "//a[//b]": "may not look from the root", "//a[count(//b) > 1]": "may not look from the root",
		"//a[.//b]": "", "//a[b/c]/d": "", "//a[following-sibling::b]": "following", "xpath:nope(": "is no XPath",
		"header:a b": "no name", "$" + strings.Repeat(".a", 300): "longer than 500", "status": "", "header:ETag": "", "body": "",
	} {
		err := Check(path)
		if (err == nil) != (want == "") || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v; want %q", path, err, want)
		}
	}
	deep := func(open, close string, n int) string { return strings.Repeat(open, n) + strings.Repeat(close, n) }
	for body, c := range map[string]struct{ path, want string }{
		deep("[", "]", 201):                             {"$", "nested more than 200"},
		"[" + strings.Repeat("1,", maxParts) + "1]":     {"$[0]", "more than 200000 values"},
		"<a>" + strings.Repeat("<b/>", 50_000) + "</a>": {"/a", "more than 50000 elements"},
		deep("<a>", "</a>", 201):                        {"/a", "nested more than 200"},
		"":                                              {"$", "no body"},
		" \n":                                           {"/a", "no body"},
		`{"a": 1} x`:                                    {"$.a", "something follows"},
		`{"a": 1`:                                       {"$.a", "no JSON, or breaks off"},
		`<a><b></a>`:                                    {"/a", "no XML"},
		`<a>`:                                           {"/a", "no XML"},
		`hello`:                                         {"/a", "no XML"},
		`<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><a>&x;</a>`: {"/a", "no XML"},
		`<!DOCTYPE a [<!ENTITY x "y"><!ENTITY z "&x;&x;&x;">]><a>&z;</a>`:  {"/a", "no XML"},
		"<?xml version=\"1.0\" encoding=\"nowhere\"?><a>x</a>":             {"/a", "no XML"},
		`<a b="x"/>`: {"xpath:sum('x')", "does not fit"},
	} {
		if got, err := one(t, c.path, Answer{Body: []byte(body)}); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s of %.60s: %q, %v; want %q", c.path, body, got, err, c.want)
		}
	}
}

// Whatever an answer holds and whatever is asked of it, reading neither fails to end nor gives
// what is no text.
func FuzzRead(f *testing.F) {
	for _, seed := range []struct{ path, body string }{
		{"$..a", `{"a":[1,{"a":"\u0000\ud800"}]}`}, {"$[?@.b==1]", store}, {"//item[@n]", order}, {"xpath:string(//a)", "<a>&#0;</a>"},
		{"body", "\xff"}, {"header:x", ""}, {"$['a\\'b']", "{}"}, {"/a/b[1]", "<a xmlns='u'><b/></a>"},
	} {
		f.Add(seed.path, []byte(seed.body))
	}
	f.Fuzz(func(t *testing.T, path string, body []byte) {
		if len(body) > 4<<10 {
			return
		}
		value, err := one(t, path, Answer{Status: 200, Header: http.Header{}, Body: body})
		if err == nil && !utf8.ValidString(value) {
			t.Errorf("%q of %q is %q", path, body, value)
		}
		if fault := Check(path); fault != nil && err == nil {
			t.Errorf("%q is refused (%v) and was read", path, fault)
		}
	})
}
