//go:build unix

package sqlite

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"syscall"

	"switchyard/internal/journal"
)

// folderLock is an advisory lock on the file "lock" of a data folder. The system lets go of it
// when the process ends, however it ends. The file stays; its text says who holds, or held, it.
type folderLock struct{ file *os.File }

func lockFolder(dir, holder string) (*folderLock, error) {
	path := filepath.Join(dir, "lock")
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", journal.ErrReadOnly, err)
	}
	err = syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
	if errors.Is(err, syscall.EWOULDBLOCK) {
		text, _ := io.ReadAll(io.LimitReader(f, 1<<10))
		_ = f.Close()
		return nil, &journal.Locked{Dir: dir, Holder: strings.TrimSpace(string(text))}
	}
	if err == nil {
		err = sign(f, holder)
	}
	if err != nil {
		_ = f.Close()
		return nil, fmt.Errorf("lock the data folder %s: %w", dir, err)
	}
	return &folderLock{file: f}, nil
}

// sign writes who holds the lock. A full disk does not keep a server from starting: it holds the
// lock all the same.
func sign(f *os.File, holder string) error {
	if holder == "" {
		holder = fmt.Sprintf("pid %d", os.Getpid())
	}
	if err := f.Truncate(0); err != nil && !errors.Is(err, syscall.ENOSPC) {
		return err
	}
	if _, err := f.WriteAt([]byte(holder+"\n"), 0); err != nil && !errors.Is(err, syscall.ENOSPC) {
		return err
	}
	return nil
}

func (l *folderLock) release() error {
	if l == nil || l.file == nil {
		return nil
	}
	f := l.file
	l.file = nil
	return f.Close()
}
