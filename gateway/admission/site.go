package admission

import (
	"sync/atomic"
	"time"

	"nextup/app"
	"nextup/queue"
)

// Site is what the site file says of one tenant.
type Site struct {
	Rules *queue.Site
	// Digest names everything that the site file says of the site, so that
	// gateways notice when theirs differ; "" stands for that of Rules alone.
	Digest string
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
	Limits                           Limits
}

// Limits bound what people may take of a gateway. Every refusal is counted in
// nextup_limited_total by the limit's name.
type Limits struct {
	// FramesPerSecond and Burst, BytesPerSecond and ByteBurst bound what one conn
	// sends.
	FramesPerSecond, Burst    int
	BytesPerSecond, ByteBurst int
	// OutgoingBuffer is how many bytes may wait to be read by a conn.
	OutgoingBuffer int
	// ConnsPerPerson, ConnsPerAddress and Conns bound the conns on this gateway:
	// of one visitor or agent, from one address, and of the site.
	ConnsPerPerson, ConnsPerAddress, Conns int
}

// ForApp is what the application needs to know of the site.
func (s Site) ForApp() app.SiteOptions { return app.SiteOptions{Rules: s.Rules, Digest: s.Digest} }

// Served is a site that is served.
type Served struct {
	*app.Site
	app  *app.App
	file atomic.Pointer[Site]
}

// File is what the site file says now.
func (s *Served) File() *Site { return s.file.Load() }

// Grace is how long a visitor whose conn is lost keeps their place.
func (s *Served) Grace() time.Duration { return s.File().Rules.VisitorGrace.Duration() }

// Parted reports whether the other gateways have taken this one for lost so long ago that
// half of its visitors' grace has passed, if they still reach the log.
func (s *Served) Parted() bool { return s.app.TakenForLost() > s.Grace()/2 }
