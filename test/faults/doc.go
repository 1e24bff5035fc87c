// Package faults proves the promises under faults: its matrix starts gateways
// and Redis as processes, lets a crowd live through a fault, and has an oracle
// that shares no code with the product judge what each of them was told.
//
// The parts are setup (what a fault is done to) and, in the test of this package,
// the matrix; test/people lives through it and test/oracle judges.
package faults
