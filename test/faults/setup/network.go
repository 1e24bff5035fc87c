package setup

import (
	"fmt"
	"os"
	"os/exec"
	"strings"
	"sync/atomic"
	"testing"
)

// Network is a bridge with hosts, each a network namespace of its own. The test
// itself stands on the bridge and reaches them all; a Partition parts the hosts
// from each other alone, so that clients of both sides can be
// watched while it lasts.
type Network struct {
	t      testing.TB
	bridge string
	subnet string // its first three numbers
	hosts  []*Host
}

// Host is one namespace.
type Host struct {
	// IP is the host's address on the bridge.
	IP        string
	namespace string
	port      string // the bridge's end of the cable
}

// networks numbers the networks of a test binary; the process id keeps two of
// them apart.
var networks atomic.Int32

// NewNetwork makes a network of n hosts, gone with the test. It skips the test,
// with the reason, where this may not be done.
func NewNetwork(t testing.TB, n int) *Network {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Skip("needs root: network namespaces cannot be made")
	}
	for _, tool := range []string{"ip", "bridge"} {
		if _, err := exec.LookPath(tool); err != nil {
			t.Skipf("needs %s (apt-get install iproute2): %v", tool, err)
		}
	}
	number := networks.Add(1)
	tag := fmt.Sprintf("%x%x", os.Getpid()&0xffff, number)
	net := &Network{t: t, bridge: "nxb" + tag, subnet: fmt.Sprintf("10.%d.%d", 64+os.Getpid()&63, (os.Getpid()>>6+int(number))&255)}
	if out, err := exec.Command("ip", "link", "add", net.bridge, "type", "bridge").CombinedOutput(); err != nil {
		t.Skipf("needs the right to make a bridge: %s", out)
	}
	t.Cleanup(func() { net.run("ip", "link", "del", net.bridge) })
	net.run("ip", "addr", "add", net.subnet+".1/24", "dev", net.bridge)
	net.run("ip", "link", "set", net.bridge, "up")
	for i := range n {
		h := &Host{IP: fmt.Sprint(net.subnet, ".", i+2), namespace: fmt.Sprint("nxn", tag, i), port: fmt.Sprint("nxp", tag, i)}
		net.run("ip", "netns", "add", h.namespace)
		t.Cleanup(func() { net.run("ip", "netns", "del", h.namespace) })
		net.run("ip", "link", "add", h.port, "type", "veth", "peer", "name", "eth0", "netns", h.namespace)
		net.run("ip", "link", "set", h.port, "master", net.bridge, "up")
		net.run("ip", "-n", h.namespace, "addr", "add", h.IP+"/24", "dev", "eth0")
		net.run("ip", "-n", h.namespace, "link", "set", "eth0", "up")
		net.run("ip", "-n", h.namespace, "link", "set", "lo", "up")
		net.hosts = append(net.hosts, h)
	}
	return net
}

// Hosts lists the hosts.
func (n *Network) Hosts() []*Host { return n.hosts }

// Partition parts all hosts from each other. Connections between them stay open
// and carry nothing.
func (n *Network) Partition() { n.isolate("on") }

// Heal ends the partition.
func (n *Network) Heal() { n.isolate("off") }

// isolate uses the bridge's own rule: isolated ports reach only others that are
// not, which is the bridge itself.
func (n *Network) isolate(on string) {
	for _, h := range n.hosts {
		n.run("bridge", "link", "set", "dev", h.port, "isolated", on)
	}
}

func (n *Network) run(command string, args ...string) {
	n.t.Helper()
	if out, err := exec.Command(command, args...).CombinedOutput(); err != nil {
		n.t.Errorf("%s %s: %v: %s", command, strings.Join(args, " "), err, out)
	}
}

// Command runs a program on the host. The process is the program itself, so its
// id can be killed and frozen.
func (h *Host) Command(program string, args ...string) *exec.Cmd {
	return exec.Command("ip", append([]string{"netns", "exec", h.namespace, program}, args...)...)
}
