// Package routing proves on real processes what routing promises. Sixty agents
// of mixed languages, tiers and skills serve thousands of tickets on four
// gateways over one Redis, while gateways are killed, agents come and go, and
// tickets are declined, transferred and reassigned. Afterwards test/oracle looks, with
// the rules of this site:
//
//   - at the log, replayed record by record: loads, owners, tokens, which agents may
//     serve which tickets, and the order in which tickets were offered;
//   - at what people were shown, held against the log at the number that each view
//     names, and against what was shown before;
//   - at the operations as the clients saw them, with the times of call and return:
//     Porcupine looks for an order of them in which each ticket has one owner and
//     no agent holds more than their capacity.
//
// A benchmark measures how soon an agent who has become free is shown the next
// offer, on another gateway than the one that dispatches.
//
// All of it is in the tests of this package.
package routing
