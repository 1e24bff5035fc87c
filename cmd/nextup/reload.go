package main

import (
	"context"
	"errors"
	"log/slog"
	"maps"
	"os"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"nextup/internal/sitefile"
)

// reloadPoll is how often the site file is checked for changes.
const reloadPoll = 2 * time.Second

func countReloads(r *prometheus.Registry) *prometheus.CounterVec {
	c := prometheus.NewCounterVec(prometheus.CounterOpts{
		Namespace: "nextup", Name: "site_file_reloads_total", Help: "Site files read while running, by what became of them.",
	}, []string{"result"})
	for _, result := range []string{"applied", "refused"} {
		c.WithLabelValues(result)
	}
	r.MustRegister(c)
	return c
}

// Reload puts a site file in force while the App runs: rules, limits, agents and keys,
// for connected clients as well. Sites themselves come and go only with a restart. On
// an error everything stays as it was. Sockets whose key has gone are closed.
func (a *App) Reload(file *sitefile.File) error {
	keys, sites, err := a.parts(file)
	if err != nil {
		return err
	}
	return a.keys.Replace(keys, func() error {
		if err := a.gateway.SetSites(sites); err != nil {
			return err
		}
		a.hub.SetRetention(retentionOf(file))
		return nil
	})
}

// reloader keeps an App up to date with its site file and the files that it names.
type reloader struct {
	path        string
	log         *slog.Logger
	audit       *auditFile   // nil for none
	certificate *certificate // nil for none
	// asked are those who wait for what becomes of a reload.
	asked chan chan error
	// taken is what was last put in force or refused, read what the last look found.
	taken, read sitefile.Sources
}

// newReloader returns a reloader for an App that runs what was read from path, "" for
// the built-in demo.
func newReloader(path string, from *sitefile.File, log *slog.Logger) *reloader {
	return &reloader{path: path, log: log, asked: make(chan chan error), taken: from.Sources, read: from.Sources}
}

// run reads the file at a signal, and when its text has changed, until ctx or the App
// ends.
func (r *reloader) run(ctx context.Context, app *App, told <-chan os.Signal) {
	tick := time.NewTicker(reloadPoll)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-app.Served():
			return
		case <-told:
			_ = r.all(app) // it is in the log
		case answer := <-r.asked:
			answer <- r.all(app)
		case <-tick.C:
			if r.certificate != nil && r.certificate.changed() {
				_ = r.loadCertificate() // it is in the log
			}
			r.look(app)
		}
	}
}

// askTimeout bounds how long a gateway that starts is waited for.
const askTimeout = 5 * time.Second

// ask has everything read again, as a SIGHUP has, and returns what became of it.
func (r *reloader) ask(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, askTimeout)
	defer cancel()
	answer := make(chan error, 1)
	select {
	case r.asked <- answer:
		return <-answer
	case <-ctx.Done():
		return errors.New("the gateway starts or leaves: nothing was read again")
	}
}

// all reads everything again, and opens the audit file anew.
func (r *reloader) all(app *App) error {
	if r.audit != nil {
		if err := r.audit.reopen(); err != nil {
			r.log.Error("the audit file cannot be opened anew; the old one goes on", "err", err)
			return errors.Join(err, r.loadCertificate(), r.load(app))
		}
	}
	return errors.Join(r.loadCertificate(), r.load(app))
}

// loadCertificate puts the certificate's files in force, or logs and returns why not.
func (r *reloader) loadCertificate() error {
	if r.certificate == nil {
		return nil
	}
	if err := r.certificate.load(); err != nil {
		r.log.Error("the certificate was refused; the one in force stays in force", "err", err)
		return err
	}
	r.log.Info("the certificate is in force", "until", r.certificate.leaf().NotAfter)
	return nil
}

// look loads the file if its text, or that of a secret or a key that it names, has
// changed. All must be the same in two consecutive looks: half a file that is being
// written may be valid and mean something else.
func (r *reloader) look(app *App) {
	if r.path == "" {
		return
	}
	now := r.taken.Look()
	if maps.Equal(now, r.read) && !maps.Equal(now, r.taken) {
		_ = r.load(app) // it is in the log
		return
	}
	r.read = now
}

// load reads the file and puts it in force, or logs and returns why not.
func (r *reloader) load(app *App) error {
	if r.path == "" {
		r.log.Info("told to read the site file again; there is none, the built-in demo stays")
		return nil
	}
	file, err := sitefile.Load(r.path)
	var invalid *sitefile.Invalid
	switch {
	case err == nil:
		r.taken = file.Sources
	case errors.As(err, &invalid):
		r.taken = invalid.Sources
	default: // the file cannot be read: the files that it named are still watched
		r.taken = r.taken.Look()
	}
	r.read = r.taken
	if err == nil {
		err = app.Reload(file)
	}
	if err == nil {
		app.reloads.WithLabelValues("applied").Inc()
		r.log.Info("the site file is in force", "file", r.path)
		return nil
	}
	app.reloads.WithLabelValues("refused").Inc()
	if invalid == nil {
		r.log.Error("the site file was refused; what was in force stays in force", "file", r.path, "err", err)
		return err
	}
	for _, p := range invalid.Problems {
		r.log.Error("the site file has a problem", "file", r.path, "problem", p.String())
	}
	r.log.Error("the site file was refused; what was in force stays in force", "file", r.path, "problems", len(invalid.Problems)+invalid.More)
	return err
}
