package main

import (
	"fmt"
	"os"
	"slices"

	"nextup/gateway/auth"
	"nextup/gateway/protocol"
	"nextup/internal/sitefile"
)

// Keys returns a site's keys in the form that auth.New takes.
func Keys(site sitefile.Site) ([]auth.Key, error) {
	out := make([]auth.Key, 0, len(site.Keys))
	for _, k := range site.Keys {
		key := auth.Key{
			ID:        k.ID,
			Algorithm: string(k.Algorithm),
			Sites:     []string{site.ID()},
			Secret:    k.Secret,
			Public:    k.Public,
			JWKSURL:   k.JWKSURL,

			AllowNetworks: site.AllowNetworks,
			MaxLife:       site.MaxTokenLife,
		}
		for _, r := range k.Roles {
			role := protocol.Role(r)
			if !slices.Contains(protocol.Roles(), role) {
				return nil, fmt.Errorf("key %s of site %s: the protocol has no role %s", k.ID, site.ID(), r)
			}
			key.Roles = append(key.Roles, role)
		}
		out = append(out, key)
	}
	return out, nil
}

// loadSites reads a site file, or the demo's if the path is empty.
func loadSites(path string) (*sitefile.File, error) {
	if path != "" {
		return sitefile.Load(path)
	}
	dir, err := os.Getwd()
	if err != nil {
		return nil, err
	}
	return sitefile.Parse(sitefile.Demo(), dir)
}
