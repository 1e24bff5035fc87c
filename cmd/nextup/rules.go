package main

import (
	"slices"
	"time"

	"nextup/gateway"
	"nextup/internal/sitefile"
	"nextup/queue"
)

// assignedGrace is how long a visitor lost in conversation is waited for.
const assignedGrace = 10 * time.Minute

// siteOf is a site of the file as the gateway takes it.
func siteOf(s sitefile.Site) gateway.Site {
	return gateway.Site{
		Rules: rulesOf(s), Origins: s.Origins, Languages: s.Languages, Digest: s.Digest(),
		Agent: func(sub string) gateway.AgentRules {
			a := s.Agents.Of(sub)
			return gateway.AgentRules{
				Departments: a.Departments, Skills: slices.Sorted(slices.Values(a.Skills)), Languages: a.Languages,
				Tier: a.Tier, Capacity: a.Capacity,
			}
		},
		VisitorHeartbeat: s.Heartbeat.Visitor, AgentHeartbeat: s.Heartbeat.Agent,
		Limits: gateway.Limits{
			FramesPerSecond: s.Limits.FramesPerSecond, Burst: s.Limits.Burst,
			BytesPerSecond: s.Limits.BytesPerSecond, ByteBurst: s.Limits.ByteBurst, OutgoingBuffer: s.Limits.OutgoingBuffer,
			ConnsPerPerson: s.Limits.ConnsPerPerson, ConnsPerAddress: s.Limits.ConnsPerAddress, Conns: s.Limits.Conns,
		},
	}
}

// rulesOf is what the domain needs to know of a site.
func rulesOf(s sitefile.Site) *queue.Site {
	rules := &queue.Site{
		ID:           s.ID,
		VisitorGrace: millis(s.Grace.Visitor), AgentGrace: millis(s.Grace.Agent),
		AssignedGrace: millis(assignedGrace), Retention: millis(s.Retention), TicketLimit: s.Limits.Tickets, VisitorTickets: s.Limits.TicketsPerVisitor,
		Fallback:     s.FallbackLanguage,
		VisitorTiers: map[string]queue.Millis{}, Urgencies: map[string]queue.Urgency{}, Topics: map[string]queue.Topic{},
		StickyWindow: millis(s.Sticky.Window), StickyHold: millis(s.Sticky.Hold), TransferHold: millis(s.TransferHold),
		MaxCapacity: s.MaxCapacity(),
	}
	for name, start := range s.VisitorTiers {
		rules.VisitorTiers[name] = millis(start)
	}
	for name, u := range s.Urgencies {
		rules.Urgencies[name] = queue.Urgency{HeadStart: millis(u.HeadStart), VisitorsMay: u.VisitorsMay}
	}
	for name, t := range s.Topics {
		rules.Topics[name] = queue.Topic{HeadStart: millis(t.HeadStart), Weight: t.Weight, Skills: t.Skills, Wishes: t.Wishes, Tier: t.Tier, Departments: s.TopicDepartments(t)}
	}
	for _, d := range s.Departments {
		department := queue.Department{
			ID: d.ID, Name: d.Name, Languages: d.Languages, QueueLimit: d.QueueLimit, OfferTTL: millis(d.OfferTimeout),
			AutoAccept: d.AutoAccept, Tier: d.Tier, Skills: d.Skills, MinProficiency: d.MinProficiency, WrapUp: millis(d.WrapUp),
		}
		for _, w := range d.Widening {
			department.Widening = append(department.Widening, queue.Widening{
				After: millis(w.After), Languages: queue.Spread(w.Languages), DropSkills: w.DropSkills, MinProficiency: w.MinProficiency,
			})
		}
		rules.Departments = append(rules.Departments, department)
	}
	for id, a := range s.Agents.Known {
		if len(a.Shifts) == 0 {
			continue
		}
		if rules.Planned == nil {
			rules.Planned = map[string]*queue.Planned{}
		}
		rules.Planned[id] = &queue.Planned{
			Facts: queue.AgentFacts{
				ID: id, Languages: a.Languages, Departments: a.Departments, Skills: slices.Sorted(slices.Values(a.Skills)),
				Tier: a.Tier, Capacity: a.Capacity,
			},
			Shifts: shiftsOf(a),
		}
	}
	return rules
}

// aMonday is the first one after the beginning of 1970.
const aMonday = 4 * 24 * time.Hour

// shiftsOf is the shifts of an agent, each of them weekly.
func shiftsOf(a sitefile.Agent) []queue.Shift {
	var all []queue.Shift
	for _, s := range a.Shifts {
		to := s.To
		if to <= s.From {
			to += 24 * time.Hour
		}
		for _, day := range s.Days {
			begins := aMonday + time.Duration(day)*24*time.Hour
			all = append(all, queue.Shift{
				From: queue.Stamp(millis(begins + s.From)), To: queue.Stamp(millis(begins + to)), Every: millis(7 * 24 * time.Hour),
			})
		}
	}
	return all
}

func millis(d time.Duration) queue.Millis { return queue.Millis(d.Milliseconds()) }
