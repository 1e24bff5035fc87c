package export

import (
	"hash/crc32"
	"math"
	"strings"
)

// zendesk is the CSV export of tickets: one row for each, whole minutes in the time zone
// of the account.
var zendesk = format{
	name: "zendesk", desk: "Zendesk (tickets)", read: readZendesk,
	needed: []string{"id", "assignee", "group", "created at", "initially assigned at", "solved at"},
	stamps: []string{"created at", "initially assigned at", "solved at"},
	lacks: append([]string{
		"Times are whole minutes: a wait may be up to a minute off, so score those above some minutes (--over 3m).",
		"Group and assignee are those at the export, while the wait ends with the first assignment: tickets that were passed on are counted where they ended.",
		"Visitors who left are the tickets that were solved with no agent on them.",
		"A ticket that was opened again counts as held from the first assignment to the last solution.",
	}, inferred...),
}

func readZendesk(t *table, b *book) error {
	return t.rows(func(r *row) error {
		c := contact{id: r.get("id"), line: r.line}
		if c.id == "" {
			return r.error(`column "Id" is empty`)
		}
		var err error
		if c.joined, err = r.stamp("created at"); err != nil {
			return err
		}
		if c.taken, err = r.stamp("initially assigned at"); err != nil {
			return err
		}
		if c.ended, err = r.stamp("solved at"); err != nil {
			return err
		}
		if reply := seconds(r.get("first reply time in minutes")); c.taken == 0 && c.joined != 0 && reply >= 0 {
			c.taken = c.joined + int64(math.Round(reply))*60_000 // an agent replied and the ticket had no assignee
		}
		c.withinMinute()
		return b.add(&c, r.get("group"), r.get("assignee"))
	})
}

// withinMinute spreads stamps of whole minutes over a second, so that one who joins meets
// half of those who are taken within the same minute still in line, and half not.
func (c *contact) withinMinute() {
	if c.joined == 0 || c.taken != 0 && c.taken < c.joined || c.ended != 0 && c.ended < max(c.joined, c.taken) {
		return // it is left out
	}
	c.joined += int64(crc32.ChecksumIEEE([]byte(c.id)) % 1000)
	if c.taken != 0 {
		c.taken = max(c.taken+500, c.joined)
	}
	if c.ended != 0 {
		c.ended = max(c.ended+499, c.joined, c.taken)
	}
}

// zendeskChat is the export of Zendesk Chat by way of its API, each chat a row: what is
// nested has dots or underscores in its name.
var zendeskChat = format{
	name: "zendesk-chat", desk: "Zendesk (Chat)", utc: true, read: readZendeskChat,
	needed: []string{"id", "timestamp", "duration", "department_name", "agent_names"},
	stamps: []string{"timestamp", "end_timestamp"},
	lacks: append([]string{
		"A wait ends with the agent's first reply where there is no wait_time.",
		"Of several agents the first one named counts, until the end of the chat.",
	}, inferred...),
}

func readZendeskChat(t *table, b *book) error {
	return t.rows(func(r *row) error {
		if kind := r.get("type"); kind != "" && kind != "chat" {
			b.report.leaveOut(whyEmpty, r.line) // an offline message
			return nil
		}
		if by := r.get("started_by"); by == "agent" {
			b.report.leaveOut(whyUnasked, r.line)
			return nil
		}
		c := contact{id: r.get("id"), line: r.line}
		if c.id == "" {
			return r.error(`column "id" is empty`)
		}
		var err error
		if c.joined, err = r.stamp("timestamp"); err != nil {
			return err
		}
		if c.ended, err = r.stamp("end_timestamp"); err != nil {
			return err
		}
		if length := seconds(r.get("duration")); c.ended == 0 && c.joined != 0 && length >= 0 {
			c.ended = c.joined + int64(length*1000)
		}
		agent := firstOf(r.get("agent_names"))
		wait := seconds(r.first("wait_time", "response_time.first", "response_time_first"))
		if missed := strings.EqualFold(r.get("missed"), "true"); !missed && agent != "" && c.joined != 0 {
			c.taken = c.joined + int64(max(0, wait)*1000)
			if c.ended != 0 {
				c.ended = max(c.ended, c.taken)
			}
		}
		return b.add(&c, r.get("department_name"), agent)
	})
}

// firstOf returns the first of some names, which stand as in JSON or between commas.
func firstOf(names string) string {
	first, _, _ := strings.Cut(strings.Trim(names, "[] "), ",")
	return strings.Trim(strings.TrimSpace(first), `"'`)
}
