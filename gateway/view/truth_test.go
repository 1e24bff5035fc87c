package view

import (
	"reflect"
	"testing"

	"nextup/gateway/protocol"
	"nextup/queue"
)

// [board-5] A supervisor sees how true the waits were by position, without bands in which
// nothing was judged.
func TestABoardTellsHowTrueTheWaitsWereByPosition(t *testing.T) {
	t.Parallel()
	q := queue.QueueID{Department: "support", Language: "en"}
	for _, tt := range []struct {
		name string
		in   queue.Truth
		want *protocol.BoardTruth
	}{
		{"nothing judged", queue.Truth{}, nil},
		{"from a gateway that knows no bands", queue.Truth{Judged: 10.5, Inside: 8.5}, &protocol.BoardTruth{Judged: 10, Inside: 8}},
		{"by position", queue.Truth{Judged: 14, Inside: 9, ByBand: []queue.Coverage{{Judged: 9, Inside: 7, Over: 1}, {}, {}, {Judged: .5}, {Judged: 5, Inside: 2, Over: 3}}},
			&protocol.BoardTruth{Judged: 14, Inside: 9, Bands: []protocol.BoardTruthBand{{From: 1, To: 1, Judged: 9, Inside: 7, Over: 1}, {From: 101, Judged: 5, Inside: 2, Over: 3}}}},
		{"from a gateway that knows more bands", queue.Truth{Judged: 1, ByBand: []queue.Coverage{{Judged: 1}, {}, {}, {}, {}, {Judged: 7}}},
			&protocol.BoardTruth{Judged: 1, Bands: []protocol.BoardTruthBand{{From: 1, To: 1, Judged: 1}}}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			st := queue.NewState(&queue.Site{ID: "s", Departments: []queue.Department{{ID: "support", Languages: []string{"en"}}}})
			st.Play(st.Publish(&queue.Estimates{Truth: map[string]queue.Truth{q.String(): tt.in}}, nil), 1)
			if got := Board(st).Queues[0].Truth; !reflect.DeepEqual(got, tt.want) {
				t.Errorf("%+v, want %+v", got, tt.want)
			}
		})
	}
}
