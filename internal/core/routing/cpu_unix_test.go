//go:build unix

package routing

import (
	"syscall"
	"time"
)

// cpuTime is the processor time the test has used: unlike the clock on the wall it does not grow
// while other programs have the machine.
func cpuTime() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
