// Package orders lets a measuring process tell another what to do: one line on its
// standard input is an order, and one line on its standard output the answer.
//
//	orders.Obey(map[string]orders.Handler{"leave": orders.Handle(crowd.leave)})
//
// It imports nothing but the standard library: bench builds nextup with this package
// beside its own, so that a gateway collects garbage and writes profiles when told.
package orders

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
	"runtime"
	"runtime/debug"
	"runtime/pprof"
	"time"
)

// Order is one line on a child's standard input; its Answer is one line on its
// standard output.
type Order struct {
	Do   string          `json:"do"`
	With json.RawMessage `json:"with,omitempty"`
}

// Answer is what came of an order.
type Answer struct {
	Error  string          `json:"error,omitempty"`
	Result json.RawMessage `json:"result,omitempty"`
}

// Handler does what an order says.
type Handler func(with json.RawMessage) (any, error)

// Obey serves orders, one after the other, until the input ends. Every process
// knows collect and profile.
func Obey(handlers map[string]Handler) error {
	lines := bufio.NewScanner(os.Stdin)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		var o Order
		if err := json.Unmarshal(lines.Bytes(), &o); err != nil {
			return err
		}
		do := handlers[o.Do]
		switch o.Do {
		case "collect":
			do = collect
		case "profile":
			do = profile
		}
		var a Answer
		if do == nil {
			a.Error = "no such order: " + o.Do
		} else if result, err := do(o.With); err != nil {
			a.Error = err.Error()
		} else if a.Result, err = json.Marshal(result); err != nil {
			return err
		}
		line, err := json.Marshal(a)
		if err != nil {
			return err
		}
		fmt.Println(string(line))
	}
	return lines.Err()
}

// Handle gives an order's handler its argument.
func Handle[T any](do func(T) (any, error)) Handler {
	return func(with json.RawMessage) (any, error) {
		var t T
		if len(with) > 0 {
			if err := json.Unmarshal(with, &t); err != nil {
				return nil, err
			}
		}
		return do(t)
	}
}

func collect(json.RawMessage) (any, error) {
	for range 4 { // stacks shrink by half at each
		runtime.GC()
	}
	debug.FreeOSMemory()
	return nil, nil
}

// Profile asks for a profile of the process.
type Profile struct {
	Kind    string // cpu, or a runtime/pprof profile such as heap
	Seconds float64
	Path    string
}

var profile = Handle(func(p Profile) (any, error) {
	f, err := os.Create(p.Path)
	if err != nil {
		return nil, err
	}
	if p.Kind != "cpu" {
		defer f.Close()
		return nil, pprof.Lookup(p.Kind).WriteTo(f, 0)
	}
	if err := pprof.StartCPUProfile(f); err != nil {
		return nil, err
	}
	time.AfterFunc(time.Duration(p.Seconds*float64(time.Second)), func() {
		pprof.StopCPUProfile()
		_ = f.Close()
	})
	return nil, nil
})
