package session

import (
	"sync/atomic"
	"time"

	"nextup/gateway/auth"
)

// credential is the newest token of a conn, none before a good hello.
type credential struct {
	expires  atomic.Int64 // Unix milliseconds of the log; 0 for none
	identity atomic.Pointer[auth.Identity]
}

func (c *credential) set(id auth.Identity) {
	c.identity.Store(&id)
	c.expires.Store(id.ExpiresAt.UnixMilli())
}

// given reports whether there is one.
func (c *credential) given() bool { return c.expires.Load() != 0 }

// valid is for how long it is still in force at the log's time now.
func (c *credential) valid(now time.Time) time.Duration {
	return time.UnixMilli(c.expires.Load()).Sub(now)
}
