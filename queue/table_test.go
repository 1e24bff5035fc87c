package queue

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"testing"
)

// A table finds what a map finds, whatever was put in and removed before.
func TestATableIsAMap(t *testing.T) {
	for seed := range uint64(20) {
		r := rand.New(rand.NewPCG(seed, 1))
		got, want := newTable(visitorID, 0), map[string]*Visitor{}
		for range 5000 {
			id := fmt.Sprint(r.IntN(1 + int(seed)*100))
			if r.IntN(5) < 2 {
				got.remove(id)
				delete(want, id)
			} else {
				v := &Visitor{ID: id}
				got.put(v)
				want[id] = v
			}
			if other := fmt.Sprint(r.IntN(1 + int(seed)*100)); got.get(other) != want[other] || got.len() != len(want) {
				t.Fatalf("seed %d: %s is %v of %d, want %v of %d", seed, other, got.get(other), got.len(), want[other], len(want))
			}
		}
		all := map[string]*Visitor{}
		for v := range got.all() {
			all[v.ID] = v
		}
		if !maps.Equal(all, want) {
			t.Errorf("seed %d: %d are visited, want %d", seed, len(all), len(want))
		}
		for id := range want {
			got.remove(id)
		}
		if got.len() != 0 || len(got.slots) > 64 {
			t.Errorf("seed %d: empty, it has %d in %d slots", seed, got.len(), len(got.slots))
		}
	}
}

func BenchmarkTable(b *testing.B) {
	const n = 100_000
	ids := make([]string, n)
	set, byID := newTable(visitorID, 0), map[string]*Visitor{}
	for i := range ids {
		ids[i] = fmt.Sprintf("00000000-0000-4000-8000-%012d", i)
		v := &Visitor{ID: ids[i]}
		set.put(v)
		byID[v.ID] = v
	}
	b.Run("table", func(b *testing.B) {
		for i := 0; b.Loop(); i++ {
			if set.get(ids[i*7919%n]) == nil {
				b.Fatal("it is not there")
			}
		}
	})
	b.Run("map", func(b *testing.B) {
		for i := 0; b.Loop(); i++ {
			if byID[ids[i*7919%n]] == nil {
				b.Fatal("it is not there")
			}
		}
	})
}
