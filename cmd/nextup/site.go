package main

import (
	"nextup/gateway"
	"nextup/internal/sitefile"
)

// siteOf returns a site of the file in the form that the gateway takes.
func siteOf(s sitefile.Site) gateway.Site {
	return gateway.Site{
		Rules: s.Rules, Origins: s.Origins, Languages: s.Languages, Digest: s.Digest, Agent: s.Agents.Of,
		VisitorHeartbeat: s.Heartbeat.Visitor, AgentHeartbeat: s.Heartbeat.Agent,
		Limits: gateway.Limits(s.Limits),
	}
}
