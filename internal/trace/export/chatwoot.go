package export

// chatwoot is the table reporting_events, written as CSV by its database or by way of the
// API: one row for each first reply, hand-over by a bot and resolution. Its downloads of
// reports are sums, which tell no wait.
var chatwoot = format{
	name: "chatwoot", desk: "Chatwoot (reporting_events)", utc: true, read: readChatwoot,
	needed: []string{"name", "inbox_id", "user_id", "conversation_id", "event_start_time", "event_end_time"},
	stamps: []string{"event_start_time", "event_end_time"},
	lacks: append([]string{
		"A wait ends with the first reply, since the assignment is not in the table: waits are longer than until an agent took the conversation.",
		"Visitors who left are those whose conversation was resolved without a reply; those who wait in vain until the end of the file are not in it.",
		"Agents and queues have numbers for names: those of users and inboxes.",
	}, inferred...),
}

// inferred is what no export of conversations says.
var inferred = []string{
	"It does not say when agents were there: one counts as there from taking a conversation to the end of the last one before --away without any. Time without a conversation at the ends of a shift is missing, so estimates are too long where agents then stood idle.",
	"It does not say how many conversations an agent may hold: the most that they held for more than a moment stands for it.",
	"Visitors have no head start: priorities are not in it, or say nothing of the order.",
}

// chat is what the rows of a conversation say.
type chat struct {
	contact
	queue, agent string
	handed       int64 // by a bot
	replied      bool
}

func readChatwoot(t *table, b *book) error {
	chats := map[string]*chat{}
	var order []*chat
	err := t.rows(func(r *row) error {
		name := r.get("name")
		switch name {
		case "first_response", "conversation_resolved", "conversation_bot_handoff":
		default:
			return nil // reply_time and others: later replies
		}
		id := r.get("conversation_id")
		if id == "" {
			return r.error(`column "conversation_id" is empty`)
		}
		begin, err := r.stamp("event_start_time")
		if err != nil {
			return err
		}
		end, err := r.stamp("event_end_time")
		if err != nil {
			return err
		}
		if begin == 0 || end == 0 {
			b.report.leaveOut(whyUntimed, r.line)
			return nil
		}
		c := chats[id]
		if c == nil {
			if len(chats) >= maxContacts {
				return r.error("more conversations than can be read: split the file by time")
			}
			c = &chat{contact: contact{id: string([]byte(id)), line: r.line}}
			chats[c.id] = c
			order = append(order, c)
		}
		if c.queue == "" {
			c.queue = string([]byte(r.get("inbox_id")))
		}
		switch name {
		case "first_response":
			if !c.replied || end < c.taken { // the first one of a conversation that was opened again
				c.replied, c.joined, c.taken, c.agent = true, begin, end, string([]byte(r.get("user_id")))
			}
		case "conversation_resolved":
			if c.ended == 0 || end < c.ended {
				c.ended = end
			}
			if !c.replied && (c.joined == 0 || begin < c.joined) {
				c.joined = begin
			}
		case "conversation_bot_handoff":
			c.handed = end
		}
		return nil
	})
	if err != nil {
		return err
	}
	for _, c := range order {
		if c.handed > c.joined && (!c.replied || c.handed <= c.taken) {
			c.joined = c.handed // before, a bot answered
		}
		if c.replied && c.ended != 0 && c.ended < c.taken {
			c.ended = 0 // it was resolved, and opened again before the first reply
		}
		if err := b.add(&c.contact, c.queue, c.agent); err != nil {
			return err
		}
	}
	return nil
}
