// Package sim lets visitors arrive, wait, lose patience and be served on a
// virtual clock. It has no rules of its own: the very queue.State and
// queue.Dispatcher that serve people decide here too, so what it says about
// waits, it says about this product.
//
// A Scenario tells who comes and who helps. Everything random about a visitor
// (when they come, how long their matter takes, how long they would wait) is
// drawn when they arrive, from a stream of their own queue: two runs that differ
// in staff or rules meet the same visitors, so their difference is not noise.
//
// Run drives one scenario and returns what there is to measure. Hooks see each
// record as a gateway would, and what became of each visitor, including the
// potential wait of those who left: how long they would have waited had they
// stayed (Ibrahim and Whitt, "Real-time delay estimation in overloaded
// multiserver queues with abandonments", Management Science 55, 2009, judge
// estimates by it).
//
// The Erlang formulas stand beside it: the simulator is tested against them,
// and the planner checks itself by them.
package sim
