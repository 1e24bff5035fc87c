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
		Limits: gateway.Limits{
			FramesPerSecond: s.Limits.FramesPerSecond, Burst: s.Limits.Burst,
			BytesPerSecond: s.Limits.BytesPerSecond, ByteBurst: s.Limits.ByteBurst, OutgoingBuffer: s.Limits.OutgoingBuffer,
			ConnsPerPerson: s.Limits.ConnsPerPerson, ConnsPerAddress: s.Limits.ConnsPerAddress, Conns: s.Limits.Conns,
		},
	}
}
