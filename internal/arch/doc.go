// Package arch holds no code: its test proves the arrows of the house, which
// room may import what, from the rules in .golangci.yaml.
package arch
