// Package app is the application: what people and programs may do with a site, and
// what its processes do for it, without a socket anywhere. Transports are its
// clients.
//
//	a, err := app.New(app.Options{Store: store, Conversations: hub, Sites: []app.SiteOptions{{Rules: rules}}})
//	site := a.Site("demo")
//	site.OnSteps(func(st *queue.State, steps []queue.Step) { … })
//	a.Start()
//	defer a.Close()
//	visitor := &app.Actor{Role: app.Visitor, ID: "v"}
//	receipt, err := site.Execute(ctx, visitor, app.Join{Department: "support"})
//
// # Commands
//
// There is a Command for each thing that an Actor may do. Submit runs it and calls back
// with a Receipt, Execute waits for that. It is authorised against the replica; what it
// changes goes through Replica.Decide, which decides by the pure rules of package
// queue, commits the change to the site's log, waits for the replay, and decides again
// after a conflict. What the log's other refusals mean is the decider's to say (Refusals).
//
// # The replica
//
// A Site embeds its Replica, this process's copy of the site's log. Subscribers hear what
// replay brings: OnSteps, OnRestore, OnReset, OnRules and OnAvailability. The order of a
// step is: the state takes it, the callers that wait for it are released, the subscribers
// are notified. So a command's answer never waits for what its step means to others. A
// subscriber is given the state for the time of the call alone, keeps no part of it but
// images (which never change), and never blocks.
//
// # Workers
//
// What one process does for all is a Worker: offers and time-outs (dispatcher.go), the
// estimates of waits (estimates.go), and the records that a conversation has of its
// ticket's end (seal.go). What is kept for long enough is forgotten by the dispatcher, last of
// what it proposes: when that is due follows from the same state as its time-outs, so a
// worker of its own would be a second loop with the same timer. An Election holds the lease of each site. Beside it each process
// holds a lease of its own (node.go), and looks for others whose lease has run out.
//
// # Connections
//
// Each transport names the people who are connected by it (AddConnections), calls
// Connect when a person has come and Disconnected when their last connection has gone. Until
// the log agrees with that, in spite of forks, lost records and a log that is away, the
// process goes on to bind and to lose them (connections.go).
package app
