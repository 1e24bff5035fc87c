package main

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"nextup/gateway/auth"
	"nextup/gateway/protocol"
	"nextup/internal/sitefile"
)

// tokenCmd signs by default, because users know nextup token --sub ana.
type tokenCmd struct {
	Sign   signCmd   `cmd:"" default:"withargs" help:"Sign a token for development (the default)."`
	Verify verifyCmd `cmd:"" help:"Explain a token: say of each claim and check whether a gateway would take it."`
}

// Help is shown by --help below the summary.
func (tokenCmd) Help() string {
	return `Without a command it signs: nextup token sign --help shows the flags.

Example:

    nextup token --sub ana --name Ana --languages es,en
    nextup token verify --site-file site.yaml token.txt`
}

type signCmd struct {
	SiteFile  string        `help:"Site file with the key; by default the demo's." placeholder:"FILE"`
	Site      string        `help:"Site of the token; may be left out if the file has only one." placeholder:"ID"`
	Role      string        `help:"Role: visitor, agent or supervisor." enum:"visitor,agent,supervisor" default:"visitor"`
	Sub       string        `help:"Who it is: unique per site and role." required:"" placeholder:"ID"`
	Name      string        `help:"Name shown to others."`
	Languages []string      `help:"BCP 47 tags in order of preference, with commas between." placeholder:"TAG"`
	Tier      string        `help:"Tier of a visitor, shown to agents; the site may give it a head start."`
	Urgency   string        `help:"Urgency of a visitor, one of the site's."`
	TTL       time.Duration `help:"How long it is valid." default:"1h" name:"ttl"`
	Key       string        `help:"Id of the key; by default the first with a secret that may sign for the role." placeholder:"ID"`
}

// Help is shown by --help below the summary.
func (signCmd) Help() string {
	return `The token is printed alone, for use in scripts. Only keys with a secret (HS256) can
sign here: the private half of other keys stays where real tokens are made.

Example:

    nextup token --sub ana --name Ana --languages es,en
    nextup token --site-file site.yaml --role agent --sub mei --languages zh --ttl 8h`
}

// Run implements the command.
func (c *signCmd) Run(out io.Writer) error {
	if c.TTL <= 0 {
		return fmt.Errorf("--ttl %s: want more than nothing, such as 1h", c.TTL)
	}
	file, err := loadSites(c.SiteFile)
	if err != nil {
		return err
	}
	site, err := chooseSite(file, c.Site)
	if err != nil {
		return err
	}
	if c.TTL > site.MaxTokenLife {
		return fmt.Errorf("--ttl %s: the tokens of site %s live for at most %s (max_token_life)", c.TTL, site.ID(), site.MaxTokenLife)
	}
	keys, err := Keys(site)
	if err != nil {
		return err
	}
	role := protocol.Role(c.Role)
	i := slices.IndexFunc(keys, func(k auth.Key) bool {
		if c.Key != "" {
			return k.ID == c.Key
		}
		return k.Secret != nil && slices.Contains(k.Roles, role)
	})
	switch {
	case i < 0 && c.Key != "":
		return fmt.Errorf("--key %s: site %s has no such key", c.Key, site.ID())
	case i < 0:
		return fmt.Errorf("site %s has no key with a secret that may sign for the role %s", site.ID(), role)
	}
	token, err := auth.Sign(keys[i], auth.Identity{
		Site: site.ID(), Subject: c.Sub, Role: role, Name: c.Name,
		Languages: c.Languages, Tier: c.Tier, Urgency: c.Urgency, ExpiresAt: time.Now().Add(c.TTL),
	})
	if err != nil {
		return err
	}
	_, err = fmt.Fprintln(out, token)
	return err
}

// chooseSite returns the site of that name, or the only one if the name is empty.
func chooseSite(file *sitefile.File, name string) (sitefile.Site, error) {
	ids := make([]string, len(file.Sites))
	for i, s := range file.Sites {
		if s.ID() == name || name == "" && len(file.Sites) == 1 {
			return s, nil
		}
		ids[i] = s.ID()
	}
	if name == "" {
		return sitefile.Site{}, errors.New("--site is needed: the file has the sites " + strings.Join(ids, ", "))
	}
	return sitefile.Site{}, fmt.Errorf("--site %s: the file has only %s", name, strings.Join(ids, ", "))
}
