//go:build unix

package seal

import (
	"os"
	"syscall"
)

// keepOwner gives a file the owner of another, so that a server that is not root can still read a
// key file that root rotated.
func keepOwner(file, of string) error {
	info, err := os.Stat(of)
	if err != nil {
		return err
	}
	owner, known := info.Sys().(*syscall.Stat_t)
	if !known || int(owner.Uid) == os.Getuid() {
		return nil
	}
	return os.Chown(file, int(owner.Uid), int(owner.Gid))
}
