package main

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"os"
	"os/user"
	"strings"
	"syscall"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"nextup/gateway/admin"
	"nextup/internal/outbound"
)

// adminFlags are those of the commands that ask a gateway at its admin port.
type adminFlags struct {
	Admin string `help:"Admin port of a gateway on this machine, as nextup serve --admin has it." default:"127.0.0.1:8081" placeholder:"HOST:PORT"`
	JSON  bool   `help:"Print JSON." name:"json"`

	AdminTokenFile string `help:"File with the token that the admin port asks for, if it asks for one." placeholder:"FILE"`
}

// auditFlags say for the audit log who does something, and why.
type auditFlags struct {
	By     string `help:"Who asks, for the audit log; by default the user of this machine." placeholder:"NAME"`
	Reason string `help:"Why, for the audit log." env:"-" placeholder:"TEXT"`
}

// operator returns the name that the audit log gives to the caller.
func (a *auditFlags) operator() string {
	if a.By != "" {
		return a.By
	}
	name := cmp.Or(os.Getenv("SUDO_USER"), os.Getenv("USER"))
	if u, err := user.Current(); name == "" && err == nil {
		name = u.Username
	}
	return name
}

const (
	adminTimeout = 15 * time.Second
	// maxAdminAnswer is for a list of as many tickets as may be asked for.
	maxAdminAnswer = 16 << 20
)

// errNoAdminPort is wrapped with what hinders the connection.
var errNoAdminPort = errors.New("no gateway with an admin port answers there: start it with --admin, and give the address by --admin or NEXTUP_ADMIN")

// errOtherPort is of what answers and is no admin port.
var errOtherPort = errors.New("this is no admin port, perhaps the one for people: give the address that nextup serve has as --admin")

// ask sends a request to the admin port and returns the body of its answer; body is nil for
// reading.
func (f *adminFlags) ask(method, path string, query url.Values, body any) (jsontext.Value, error) {
	ctx, cancel := context.WithTimeout(context.Background(), adminTimeout)
	defer cancel()
	address, err := loopbackOf(f.Admin)
	if err != nil {
		return nil, err
	}
	var data []byte
	if body != nil {
		if data, err = json.Marshal(body); err != nil {
			return nil, err
		}
	}
	target := url.URL{Scheme: "http", Host: address, Path: path, RawQuery: query.Encode()}
	request, err := http.NewRequestWithContext(ctx, method, target.String(), bytes.NewReader(data))
	if err != nil {
		return nil, err
	}
	request.Header.Set(admin.Header, "1")
	if f.AdminTokenFile != "" {
		token, err := adminToken(f.AdminTokenFile)
		if err != nil {
			return nil, err
		}
		request.Header.Set("Authorization", "Bearer "+token)
	}
	here := outbound.Policy{
		Allow:   []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8"), netip.MustParsePrefix("::1/128")},
		Timeout: adminTimeout, MaxBytes: maxAdminAnswer,
	}
	client := outbound.New(here)
	defer client.Close()
	response, err := client.Do(request)
	if errors.Is(err, syscall.ECONNREFUSED) {
		return nil, fmt.Errorf("%s: %w", address, errNoAdminPort)
	} else if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	answer, err := io.ReadAll(response.Body)
	if err != nil {
		return nil, err
	}
	if response.StatusCode/100 == 2 {
		return answer, nil
	}
	if response.Header.Get(admin.Header) == "" {
		return nil, fmt.Errorf("%s: %w (it answers %s)", address, errOtherPort, response.Status)
	}
	var refusal admin.Refusal
	if err := json.Unmarshal(answer, &refusal); err != nil || refusal.Error == "" {
		return nil, errors.New(cmp.Or(strings.TrimSpace(string(answer)), response.Status))
	}
	if len(refusal.Known) > 0 {
		return nil, fmt.Errorf("%s; there are %s", refusal.Error, strings.Join(refusal.Known, ", "))
	}
	return nil, errors.New(refusal.Error)
}

// minAdminToken is how long a token is at least: so many letters cannot be guessed.
const minAdminToken = 16

// adminToken reads the token of an admin port, without the space around it.
func adminToken(path string) (string, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return "", fmt.Errorf("--admin-token-file: %w", err)
	}
	token := strings.TrimSpace(string(data))
	if len(token) < minAdminToken || strings.ContainsFunc(token, func(r rune) bool { return r <= ' ' || r > '~' }) {
		return "", fmt.Errorf("--admin-token-file %s: want a line of %d letters and digits or more, such as from openssl rand -hex 32", path, minAdminToken)
	}
	return token, nil
}

// loopbackOf returns the address of the admin port for a program on this machine, also
// where the gateway listens on all addresses.
func loopbackOf(address string) (string, error) {
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		return "", fmt.Errorf("--admin %s: want HOST:PORT, such as 127.0.0.1:8081", address)
	}
	if ip := net.ParseIP(host); host == "" || ip != nil && ip.IsUnspecified() {
		host = defaultHost
	}
	if !onlyHere(net.JoinHostPort(host, port)) {
		return "", fmt.Errorf("--admin %s: an admin port answers commands on its own machine alone: use a shell there, docker exec or kubectl port-forward", address)
	}
	return net.JoinHostPort(host, port), nil
}

// show asks and prints the answer, as JSON or by table.
func show[T any](f *adminFlags, out io.Writer, path string, query url.Values, table func(io.Writer, T)) error {
	answer, err := f.ask(http.MethodGet, path, query, nil)
	if err != nil {
		return err
	}
	if f.JSON {
		return printJSON(out, answer)
	}
	var result T
	if err := json.Unmarshal(answer, &result); err != nil {
		return err
	}
	table(out, result)
	return nil
}

func printJSON(out io.Writer, answer jsontext.Value) error {
	if err := answer.Indent(jsontext.WithIndent("  ")); err != nil {
		return err
	}
	_, err := fmt.Fprintln(out, answer)
	return err
}
