package sqlite

import (
	"strings"
	"sync/atomic"
	"testing"
	"unsafe"

	"modernc.org/libc"
	lib "modernc.org/sqlite/lib"
)

// faults is a file layer between SQLite and the usual one: it counts flushes and fails on demand.
// It is what lets the tests say "one flush a commit" and "the disk is full" and mean it.
type faults struct {
	name    string
	syncs   atomic.Int64 // of the WAL
	writes  atomic.Int64 // to the WAL
	sync    atomic.Int32 // what flushing the WAL answers; 0 = do it
	write   atomic.Int32 // what writing to the WAL answers; 0 = do it
	base    *lib.Tsqlite3_vfs
	methods uintptr // ours, for WAL files, in C's memory
	real    *lib.Tsqlite3_io_methods
}

type (
	openFunc  = func(tls *libc.TLS, vfs, name, file uintptr, flags int32, out uintptr) int32
	syncFunc  = func(tls *libc.TLS, file uintptr, flags int32) int32
	writeFunc = func(tls *libc.TLS, file, buffer uintptr, amount int32, offset int64) int32
)

// pointer makes of a Go function what the translated C code calls; function undoes it.
func pointer[F any](f F) uintptr { return *(*uintptr)(unsafe.Pointer(&struct{ f F }{f})) }

func function[F any](p uintptr) F { return *(*F)(unsafe.Pointer(&struct{ uintptr }{p})) }

func at[T any](p uintptr) *T { return *(**T)(unsafe.Pointer(&p)) }

// keep holds on to what C memory points at, and to the file layers, which SQLite never lets go.
var keep []any

func newFaults(t *testing.T) *faults {
	t.Helper()
	tls := libc.NewTLS()
	defer tls.Close()
	f := &faults{name: "faults-" + strings.ReplaceAll(t.Name(), "/", "-"), base: at[lib.Tsqlite3_vfs](lib.Xsqlite3_vfs_find(tls, 0))}
	name, err := libc.CString(f.name)
	if err != nil {
		t.Fatal(err)
	}
	vfs := lib.Xsqlite3_malloc(tls, int32(unsafe.Sizeof(*f.base)))
	copied := at[lib.Tsqlite3_vfs](vfs)
	*copied = *f.base
	copied.FpNext, copied.FzName = 0, name
	open := openFunc(f.open)
	copied.FxOpen = pointer(open)
	keep = append(keep, f, open)
	if rc := lib.Xsqlite3_vfs_register(tls, vfs, 0); rc != 0 {
		t.Fatalf("register the file layer: %d", rc)
	}
	t.Cleanup(func() {
		tls := libc.NewTLS()
		defer tls.Close()
		lib.Xsqlite3_vfs_unregister(tls, vfs)
	})
	return f
}

func (f *faults) open(tls *libc.TLS, vfs, name, file uintptr, flags int32, out uintptr) int32 {
	rc := function[openFunc](f.base.FxOpen)(tls, vfs, name, file, flags, out)
	if rc != 0 || flags&lib.SQLITE_OPEN_WAL == 0 {
		return rc
	}
	opened := at[lib.Tsqlite3_file](file)
	if f.real == nil {
		f.real = at[lib.Tsqlite3_io_methods](opened.FpMethods)
		f.methods = lib.Xsqlite3_malloc(tls, int32(unsafe.Sizeof(*f.real)))
		sync, write := syncFunc(f.syncWAL), writeFunc(f.writeWAL)
		ours := at[lib.Tsqlite3_io_methods](f.methods)
		*ours = *f.real
		ours.FxSync, ours.FxWrite = pointer(sync), pointer(write)
		keep = append(keep, sync, write)
	}
	opened.FpMethods = f.methods
	return rc
}

func (f *faults) syncWAL(tls *libc.TLS, file uintptr, flags int32) int32 {
	f.syncs.Add(1)
	if rc := f.sync.Load(); rc != 0 {
		return rc
	}
	return function[syncFunc](f.real.FxSync)(tls, file, flags)
}

func (f *faults) writeWAL(tls *libc.TLS, file, buffer uintptr, amount int32, offset int64) int32 {
	f.writes.Add(1)
	if rc := f.write.Load(); rc != 0 {
		return rc
	}
	return function[writeFunc](f.real.FxWrite)(tls, file, buffer, amount, offset)
}
