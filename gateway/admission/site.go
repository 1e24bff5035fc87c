package admission

import (
	"sync/atomic"
	"time"

	"nextup/app"
	"nextup/internal/limits"
	"nextup/queue"
)

// SiteOptions are what the edge needs to know of one site, beside what the application
// does.
type SiteOptions struct {
	app.SiteOptions
	// Origins are the pages that may come besides those of the gateway's own host, as
	// origin.Parse returns them.
	Origins []string
	// Languages are the site's BCP 47 tags.
	Languages []string
	// Agent returns what the site file says of an agent: departments, skills (sorted),
	// tier and capacity. Languages replace those of the token, nil leaves them.
	Agent func(subject string) queue.AgentFacts
	// VisitorHeartbeat and AgentHeartbeat are how often clients must be heard.
	VisitorHeartbeat, AgentHeartbeat time.Duration
	Limits                           limits.Limits
}

// Served is a site that is served.
type Served struct {
	*app.Site
	app     *app.App
	options atomic.Pointer[SiteOptions]
}

// Options returns the site's options as they are now.
func (s *Served) Options() *SiteOptions { return s.options.Load() }

// Grace is how long a visitor whose conn is lost keeps their place.
func (s *Served) Grace() time.Duration { return s.Options().Rules.VisitorGrace.Duration() }

// Parted reports whether the other gateways have taken this one for lost so long ago that
// half of its visitors' grace has passed, if they still reach the log.
func (s *Served) Parted() bool { return s.app.TakenForLost() > s.Grace()/2 }
