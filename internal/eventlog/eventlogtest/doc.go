// Package eventlogtest holds what every eventlog.Backend must do, as one table
// of tests, and the parts that tests of followers need: a replica that checks
// what it is fed, and a backend with an outage to switch on.
package eventlogtest
