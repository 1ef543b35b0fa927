package app

import (
	"bytes"
	"context"
	"database/sql"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	stdjson "encoding/json"
	"fmt"
	"html"
	"io/fs"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/klauspost/compress/s2"
)

// The kinds of places a server leaves bytes at.
const (
	inAnswers  = "answers"   // what it answered, also what its commands printed
	inLog      = "log"       // what it logged, at level debug
	inFiles    = "files"     // the bytes of its data folder and of backups
	inCells    = "cells"     // the same, cell by cell: a text may lie across two pages of a file
	everywhere = "any place" // of a needle
)

// haystack is everything a server answered, logged and wrote.
type haystack struct {
	mu     sync.Mutex
	straws []straw
}

type straw struct {
	kind, place string
	text        []byte
}

func (h *haystack) add(kind, place string, text []byte) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.straws = append(h.straws, straw{kind, place, bytes.Clone(text)})
}

// Write takes what a server logs.
func (h *haystack) Write(line []byte) (int, error) {
	h.add(inLog, "log", line)
	return len(line), nil
}

// size tells how much of a kind there is.
func (h *haystack) size(kind string) (count, total int) {
	for _, s := range h.straws {
		if s.kind == kind {
			count++
			total += len(s.text)
		}
	}
	return count, total
}

// needle is a text that must not be in the haystack.
type needle struct {
	name string
	text string
	// kinds of places it must not be at; nil = any. Hashes and sealed texts may be stored.
	kinds []string
}

// found is a needle at a place.
type found struct {
	needle, form, kind, place, around string
}

func (f found) String() string {
	return fmt.Sprintf("%s (%s) is in the %s, %s: …%q…", f.needle, f.form, f.kind, f.place, f.around)
}

// pattern is one way a needle may be written.
type pattern struct {
	needle *needle
	form   string
	text   []byte
}

// window is how many bytes of a pattern are looked up at once: no pattern may be shorter.
const window = 8

// search looks for all needles in every form at every place, in one go over each text.
func (h *haystack) search(t *testing.T, needles []needle) []found {
	t.Helper()
	index := map[uint64][]pattern{}
	var filter [1 << 16]bool
	for n := range needles {
		for form, text := range formsOf(needles[n].text) {
			if len(text) < window {
				t.Fatalf("%s is too short to be searched for: %q", needles[n].name, text)
			}
			key := binary.LittleEndian.Uint64([]byte(text))
			index[key] = append(index[key], pattern{&needles[n], form, []byte(text)})
			filter[uint16(key)] = true
		}
	}
	var all []found
	for _, s := range h.straws {
		for at := 0; at+window <= len(s.text); at++ {
			key := binary.LittleEndian.Uint64(s.text[at:])
			if !filter[uint16(key)] {
				continue
			}
			for _, p := range index[key] {
				if bytes.HasPrefix(s.text[at:], p.text) && (p.needle.kinds == nil || slices.Contains(p.needle.kinds, s.kind)) {
					around := s.text[max(0, at-60):min(len(s.text), at+len(p.text)+20)]
					all = append(all, found{p.needle.name, p.form, s.kind, s.place, string(around)})
				}
			}
		}
	}
	return all
}

// has reports whether a text is at places of a kind.
func (h *haystack) has(kind, text string) bool {
	return slices.ContainsFunc(h.straws, func(s straw) bool { return s.kind == kind && bytes.Contains(s.text, []byte(text)) })
}

// formsOf is how a secret may be written. Its first part survives every escape, and is what is left
// of one that is cut short.
func formsOf(text string) map[string]string {
	forms := map[string]string{"raw": text, "hex": hex.EncodeToString([]byte(text)), "HTML": html.EscapeString(text),
		"query": url.QueryEscape(text), "path": url.PathEscape(text)}
	quoted, _ := stdjson.Marshal(text)
	forms["JSON for HTML"] = strings.Trim(string(quoted), `"`)
	forms["JSON"] = strings.Trim(fmt.Sprintf("%q", text), `"`)
	forms["twice JSON"] = strings.Trim(fmt.Sprintf("%q", forms["JSON"]), `"`)
	if begin := beginningOf(text); begin != "" {
		forms["beginning"] = begin
	}
	for offset := range 3 {
		padded := append(make([]byte, offset), text...)
		from, to := (offset*8+5)/6, len(padded)*8/6
		forms[fmt.Sprintf("base64 %d", offset)] = base64.StdEncoding.EncodeToString(padded)[from:to]
		forms[fmt.Sprintf("base64url %d", offset)] = base64.URLEncoding.EncodeToString(padded)[from:to]
	}
	return forms
}

// secretMark begins what secretNamed makes and ends its first part.
const secretMark = "zq7"

// secretNamed makes a credential that says in reports which one it is. It has what is written
// differently in JSON, in URLs and in HTML.
func secretNamed(name string) string { return plainSecret(name) + `"\&<x> +%41/=~` }

// plainSecret is a credential that is written the same everywhere but in base64 and hex.
func plainSecret(name string) string {
	begin := hex.EncodeToString(fmt.Appendf(nil, "%08x", crc(name)))[:12]
	return secretMark + begin + "-" + strings.ReplaceAll(name, " ", "-")
}

func crc(name string) (sum uint32) {
	for _, c := range []byte(name) {
		sum = sum*16777619 ^ uint32(c)*2654435761
	}
	return sum
}

func beginningOf(text string) string {
	begin, _, cut := strings.Cut(text, "-")
	if !cut || !strings.HasPrefix(text, secretMark) {
		return ""
	}
	return begin
}

// addFolder takes in every byte of a data folder or a backup, but for the sealing key.
func (h *haystack) addFolder(t *testing.T, name, folder string) {
	t.Helper()
	err := filepath.WalkDir(folder, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || entry.Name() == KeyFile {
			return err
		}
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		h.add(inFiles, name+"/"+entry.Name(), text)
		if strings.HasSuffix(path, ".db") {
			h.addCells(t, name+"/"+entry.Name(), path)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// addCells takes in every cell of every table of a database, and what is packed in it.
func (h *haystack) addCells(t *testing.T, name, path string) {
	t.Helper()
	db, err := sql.Open("sqlite", "file:"+(&url.URL{Path: path}).EscapedPath()+"?mode=ro&_pragma=busy_timeout(60000)")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = db.Close() }()
	for _, table := range textsOf(t, db, "SELECT name FROM sqlite_schema WHERE type = 'table'") {
		for _, cell := range textsOf(t, db, `SELECT * FROM "`+table+`"`) {
			h.add(inCells, name+" table "+table, []byte(cell))
			if rows, err := s2.Decode(nil, []byte(cell)); err == nil { // rows of the journal are packed
				h.add(inCells, name+" table "+table+" unpacked", rows)
			}
		}
	}
}

// textsOf returns every cell of a query's rows.
func textsOf(t *testing.T, db *sql.DB, query string) (cells []string) {
	t.Helper()
	rows, err := db.QueryContext(context.Background(), query)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = rows.Close() }()
	columns, err := rows.Columns()
	if err != nil {
		t.Fatal(err)
	}
	values, into := make([][]byte, len(columns)), make([]any, len(columns))
	for n := range values {
		into[n] = &values[n]
	}
	for rows.Next() {
		if err := rows.Scan(into...); err != nil {
			t.Fatal(err)
		}
		for _, v := range values {
			cells = append(cells, string(v))
		}
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return cells
}

// addAnswer takes in a whole answer. What the answer is meant to show is left out of it.
func (h *haystack) addAnswer(place string, a answer, meant ...string) {
	var b bytes.Buffer
	fmt.Fprintf(&b, "%d\n", a.status)
	_ = a.header.Write(&b)
	b.WriteString("\n")
	b.Write(a.body)
	text := b.String()
	for _, shown := range meant {
		if shown != "" {
			text = strings.ReplaceAll(text, shown, "")
		}
	}
	h.add(inAnswers, place, []byte(text))
}

// A search that finds nothing is worth something when it finds what is there.
func TestSearchFindsEveryForm(t *testing.T) {
	secret := secretNamed("canary")
	for form, text := range formsOf(secret) {
		h := &haystack{}
		h.add(inFiles, form, []byte("before it "+text+" after it"))
		if len(h.search(t, []needle{{name: "canary", text: secret}})) == 0 {
			t.Errorf("the form %s is not found: %s", form, text)
		}
	}
	h := &haystack{}
	for cut := range 3 {
		h.add(inAnswers, "base64 of more", []byte(base64.StdEncoding.EncodeToString([]byte("xxx"[:cut]+secret+"yyy"))))
	}
	h.addAnswer("answer", answer{200, http.Header{"X-Leak": {secret}}, []byte("nothing")})
	h.addAnswer("meant", answer{200, http.Header{}, []byte(secret)}, secret)
	places := map[string]int{}
	for _, f := range h.search(t, []needle{{name: "canary", text: secret}, {name: "other", text: secretNamed("other")}}) {
		places[f.place]++
		if f.needle == "other" {
			t.Errorf("found what is not there: %s", f)
		}
	}
	if places["base64 of more"] < 3 || places["answer"] == 0 || places["meant"] != 0 {
		t.Errorf("found at %v", places)
	}
}
