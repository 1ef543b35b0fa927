//go:build !unix

package bench

import "time"

func giveWay() {}

// cpuTime is unknown here.
func cpuTime() time.Duration { return 0 }
