// Package faults proves the promises under faults: its matrix starts gateways
// and Redis as processes, lets a crowd live through a fault, and has a checker
// that shares no code with the product judge what everybody was told.
//
// The parts are setup (what a fault is done to), people (the crowd), checker
// (the judge) and, in the test of this package, the matrix. Nothing but tests
// imports any of them.
package faults
