package export

// rocketchat is the collection rocketchat_room, written by mongoexport as CSV with the
// rooms of the omnichannel: one row for each conversation.
var rocketchat = format{
	name: "rocketchat", desk: "Rocket.Chat (rocketchat_room)", utc: true, read: readRocketChat,
	needed: []string{"_id", "ts", "servedby.username", "servedby.ts", "closedat"},
	stamps: []string{"ts", "queuedat", "servedby.ts", "closedat"},
	lacks: append([]string{
		"It names the agent who served last, and when that one began: the wait of a conversation that was forwarded is too long.",
		"Visitors who left are those whose room was closed with no agent in it.",
	}, inferred...),
}

func readRocketChat(t *table, b *book) error {
	return t.rows(func(r *row) error {
		if kind := r.get("t"); kind != "" && kind != "l" {
			b.report.leaveOut(whyEmpty, r.line) // a channel or a direct message
			return nil
		}
		c := contact{id: r.get("_id"), line: r.line}
		if c.id == "" {
			return r.error(`column "_id" is empty`)
		}
		var err error
		if c.joined, err = r.stamp("ts"); err != nil {
			return err
		}
		if c.taken, err = r.stamp("servedby.ts"); err != nil {
			return err
		}
		if c.ended, err = r.stamp("closedat"); err != nil {
			return err
		}
		// A bot that hands the visitor over puts the room into the queue again.
		queued, err := r.stamp("queuedat")
		if err != nil {
			return err
		}
		if queued > c.joined && (c.taken == 0 || queued <= c.taken) && (c.ended == 0 || queued <= c.ended) {
			c.joined = queued
		}
		return b.add(&c, r.first("department.name", "departmentid"), r.first("servedby.username", "servedby._id"))
	})
}
