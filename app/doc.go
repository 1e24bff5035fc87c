// Package app is the application: what people and programs may do with a site, and
// what its processes do for it, without a socket anywhere. Transports are its
// clients.
//
//	a, err := app.New(app.Options{Store: store, Sites: []app.SiteOptions{{Rules: rules}}})
//	site := a.Site("demo")
//	site.OnSteps(func(st *queue.State, steps []queue.Step) { … })
//	a.Start()
//	defer a.Close()
//
// # The replica
//
// A Site embeds its Replica, this process's copy of the site's log. Read looks at it;
// Execute decides on it by the pure rules of package queue, commits the change to
// the log, waits for the replay, and decides again after a conflict.
//
// Subscribers hear what replay brings: OnSteps, OnRestore, OnReset, OnRules and
// OnAvailability. The order of a step is: the state takes it, the callers that wait for
// it are released, the subscribers are notified. So a command's answer never waits
// for what its step means to others. A subscriber is given the state for the time of the
// call alone, keeps no part of it but images (which never change), and never blocks.
package app
