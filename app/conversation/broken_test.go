package conversation_test

import (
	"context"
	"strconv"
	"testing"

	"nextup/app/conversation"
	"nextup/internal/eventlog"
)

// broken is a backend whose logs have records that do not name the one before, as
// an append-only file that was cut in the middle of a transaction can leave them.
type broken struct{ *eventlog.Memory }

func (b broken) Read(ctx context.Context, log eventlog.Log, after uint64, limit int) ([]eventlog.Record, error) {
	records, err := b.Memory.Read(ctx, log, after, limit)
	for i := range records {
		if records[i].Number == 3 {
			records[i].Prev = "another"
		}
	}
	return records, err
}

// A reset for ever would be no help: there is no other log to come to.
func TestALogWithABrokenChainCanBeRead(t *testing.T) {
	h := conversation.New(broken{eventlog.NewMemory()}, conversation.Options{})
	defer h.Close()
	ticket := ticketOf(t)
	for i := range 5 {
		mustAppend(t, h, ticket, message(visitor("v"), "m"+strconv.Itoa(i), "x"))
	}
	r := receive(h, ticket, 0)
	defer r.stop()
	r.wait(t, 5)
	if len(r.resets) > 0 {
		t.Error("reset")
	}
}
