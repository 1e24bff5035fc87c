//go:build drill

package drill

import (
	"net"
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strings"
)

const runbookPage = "../../docs/runbook.md"

// runbook runs the commands of an alert's entry.
func (h *house) runbook(name string) { h.commands(runbookPage, name) }

// commands runs those of a page's entry as they are written there.
func (h *house) commands(page, name string) {
	commands := h.blocks(page, name)
	if len(commands) == 0 {
		h.t.Fatalf("%s has no commands for %s", page, name)
	}
	out, err := h.shell(h.gateways[0].Admin(), strings.Join(commands, "\n"))
	if err != nil {
		h.t.Fatalf("the commands for %s: %v\n%s", name, err, out)
	}
	h.t.Logf("the commands for %s say:\n%s", name, out)
}

// healthy reports whether all gateways are ready by what the runbook asks them.
func (h *house) healthy() bool {
	return !slices.ContainsFunc(h.targets["prod"], func(admin string) bool {
		out, err := h.shell(admin, "ready")
		return err != nil || strings.TrimSpace(out) != "ready"
	})
}

// shell runs commands after the runbook's form for processes of one's own, on the machine
// of the gateway with the admin port.
func (h *house) shell(admin, commands string) (string, error) {
	forms := h.blocks(runbookPage, "Commands")
	form := slices.IndexFunc(forms, func(b string) bool { return strings.Contains(b, "systemctl") })
	if form < 0 {
		h.t.Fatal("the runbook has no form for processes of one's own")
	}
	host, port, _ := net.SplitHostPort(h.redis.Addr())
	shell := exec.CommandContext(h.t.Context(), "bash", "-euo", "pipefail")
	shell.Env = append(os.Environ(), "REDIS_HOST="+host, "REDIS_PORT="+port, "NEXTUP_ADMIN="+admin, "COPY="+h.copied, "COPY_PORT="+h.copyPort)
	shell.Stdin = strings.NewReader(forms[form] + commands)
	out, err := shell.CombinedOutput()
	return string(out), err
}

// blocks returns the commands of a page's entry.
func (h *house) blocks(page, name string) (all []string) {
	text, err := os.ReadFile(page)
	if err != nil {
		h.t.Fatal(err)
	}
	_, entry, _ := strings.Cut(string(text), "\n## "+name+"\n")
	entry, _, _ = strings.Cut(entry, "\n## ")
	for _, m := range regexp.MustCompile("(?s)```sh\n(.*?)```").FindAllStringSubmatch(entry, -1) {
		all = append(all, m[1])
	}
	return all
}
