// Package zone holds the time zones of the IANA data, embedded: what the clock on the wall shows is
// decided by the program alone and is the same on every machine, whatever its system files say.
//
// zoneinfo.zip comes from the Go distribution (`go generate`). Other data may lead to other decisions
// from the same inputs, so Decider of internal/app goes up with Version; a test there compares them.
//
// It is a pure room: it reads only what is embedded.
package zone

//go:generate go run gen.go

import (
	"archive/zip"
	"bytes"
	_ "embed"
	"fmt"
	"sort"
	"strings"
	"time"
)

//go:embed zoneinfo.zip
var data []byte

// files are the zones of the data by their lower-case names.
var files = index()

func index() map[string]*zip.File {
	archive, err := zip.NewReader(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		panic(fmt.Sprintf("read the embedded time-zone data: %v", err))
	}
	files := make(map[string]*zip.File, len(archive.File))
	for _, f := range archive.File {
		if !strings.HasSuffix(f.Name, "/") {
			files[strings.ToLower(f.Name)] = f
		}
	}
	return files
}

// Known reports whether the data has a zone of this name, such as Europe/Berlin. Names compare
// without case.
func Known(name string) bool { return files[strings.ToLower(name)] != nil }

// Load returns the zone of a name; false when the data has none.
func Load(name string) (*time.Location, bool) {
	f := files[strings.ToLower(name)]
	if f == nil {
		return nil, false
	}
	content, err := f.Open()
	if err != nil {
		panic(fmt.Sprintf("open time zone %s: %v", f.Name, err))
	}
	var text bytes.Buffer
	if _, err := text.ReadFrom(content); err != nil {
		panic(fmt.Sprintf("read time zone %s: %v", f.Name, err))
	}
	location, err := time.LoadLocationFromTZData(f.Name, text.Bytes())
	if err != nil {
		panic(fmt.Sprintf("understand time zone %s: %v", f.Name, err))
	}
	return location, true
}

// Names lists all zones in order.
func Names() []string {
	names := make([]string, 0, len(files))
	for _, f := range files {
		names = append(names, f.Name)
	}
	sort.Strings(names)
	return names
}

// Meant returns the zone that was probably meant by a name that is none: the one whose last part it
// is, as in Berlin or "new york"; or "".
func Meant(name string) string {
	city := "/" + strings.ReplaceAll(strings.ToLower(strings.TrimSpace(name)), " ", "_")
	if i := strings.LastIndexByte(city, '/'); i > 0 {
		city = city[i:]
	}
	for _, known := range Names() {
		if strings.HasSuffix(strings.ToLower(known), city) {
			return known
		}
	}
	return ""
}
