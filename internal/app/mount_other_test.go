//go:build !linux

package app

import "testing"

// mount is known how to do on Linux only.
func mount(t *testing.T, _ string) (dir string, mounted bool) {
	t.Helper()
	t.Log("no file system can be mounted here")
	return t.TempDir(), false
}
