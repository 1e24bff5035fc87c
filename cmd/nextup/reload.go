package main

import (
	"context"
	"crypto/sha256"
	"errors"
	"log/slog"
	"os"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"nextup/internal/sitefile"
)

// reloadPoll is how often the site file is looked at.
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

// Reload puts a site file in force while the App runs: rules, limits, agents and
// keys, for those who are connected as well. Sites themselves come and go only
// with a restart. On an error everything stays as it was. Sockets whose key has gone
// are closed.
func (a *App) Reload(file *sitefile.File) error {
	keys, sites, err := parts(file)
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

// reloader keeps an App on its site file.
type reloader struct {
	path  string
	log   *slog.Logger
	audit *auditFile // nil for none
	// taken is the text that was last taken or refused, read what the last look
	// found.
	taken, read [sha256.Size]byte
}

// newReloader returns a reloader for an App that runs what stands in the file now.
func newReloader(path string, log *slog.Logger) *reloader {
	r := &reloader{path: path, log: log}
	r.taken = r.digest()
	r.read = r.taken
	return r
}

// run reads the file when it is told to, and when its text has changed, until ctx
// or the App ends.
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
			if r.audit != nil {
				if err := r.audit.reopen(); err != nil {
					r.log.Error("the audit file cannot be opened anew; the old one goes on", "err", err)
				}
			}
			r.load(app)
		case <-tick.C:
			r.look(app)
		}
	}
}

// look loads a file whose text has changed. It must be the same in two looks on
// end: half a file that is being written may be valid and mean something else.
func (r *reloader) look(app *App) {
	now := r.digest()
	if now == r.read && now != r.taken {
		r.load(app)
	}
	r.read = now
}

// load reads the file and puts it in force, or says why not.
func (r *reloader) load(app *App) {
	if r.path == "" {
		r.log.Info("told to read the site file again; there is none, the built-in demo stays")
		return
	}
	r.taken = r.digest()
	r.read = r.taken
	file, err := sitefile.Load(r.path)
	if err == nil {
		err = app.Reload(file)
	}
	if err == nil {
		app.reloads.WithLabelValues("applied").Inc()
		r.log.Info("the site file is in force", "file", r.path)
		return
	}
	app.reloads.WithLabelValues("refused").Inc()
	var invalid *sitefile.Invalid
	if !errors.As(err, &invalid) {
		r.log.Error("the site file was refused; what was in force stays in force", "file", r.path, "err", err)
		return
	}
	for _, p := range invalid.Problems {
		r.log.Error("the site file has a problem", "file", r.path, "problem", p.String())
	}
	r.log.Error("the site file was refused; what was in force stays in force", "file", r.path, "problems", len(invalid.Problems)+invalid.More)
}

// digest tells the texts of the file apart; one that cannot be read has its own.
func (r *reloader) digest() [sha256.Size]byte {
	if r.path == "" {
		return [sha256.Size]byte{}
	}
	text, err := os.ReadFile(r.path)
	if err != nil {
		return sha256.Sum256([]byte("unreadable: " + err.Error()))
	}
	return sha256.Sum256(text)
}
