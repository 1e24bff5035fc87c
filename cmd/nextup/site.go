package main

import (
	"nextup/app"
	"nextup/gateway"
	"nextup/internal/sitefile"
)

// siteOf returns a site of the file in the form that the gateway takes.
func siteOf(s sitefile.Site) gateway.SiteOptions {
	return gateway.SiteOptions{
		SiteOptions: app.SiteOptions{Rules: s.Rules, Digest: s.Digest}, Origins: s.Origins, Languages: s.Languages, Agent: s.Agents.Of,
		VisitorHeartbeat: s.Heartbeat.Visitor, AgentHeartbeat: s.Heartbeat.Agent,
		Limits: s.Limits,
	}
}
