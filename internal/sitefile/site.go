package sitefile

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/parser"

	"nextup/queue"
)

// The defaults of a site.
const (
	defaultQueueLimit       = 10_000
	defaultOfferTimeout     = 20 * time.Second
	defaultCapacity         = 3
	defaultVisitorGrace     = 60 * time.Second
	defaultAgentGrace       = 20 * time.Second
	defaultRetention        = 24 * time.Hour
	defaultVisitorHeartbeat = 10 * time.Second
	defaultAgentHeartbeat   = 5 * time.Second
	defaultFramesPerSecond  = 20
	defaultBurst            = 100
	defaultOutgoingBuffer   = 64 << 10
	defaultBytesPerSecond   = 32 << 10
	defaultByteBurst        = 256 << 10
	defaultConnsPerPerson   = 8
	defaultConnsPerAddress  = 1000
	defaultConns            = 100_000
	defaultTickets          = 200_000
	defaultVisitorTickets   = 30
	defaultStickyHold       = 30 * time.Second
	defaultTransferHold     = time.Minute
	assignedGrace           = 10 * time.Minute // the file cannot change it
	defaultMaxTokenLife     = 24 * time.Hour
	fluent                  = 5 // proficiency of a language that is listed without a number
	maxCapacity             = 50
)

// file reads a whole file. The result is valid only if no problem was reported.
func (r *reader) file(data []byte) *File {
	if len(data) > MaxBytes {
		r.report(0, "", fmt.Sprintf("got %d bytes; want at most %d", len(data), MaxBytes))
		return nil
	}
	if !utf8.Valid(data) {
		r.report(0, "", "not valid UTF-8")
		return nil
	}
	parsed, err := parser.ParseBytes(data, 0)
	if err != nil {
		r.syntax(err)
		return nil
	}
	root := value{r: r, line: 1}
	switch len(parsed.Docs) {
	case 0:
	case 1:
		if body := parsed.Docs[0].Body; body != nil {
			root = root.child("", body, 1)
		}
	default:
		r.report(0, "", fmt.Sprintf("got %d YAML documents; want one", len(parsed.Docs)))
		return nil
	}
	sites := root.fields("sites")["sites"]
	list := sites.list("a list of sites")
	if len(list) == 0 && r.invalid == nil {
		sites.bad("a list of at least one site")
	}
	file := &File{}
	taken := map[string]bool{}
	for _, v := range list {
		file.Sites = append(file.Sites, v.site(taken))
	}
	return file
}

// syntax reports why the file is not YAML, without the line of text that the YAML
// library would show, since it may hold a secret.
func (r *reader) syntax(err error) {
	var syntax *yaml.SyntaxError
	if errors.As(err, &syntax) && syntax.Token != nil {
		r.report(syntax.Token.Position.Line, "", "not valid YAML: "+syntax.Message)
		return
	}
	r.report(0, "", "not valid YAML")
}

// site reads one site; taken are the ids of those before it.
func (v value) site(taken map[string]bool) Site {
	f := v.fields("id", "origins", "languages", "fallback_language", "departments", "visitor_tiers", "urgencies", "topics",
		"sticky", "transfer_hold", "agents", "grace", "retention", "heartbeat", "limits",
		"max_token_life", "allow_networks", "keys")
	s := Site{Rules: &queue.Site{ID: f["id"].id(taken, value.slug), AssignedGrace: millis(assignedGrace)}}
	s.Origins = f["origins"].distinct("", nil, value.origin)
	s.Languages = f["languages"].distinct("", nil, value.language)
	if f["languages"].empty() {
		f["languages"].bad("a list of at least one BCP 47 language tag, such as en")
	}
	rules := s.Rules
	rules.Fallback = f["fallback_language"].oneLanguage(s.Languages)
	rules.VisitorTiers = f["visitor_tiers"].visitorTiers()
	rules.Urgencies = f["urgencies"].urgencies()
	rules.Topics = f["topics"].topics()
	rules.Departments = f["departments"].departments(&s)
	f["agents"].agents(&s)
	f["topics"].reachableTopics(&s)
	f["departments"].reachableDepartments(&s)
	s.confineTopics()
	rules.MaxCapacity = s.maxCapacity()

	grace := f["grace"].fields("visitor", "agent")
	rules.VisitorGrace = grace["visitor"].millis(defaultVisitorGrace, time.Second, time.Hour)
	rules.AgentGrace = grace["agent"].millis(defaultAgentGrace, time.Second, time.Hour)

	rules.Retention = f["retention"].millis(defaultRetention, time.Minute, 90*24*time.Hour)
	f["sticky"].sticky(rules)
	rules.TransferHold = f["transfer_hold"].millis(defaultTransferHold, 0, time.Hour)

	// The wire has the heartbeat in whole seconds.
	heartbeat := f["heartbeat"].fields("visitor", "agent")
	s.Heartbeat.Visitor = heartbeat["visitor"].duration(defaultVisitorHeartbeat, time.Second, 5*time.Minute, time.Second)
	s.Heartbeat.Agent = heartbeat["agent"].duration(defaultAgentHeartbeat, time.Second, 5*time.Minute, time.Second)

	limits := f["limits"].fields("frames_per_second", "burst", "bytes_per_second", "byte_burst", "outgoing_buffer",
		"conns_per_person", "conns_per_address", "conns", "tickets", "tickets_per_visitor")
	s.Limits.FramesPerSecond = limits["frames_per_second"].integer(defaultFramesPerSecond, 1, 1000)
	s.Limits.Burst = limits["burst"].integer(defaultBurst, 1, 10_000)
	s.Limits.BytesPerSecond = limits["bytes_per_second"].size(defaultBytesPerSecond, 1<<10, 16<<20)
	s.Limits.ByteBurst = limits["byte_burst"].size(defaultByteBurst, 64<<10, 16<<20)
	s.Limits.ConnsPerPerson = limits["conns_per_person"].integer(defaultConnsPerPerson, 1, 1_000_000)
	s.Limits.ConnsPerAddress = limits["conns_per_address"].integer(defaultConnsPerAddress, 1, 1_000_000)
	s.Limits.Conns = limits["conns"].integer(defaultConns, 1, 1_000_000)
	rules.TicketLimit = limits["tickets"].integer(defaultTickets, 1, 10_000_000)
	rules.VisitorTickets = limits["tickets_per_visitor"].integer(defaultVisitorTickets, 1, 1_000_000)
	s.Limits.OutgoingBuffer = limits["outgoing_buffer"].size(defaultOutgoingBuffer, 64<<10, 16<<20)

	s.MaxTokenLife = f["max_token_life"].duration(defaultMaxTokenLife, time.Minute, 366*24*time.Hour, time.Second)
	s.AllowNetworks = f["allow_networks"].networks()
	s.Keys = f["keys"].keys(s.AllowNetworks)
	if v.r.clean() {
		s.Digest = v.digest()
	}
	return s
}

func (v value) departments(s *Site) []queue.Department {
	if v.empty() {
		v.bad("a list of at least one department")
		return nil
	}
	var out []queue.Department
	taken := map[string]bool{}
	for _, item := range v.list("a list of departments") {
		f := item.fields("id", "name", "languages", "queue_limit", "offer_timeout", "tier", "skills", "min_proficiency",
			"wrap_up", "auto_accept", "widening")
		d := queue.Department{ID: f["id"].id(taken, value.slug)}
		d.Name = f["name"].label(d.ID, 64)
		d.Languages = f["languages"].distinct("the site's languages", s.Languages, value.language)
		if f["languages"].missing() {
			d.Languages = slices.Clone(s.Languages)
		} else if f["languages"].empty() {
			f["languages"].bad("at least one of the site's languages, or no such field for all of them")
		}
		d.QueueLimit = f["queue_limit"].integer(defaultQueueLimit, 1, 1_000_000)
		d.OfferTTL = f["offer_timeout"].millis(defaultOfferTimeout, time.Second, 10*time.Minute)
		d.Tier = f["tier"].integer(1, 1, 3)
		d.Skills = f["skills"].distinct("", nil, value.slug)
		d.MinProficiency = f["min_proficiency"].integer(1, 1, fluent)
		d.WrapUp = f["wrap_up"].millis(0, 0, time.Hour)
		d.AutoAccept = f["auto_accept"].boolean(false)
		d.Widening = f["widening"].widening(s, &d)
		out = append(out, d)
	}
	return out
}

// agents reads what agents may do, into the site and, for those with shifts, into
// its rules.
func (v value) agents(s *Site) {
	f := v.fields("defaults", "known")
	var all []string
	for _, d := range s.Rules.Departments {
		all = append(all, d.ID)
	}
	defaults := f["defaults"].fields("capacity", "departments", "tier", "skills")
	s.Agents.Defaults = agent(defaults, queue.AgentFacts{Capacity: defaultCapacity, Departments: all, Tier: 1}, all)
	s.Agents.Known = map[string]queue.AgentFacts{}
	pairs, _ := f["known"].pairs("a mapping from the sub of an agent's token to what holds for them")
	for _, p := range pairs {
		if p.name == "" || len(p.name) > 128 || strings.ContainsFunc(p.name, unicode.IsControl) {
			p.fault("got the name %s; want the sub of a token: 1 to 128 bytes without control characters", p.quoted(p.name))
			continue
		}
		known := p.fields("capacity", "departments", "languages", "tier", "skills", "shifts")
		a := agent(known, s.Agents.Defaults, all)
		a.ID = p.name
		a.Languages = known["languages"].proficiencies(s.Languages)
		s.Agents.Known[p.name] = a
		if shifts := known["shifts"].shifts(); len(shifts) > 0 {
			if s.Rules.Planned == nil {
				s.Rules.Planned = map[string]*queue.Planned{}
			}
			s.Rules.Planned[p.name] = &queue.Planned{Facts: a, Shifts: shifts}
		}
	}
}

// agent reads the fields that the defaults and each known agent have in common.
func agent(f map[string]value, byDefault queue.AgentFacts, departments []string) queue.AgentFacts {
	a := queue.AgentFacts{
		Capacity:    f["capacity"].integer(byDefault.Capacity, 1, maxCapacity),
		Departments: slices.Clone(byDefault.Departments),
		Tier:        f["tier"].integer(byDefault.Tier, 1, 3),
		Skills:      slices.Clone(byDefault.Skills),
	}
	if !f["skills"].missing() {
		a.Skills = slices.Sorted(slices.Values(f["skills"].distinct("", nil, value.slug)))
	}
	if list := f["departments"]; !list.missing() {
		a.Departments = list.distinct("the site's departments", departments, value.slug)
		if list.empty() {
			list.bad("at least one of the site's departments, or no such field for the default")
		}
	}
	return a
}
