// Package powertest takes the power from SQLite files. A Layer lies beneath SQLite and remembers what
// was written since each file was last flushed; when the power goes, a seed decides what of that the
// device had, and Restore lays out what a machine finds when it comes back.
//
// It is for tests and imports nothing of the house.
package powertest

import (
	"bytes"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"unsafe"

	"modernc.org/libc"
	lib "modernc.org/sqlite/lib"
)

// sector is what a device writes whole or not at all.
const sector = 512

// Layer is a device that holds one folder. While the power is on, files behave as they always do,
// but for flushes, which are noted and not made: they cost nothing.
type Layer struct {
	folder string
	base   *lib.Tsqlite3_vfs

	mu      sync.Mutex
	when    When
	count   int // of changes
	off     bool
	lost    int // the change the power went with
	handles map[uintptr]*handle
	names   map[string]*file // as programs see them
	durable map[string]*file // as the device has them
	renames []rename         // between the two, in order
	index   map[string][]byte

	remove  func()
	methods map[uintptr]uintptr // SQLite's methods of a file, and ours in C's memory
	keep    []any               // what C's memory points at
}

// file is what the device has of a file, and what was changed since in order.
type file struct {
	flushed []byte
	changes []change
}

// change is a write, or a truncation to at when data is nil.
type change struct {
	at   int64
	data []byte
}

// rename is a name that was given to a file, or taken away when file is nil.
type rename struct {
	name string
	file *file
}

type handle struct {
	file    *file
	real    *lib.Tsqlite3_io_methods
	flushes bool // the first flush flushes the folder too, as SQLite does for a log it may have made
}

type (
	openFunc     = func(tls *libc.TLS, vfs, name, file uintptr, flags int32, out uintptr) int32
	deleteFunc   = func(tls *libc.TLS, vfs, name uintptr, folder int32) int32
	closeFunc    = func(tls *libc.TLS, file uintptr) int32
	writeFunc    = func(tls *libc.TLS, file, buffer uintptr, amount int32, offset int64) int32
	truncateFunc = func(tls *libc.TLS, file uintptr, size int64) int32
	syncFunc     = func(tls *libc.TLS, file uintptr, flags int32) int32
)

// pointer makes of a Go function what the translated C code calls; function undoes it.
func pointer[F any](f F) uintptr { return *(*uintptr)(unsafe.Pointer(&struct{ f F }{f})) }

func function[F any](p uintptr) F { return *(*F)(unsafe.Pointer(&struct{ uintptr }{p})) }

func at[T any](p uintptr) *T { return *(**T)(unsafe.Pointer(&p)) }

// layers are never let go: SQLite's memory points at their functions.
var layers []*Layer

// When says when the power goes, unless it is cut earlier.
type When struct {
	Change  int  // with the change of this number, counted from 1; 0 = when it is cut
	AtFlush bool // with the first flush from there on
}

// Chance picks a moment: often within the first changes, often at a flush, when a commit is whole and
// not yet confirmed.
func Chance(rng *rand.Rand) When {
	most := 1500
	if rng.IntN(4) == 0 {
		most = 60
	}
	return When{Change: 1 + rng.IntN(most), AtFlush: rng.IntN(2) == 0}
}

// Under puts a layer under a folder until Restore, or the end of the test. What lies in the folder
// is flushed.
func Under(t testing.TB, folder string, when When) *Layer {
	t.Helper()
	folder, err := filepath.EvalSymlinks(folder)
	if err != nil {
		t.Fatal(err)
	}
	tls := libc.NewTLS()
	defer tls.Close()
	old := lib.Xsqlite3_vfs_find(tls, 0)
	l := &Layer{
		folder: folder, when: when, base: at[lib.Tsqlite3_vfs](old),
		handles: map[uintptr]*handle{}, names: map[string]*file{}, index: map[string][]byte{}, methods: map[uintptr]uintptr{},
	}
	layers = append(layers, l)
	if err := l.find(); err != nil {
		t.Fatal(err)
	}
	name, err := libc.CString(fmt.Sprint("power-", len(layers)))
	if err != nil {
		t.Fatal(err)
	}
	vfs := lib.Xsqlite3_malloc(tls, int32(unsafe.Sizeof(*l.base)))
	ours := at[lib.Tsqlite3_vfs](vfs)
	*ours = *l.base
	ours.FpNext, ours.FzName = 0, name
	ours.FxOpen, ours.FxDelete = held(l, openFunc(l.open)), held(l, deleteFunc(l.delete))
	if rc := lib.Xsqlite3_vfs_register(tls, vfs, 1); rc != 0 {
		t.Fatalf("register the layer: %d", rc)
	}
	l.remove = sync.OnceFunc(func() {
		tls := libc.NewTLS()
		defer tls.Close()
		lib.Xsqlite3_vfs_unregister(tls, vfs)
		lib.Xsqlite3_vfs_register(tls, old, 1)
	})
	t.Cleanup(l.remove)
	return l
}

// find takes the files of the folder for flushed.
func (l *Layer) find() error {
	found, err := os.ReadDir(l.folder)
	if err != nil {
		return err
	}
	for _, f := range found {
		content, err := os.ReadFile(filepath.Join(l.folder, f.Name()))
		if err != nil {
			return err
		}
		l.names[f.Name()] = &file{flushed: content}
	}
	l.durable = maps.Clone(l.names)
	return nil
}

func held[F any](l *Layer, f F) uintptr {
	l.keep = append(l.keep, f)
	return pointer(f)
}

// Off reports whether the power has gone. What was confirmed before it is asked was confirmed while
// the power was on, when it says no.
func (l *Layer) Off() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.off
}

// Cut takes the power now.
func (l *Layer) Cut() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if !l.off {
		l.goes()
	}
}

// goes ends the memory of the layer; what programs do from then on never happened. The index of
// each WAL lies in memory that they share with the system, which writes it out when it likes.
func (l *Layer) goes() {
	l.off, l.lost = true, l.count
	found, _ := filepath.Glob(filepath.Join(l.folder, "*-shm"))
	for _, path := range found {
		l.index[filepath.Base(path)], _ = os.ReadFile(path)
	}
}

// tick counts a change, or a flush, that is about to be confirmed.
func (l *Layer) tick(flush bool) {
	l.count++
	if !l.off && l.when.Change > 0 && l.count >= l.when.Change && (flush || !l.when.AtFlush) {
		l.goes()
	}
}

func (l *Layer) open(tls *libc.TLS, vfs, name, opened uintptr, flags int32, out uintptr) int32 {
	rc := function[openFunc](l.base.FxOpen)(tls, vfs, name, opened, flags, out)
	if rc != 0 || name == 0 {
		return rc
	}
	base, mine := l.own(libc.GoString(name))
	if !mine {
		return rc
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.names[base] == nil && !l.off {
		l.give(base, &file{})
		l.tick(false)
	}
	f := at[lib.Tsqlite3_file](opened)
	l.handles[opened] = &handle{file: l.names[base], real: at[lib.Tsqlite3_io_methods](f.FpMethods),
		flushes: flags&lib.SQLITE_OPEN_CREATE != 0 && flags&(lib.SQLITE_OPEN_WAL|lib.SQLITE_OPEN_MAIN_JOURNAL) != 0}
	f.FpMethods = l.over(tls, f.FpMethods)
	return 0
}

func (l *Layer) own(path string) (base string, mine bool) {
	return filepath.Base(path), filepath.Dir(path) == l.folder
}

func (l *Layer) give(name string, f *file) {
	if f == nil {
		delete(l.names, name)
	} else {
		l.names[name] = f
	}
	l.renames = append(l.renames, rename{name, f})
}

// over makes our methods over SQLite's, which differ from kind to kind of file.
func (l *Layer) over(tls *libc.TLS, real uintptr) uintptr {
	if ours, made := l.methods[real]; made {
		return ours
	}
	p := lib.Xsqlite3_malloc(tls, int32(unsafe.Sizeof(lib.Tsqlite3_io_methods{})))
	ours := at[lib.Tsqlite3_io_methods](p)
	*ours = *at[lib.Tsqlite3_io_methods](real)
	ours.FxClose, ours.FxWrite = held(l, closeFunc(l.close)), held(l, writeFunc(l.write))
	ours.FxTruncate, ours.FxSync = held(l, truncateFunc(l.truncate)), held(l, syncFunc(l.sync))
	l.methods[real] = p
	return p
}

func (l *Layer) delete(tls *libc.TLS, vfs, name uintptr, folder int32) int32 {
	l.mu.Lock()
	defer l.mu.Unlock()
	base, mine := l.own(libc.GoString(name))
	mine = mine && l.names[base] != nil && !l.off
	if mine {
		l.give(base, nil)
		l.tick(false)
	}
	rc := function[deleteFunc](l.base.FxDelete)(tls, vfs, name, 0)
	if mine && folder != 0 && !l.off {
		l.flushFolder()
	}
	return rc
}

func (l *Layer) close(tls *libc.TLS, opened uintptr) int32 {
	l.mu.Lock()
	defer l.mu.Unlock()
	h := l.handles[opened]
	delete(l.handles, opened)
	return function[closeFunc](h.real.FxClose)(tls, opened)
}

func (l *Layer) write(tls *libc.TLS, opened, buffer uintptr, amount int32, offset int64) int32 {
	l.mu.Lock()
	defer l.mu.Unlock()
	h := l.handles[opened]
	rc := function[writeFunc](h.real.FxWrite)(tls, opened, buffer, amount, offset)
	if rc == 0 && !l.off {
		data := bytes.Clone(unsafe.Slice(at[byte](buffer), amount))
		h.file.changes = append(h.file.changes, change{offset, data})
		l.tick(false)
	}
	return rc
}

func (l *Layer) truncate(tls *libc.TLS, opened uintptr, size int64) int32 {
	l.mu.Lock()
	defer l.mu.Unlock()
	h := l.handles[opened]
	rc := function[truncateFunc](h.real.FxTruncate)(tls, opened, size)
	if rc == 0 && !l.off {
		h.file.changes = append(h.file.changes, change{at: size})
		l.tick(false)
	}
	return rc
}

// sync is where the power may go before anything is flushed.
func (l *Layer) sync(_ *libc.TLS, opened uintptr, _ int32) int32 {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.tick(true); l.off {
		return 0
	}
	h := l.handles[opened]
	for _, c := range h.file.changes {
		h.file.flushed = c.apply(h.file.flushed)
	}
	h.file.changes = nil
	if h.flushes {
		h.flushes = false
		l.flushFolder()
	}
	return 0
}

func (l *Layer) flushFolder() {
	l.renames, l.durable = nil, maps.Clone(l.names)
}

func (c change) apply(to []byte) []byte {
	if c.data == nil {
		return resize(to, c.at)
	}
	if end := c.at + int64(len(c.data)); end > int64(len(to)) {
		to = resize(to, end)
	}
	copy(to[c.at:], c.data)
	return to
}

func resize(b []byte, size int64) []byte {
	if size <= int64(len(b)) {
		return b[:size:size]
	}
	return append(b, make([]byte, size-int64(len(b)))...)
}

// Restore writes into folders, which exist, what the device has after the power went: what was
// flushed, and of the rest what rng picks. It tells what that was. Files that are opened from then
// on have no layer beneath them.
func (l *Layer) Restore(t testing.TB, rng *rand.Rand, folders ...string) (told string) {
	t.Helper()
	l.mu.Lock()
	defer l.mu.Unlock()
	if !l.off {
		t.Fatal("restore: the power is still on")
	}
	l.remove()
	names := maps.Clone(l.durable)
	kept := rng.IntN(len(l.renames) + 1) // a folder changes in order
	for _, r := range l.renames[:kept] {
		if r.file == nil {
			delete(names, r.name)
		} else {
			names[r.name] = r.file
		}
	}
	all := []string{fmt.Sprintf("change %d; folder: %d of %d names", l.lost, kept, len(l.renames))}
	found := make(map[string][]byte)
	for _, name := range slices.Sorted(maps.Keys(names)) {
		var how string
		found[name], how = names[name].after(rng)
		all = append(all, fmt.Sprintf("%s: %s", name, how))
	}
	for _, name := range slices.Sorted(maps.Keys(l.index)) {
		if rng.IntN(3) > 0 {
			found[name] = spoil(rng, l.index[name])
		}
	}
	for _, folder := range folders {
		for name, content := range found {
			if err := os.WriteFile(filepath.Join(folder, name), content, 0o600); err != nil {
				t.Fatal(err)
			}
		}
	}
	return strings.Join(all, "; ")
}

// The ways a device loses what was not flushed.
var ways = []struct {
	name string
	pick func(rng *rand.Rand, changes []change, flushed int64) []change
}{
	{"none of", func(*rand.Rand, []change, int64) []change { return nil }},
	{"all of", func(_ *rand.Rand, all []change, _ int64) []change { return all }},
	{"the first of", func(rng *rand.Rand, all []change, _ int64) []change { return all[:rng.IntN(len(all)+1)] }},
	{"the last of", func(rng *rand.Rand, all []change, _ int64) []change { return all[rng.IntN(len(all)+1):] }},
	{"some of", func(rng *rand.Rand, all []change, _ int64) []change { return some(rng, all) }},
	{"sectors of", torn},
}

// after returns what the device has of a file.
func (f *file) after(rng *rand.Rand) (content []byte, how string) {
	content = bytes.Clone(f.flushed)
	way := ways[rng.IntN(len(ways))]
	for _, c := range way.pick(rng, f.changes, int64(len(f.flushed))) {
		content = c.apply(content)
	}
	return content, fmt.Sprintf("%s %d changes", way.name, len(f.changes))
}

// some keeps whole writes: later ones may be there without earlier ones.
func some(rng *rand.Rand, all []change) (kept []change) {
	often := rng.Float64()
	for _, c := range all {
		if rng.Float64() < often {
			kept = append(kept, c)
		}
	}
	return kept
}

// torn keeps sectors of writes. Where they made the file longer, what was not written may be what
// lay on the device before.
func torn(rng *rand.Rand, all []change, flushed int64) (kept []change) {
	often := rng.Float64()
	for _, c := range all {
		if c.data == nil {
			kept = append(kept, some(rng, []change{c})...)
			continue
		}
		for from := int64(0); from < int64(len(c.data)); {
			to := min(from+sector-(c.at+from)%sector, int64(len(c.data)))
			piece := change{c.at + from, c.data[from:to]}
			switch {
			case rng.Float64() < often:
				kept = append(kept, piece)
			case piece.at >= flushed && rng.IntN(8) == 0:
				kept = append(kept, change{piece.at, spoil(rng, piece.data)})
			}
			from = to
		}
	}
	return kept
}

// spoil returns b with sectors lost or full of something else.
func spoil(rng *rand.Rand, b []byte) []byte {
	b = bytes.Clone(b)
	for piece := range slices.Chunk(b, sector) {
		switch rng.IntN(4) {
		case 0:
			clear(piece)
		case 1:
			for i := range piece {
				piece[i] = byte(rng.Uint32())
			}
		}
	}
	return b
}
