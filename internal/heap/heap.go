// Package heap says how much memory a gateway's process leaves to garbage.
package heap

import (
	"os"
	"runtime/debug"
)

// percent is how much garbage there may be, in percent of what lives, before it is
// collected. A gateway holds much and makes little garbage until everybody comes
// back at once; then Go's default of 100 lets it grow to twice its size in the very
// moment in which memory is short. What less costs while 10,000 wait is within the
// noise (docs/performance.md).
const percent = 40

// Bound sets it, unless the environment says otherwise (GOGC).
func Bound() {
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(percent)
	}
}
