// Package eventlogtest tests what every eventlog.Backend must do, in one table, and
// has the parts that tests of followers need: a replica that checks what it
// receives, and a backend with an outage to switch on.
//
//	eventlogtest.Run(t, func(t *testing.T) eventlogtest.Setup {
//		return eventlogtest.Setup{Backend: first, Second: second, Checkpoint: checkpoint}
//	})
package eventlogtest
