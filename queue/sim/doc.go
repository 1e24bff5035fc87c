// Package sim lets visitors arrive, wait, lose patience and be served on a virtual
// clock. It has no rules of its own: the same queue.State and queue.Dispatcher that
// serve people decide here too, so its waits are those of this product.
//
//	result, err := sim.Run(&sim.Scenario{
//		Seed: 1, Length: 3_600_000,
//		Queues: []sim.Demand{{Department: "support", Language: "en", PerHour: 600, Handling: sim.Exponential(300)}},
//		Staff:  []sim.Staff{{Count: 52, Departments: []string{"support"}, Languages: []string{"en"}, Capacity: 1}},
//	}, sim.Hooks{})
//	fmt.Println(result.All().Within(60)) // the share served within a minute
//
// A Scenario describes the visitors and the agents. Everything random about a
// visitor (when they come, how long their matter takes, how long they would wait) is
// drawn when they arrive, from a stream of their own queue: two runs that differ in
// staff or rules meet the same visitors, so their difference is not noise.
//
// Run runs one scenario and returns the measurements. Hooks see each record as a
// gateway would, and the end of each wait, including the potential wait of visitors
// who left: how long they would have waited had they stayed (Ibrahim and Whitt, "Real-time delay estimation in overloaded
// multiserver queues with abandonments", Management Science 55, 2009, judge
// estimates by it).
//
// The Erlang formulas are here too: the simulator is tested against them, and the
// planner checks itself by them.
package sim
