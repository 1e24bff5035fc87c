// Package routing proves on real processes what routing promises. Sixty agents
// of mixed languages, tiers and skills serve thousands of tickets on four
// gateways over one Redis, while gateways are killed, agents come and go, and
// tickets are declined, transferred and reassigned. Afterwards three judges
// look, none of which shares code with the product:
//
//   - the log, replayed record by record by rules of this package: loads, owners,
//     tokens, who may serve whom, and the order in which tickets were offered;
//   - what people were shown, held against the log at the number that each view
//     names, and against what was shown before;
//   - the operations as the clients saw them, with the times of call and return:
//     Porcupine looks for an order of them in which each ticket has one owner and
//     no agent holds more than their capacity.
//
// A benchmark measures how soon an agent who has become free is shown the next
// offer, on another gateway than the one that dispatches.
//
// All of it is in the tests of this package.
package routing
