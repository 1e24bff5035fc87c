package sitefile_test

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"nextup/internal/sitefile"
)

// keyFolder holds one file for each way a key can be right or wrong.
func keyFolder(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	must := func(err error) {
		if err != nil {
			t.Fatal(err)
		}
	}
	save := func(name, kind string, der []byte) {
		write(t, filepath.Join(dir, name), string(pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der})))
	}
	public := func(name string, key crypto.PublicKey) {
		der, err := x509.MarshalPKIXPublicKey(key)
		must(err)
		save(name, "PUBLIC KEY", der)
	}
	rsaKey, err := rsa.GenerateKey(rand.Reader, 2048)
	must(err)
	p256, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	must(err)
	p384, err := ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	must(err)
	edwards, _, err := ed25519.GenerateKey(rand.Reader)
	must(err)
	public("rsa.pem", rsaKey.Public())
	public("p256.pem", p256.Public())
	public("p384.pem", p384.Public())
	public("ed25519.pem", edwards)
	private, err := x509.MarshalPKCS8PrivateKey(p256)
	must(err)
	save("private.pem", "PRIVATE KEY", private)
	save("certificate.pem", "CERTIFICATE", []byte("not one"))
	save("empty.pem", "PUBLIC KEY", nil)
	write(t, filepath.Join(dir, "secret.txt"), secret+"\r\n")
	write(t, filepath.Join(dir, "short.txt"), "short\n")
	write(t, filepath.Join(dir, "large.txt"), strings.Repeat("x", 64<<10+1))
	must(os.Mkdir(filepath.Join(dir, "folder"), 0o700))
	return dir
}

func withKey(fields string) []byte {
	before, _, _ := strings.Cut(small, "  keys:")
	return []byte(before + "  keys:\n  - {" + fields + "}\n")
}

func TestKeysAreReadFromWhereTheyAre(t *testing.T) {
	dir := keyFolder(t)
	t.Setenv("NEXTUP_TEST_SECRET", secret)
	tests := []struct {
		name, fields string
		check        func(sitefile.Key) bool
	}{
		{"a secret in the file", "algorithm: HS256, secret: " + secret, func(k sitefile.Key) bool { return string(k.Secret) == secret }},
		{"a secret in another file", "algorithm: HS256, secret_file: secret.txt", func(k sitefile.Key) bool { return string(k.Secret) == secret }},
		{"a secret at a whole path", "algorithm: HS256, secret_file: " + dir + "/secret.txt", func(k sitefile.Key) bool { return string(k.Secret) == secret }},
		{"a secret in the environment", "algorithm: HS256, secret_env: NEXTUP_TEST_SECRET", func(k sitefile.Key) bool { return string(k.Secret) == secret }},
		{"an RSA key", "algorithm: RS256, public_key_file: rsa.pem", func(k sitefile.Key) bool { _, ok := k.Public.(*rsa.PublicKey); return ok }},
		{"an ECDSA key", "algorithm: ES256, public_key_file: p256.pem", func(k sitefile.Key) bool { _, ok := k.Public.(*ecdsa.PublicKey); return ok }},
		{"an Ed25519 key", "algorithm: EdDSA, public_key_file: ed25519.pem", func(k sitefile.Key) bool { _, ok := k.Public.(ed25519.PublicKey); return ok }},
		{"a key set", "algorithm: EdDSA, jwks_url: 'https://login.example/keys'", func(k sitefile.Key) bool { return k.JWKSURL == "https://login.example/keys" }},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			file, err := sitefile.Parse(withKey("id: k1, roles: [visitor], "+tt.fields), dir)
			if err != nil {
				t.Fatal(err)
			}
			if k := file.Sites[0].Keys[0]; !tt.check(k) {
				t.Errorf("got %+v", k)
			}
		})
	}
	file, err := sitefile.Parse([]byte(strings.Replace(small, "secret: "+secret, "secret: |\n      "+secret, 1)), dir)
	if err != nil || string(file.Sites[0].Keys[0].Secret) != secret {
		t.Errorf("a secret as a block of text got %v", err)
	}
}

func TestAKeySetMayBeInANetworkThatTheSiteAllows(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		allow, address string
		taken          bool
	}{
		{`["::1/128"]`, "http://[::1]:80/keys", true},
		{`[127.0.0.0/8]`, "http://127.0.0.1/keys", true},
		{`[127.0.0.0/8]`, "http://localhost:8080/keys", true},
		{`[10.0.0.0/8]`, "https://10.1.2.3/keys", true},
		{`[10.0.0.0/8]`, "http://login.internal/keys", true}, // decided when it is called
		{`[10.0.0.0/8]`, "http://127.0.0.1/keys", false},
		{`[10.0.0.0/8]`, "https://[::ffff:10.1.2.3]/keys", true},
		{`[]`, "http://login.internal/keys", false},
	} {
		text := strings.Replace(string(withKey("id: k1, roles: [visitor], algorithm: ES256, jwks_url: '"+tt.address+"'")), "  keys:", "  allow_networks: "+tt.allow+"\n  keys:", 1)
		if _, err := sitefile.Parse([]byte(text), ""); (err == nil) != tt.taken {
			t.Errorf("%s with %s: %v, want it taken: %v", tt.address, tt.allow, err, tt.taken)
		}
	}
	for _, bad := range []string{"10.0.0.1", "10.0.0.1/8", "10.0.0.0/33", "everything", "::ffff:10.0.0.0/104", "~", "7", "fe80::%lo/10"} {
		text := strings.Replace(small, "  keys:", "  allow_networks: ['"+bad+"']\n  keys:", 1)
		if _, err := sitefile.Parse([]byte(text), ""); err == nil || !strings.Contains(err.Error(), "allow_networks[0]") {
			t.Errorf("the network %s: %v", bad, err)
		}
	}
}

func TestProblemsOfKeysShowNoSecret(t *testing.T) {
	dir := keyFolder(t)
	t.Setenv("NEXTUP_TEST_SHORT", "short")
	const (
		ok        = "id: k1, roles: [visitor], "
		hs        = "exactly one of secret, secret_file, secret_env for HS256"
		asym      = "exactly one of public_key_file, jwks_url for "
		algorithm = "one of HS256, RS256, ES256, EdDSA"
		kid       = "the kid of its tokens: 1 to 64 printable ASCII characters without space"
		address   = "an https address; http and addresses that are not public go only to networks that allow_networks of the site names"
		path      = "want a path, from this file's folder"
		p256      = "an ECDSA public key on the curve P-256 in PEM (BEGIN PUBLIC KEY)"
		atLeast   = "want at least 32, such as 32 random bytes in base64"
	)
	hidden := fmt.Sprintf("a text of %d bytes", len(secret))
	tests := []struct{ name, fields, want string }{
		{"no source", ok + "algorithm: HS256", ": got nothing; want " + hs},
		{"two sources", ok + "algorithm: HS256, secret: a, secret_file: b", ": got secret and secret_file; want " + hs},
		{"a public key as an HS256 secret", ok + "algorithm: HS256, public_key_file: rsa.pem", ": got public_key_file; want " + hs},
		{"a secret for RS256", ok + "algorithm: RS256, secret: " + secret, ": got secret; want " + asym + "RS256"},
		{"an unknown field that is a secret", ok + "algorithm: HS256, secret: " + secret + ", s" + secret + ": 1", `: unknown field a text of 35 bytes; known: id, algorithm, roles, secret, secret_file, secret_env, public_key_file, jwks_url`},

		{"no algorithm", ok + "secret: a", ".algorithm: got nothing; want " + algorithm},
		{"none", ok + "algorithm: none, secret: a", `.algorithm: got "none"; want ` + algorithm},
		{"another algorithm", ok + "algorithm: HS512, secret: a", `.algorithm: got "HS512"; want ` + algorithm},
		{"a secret as the algorithm", ok + "algorithm: " + secret, ".algorithm: got " + hidden + "; want " + algorithm},
		{"no roles", "id: k1, algorithm: HS256, secret: " + secret, ".roles: got nothing; want at least one of visitor, agent, supervisor"},
		{"an unknown role", "id: k1, roles: [admin], algorithm: HS256, secret: " + secret, `.roles[0]: got "admin"; want one of the roles: visitor, agent, supervisor`},
		{"a role twice", "id: k1, roles: [agent, agent], algorithm: HS256, secret: " + secret, `.roles[1]: got "agent"; want each of them once`},
		{"an empty role", "id: k1, roles: [~], algorithm: HS256, secret: " + secret, `.roles[0]: got nothing; want a role`},
		{"no id", "roles: [agent], algorithm: HS256, secret: " + secret, ".id: got nothing; want " + kid},
		{"an id with a space", "roles: [agent], id: a b, algorithm: HS256, secret: " + secret, `.id: got "a b"; want ` + kid},
		{"a secret as the id", "roles: [agent], id: " + secret + " x, algorithm: HS256, secret: " + secret, ".id: got a text of 36 bytes; want " + kid},

		{"a short secret", ok + "algorithm: HS256, secret: short", ".secret: got a secret of 5 bytes; " + atLeast},
		{"a number as a secret", ok + "algorithm: HS256, secret: 12345", ".secret: got something else than a text; want a text in quotes of at least 32 bytes"},
		{"a short secret in a file", ok + "algorithm: HS256, secret_file: short.txt", ".secret_file: got a secret of 5 bytes; " + atLeast},
		{"a short secret in the environment", ok + "algorithm: HS256, secret_env: NEXTUP_TEST_SHORT", ".secret_env: got a secret of 5 bytes; " + atLeast},
		{"a secret as a path", ok + "algorithm: HS256, secret_file: " + secret, ".secret_file: the file named here cannot be read: no such file or directory; " + path},
		{"a folder", ok + "algorithm: HS256, secret_file: folder", ".secret_file: the file named here cannot be read: not a regular file; " + path},
		{"an endless device", ok + "algorithm: HS256, secret_file: /dev/zero", ".secret_file: the file named here cannot be read: not a regular file; " + path},
		{"a large file", ok + "algorithm: HS256, secret_file: large.txt", ".secret_file: the file named here cannot be read: larger than 65536 bytes; " + path},
		{"a path that is a list", ok + "algorithm: HS256, secret_file: [a]", ".secret_file: got a list; want a path"},
		{"a secret as a variable", ok + "algorithm: HS256, secret_env: " + secret, ".secret_env: the environment variable named here is not set; want one that holds the secret"},
		{"a variable that is a list", ok + "algorithm: HS256, secret_env: [a]", ".secret_env: got a list; want the name of an environment variable"},

		{"no PEM", ok + "algorithm: ES256, public_key_file: secret.txt", ".public_key_file: the file named here is not PEM; want " + p256},
		{"a private key", ok + "algorithm: ES256, public_key_file: private.pem", ".public_key_file: the file named here holds a private key; want " + p256 + ": a gateway must not have the private one"},
		{"a certificate", ok + "algorithm: ES256, public_key_file: certificate.pem", ".public_key_file: the file named here holds no public key; want " + p256},
		{"an empty key", ok + "algorithm: ES256, public_key_file: empty.pem", ".public_key_file: the file named here holds no public key; want " + p256},
		{"another curve", ok + "algorithm: ES256, public_key_file: p384.pem", ".public_key_file: the file named here holds a key of another kind; want " + p256},
		{"an RSA key for EdDSA", ok + "algorithm: EdDSA, public_key_file: rsa.pem", ".public_key_file: the file named here holds a key of another kind; want an Ed25519 public key in PEM (BEGIN PUBLIC KEY)"},
		{"an Ed25519 key for RS256", ok + "algorithm: RS256, public_key_file: ed25519.pem", ".public_key_file: the file named here holds a key of another kind; want an RSA public key of at least 2048 bits in PEM (BEGIN PUBLIC KEY)"},

		{"a key set over plain http", ok + "algorithm: ES256, jwks_url: 'http://a.example/k'", `.jwks_url: got "http://a.example/k"; want ` + address},
		{"a key set with a password", ok + "algorithm: ES256, jwks_url: 'https://me:" + secret + "@a.example/k'", ".jwks_url: got a text of 57 bytes; want " + address},
		{"a key set on this machine", ok + "algorithm: ES256, jwks_url: 'https://localhost/k'", `.jwks_url: got "https://localhost/k"; want ` + address},
		{"a key set of a cloud's metadata", ok + "algorithm: ES256, jwks_url: 'https://[::ffff:169.254.169.254]/k'", `.jwks_url: got a text of 34 bytes; want ` + address},
		{"a key set in a private network", ok + "algorithm: ES256, jwks_url: 'https://10.0.0.7/k'", `.jwks_url: got "https://10.0.0.7/k"; want ` + address},
		{"a key set in a file", ok + "algorithm: ES256, jwks_url: 'file:///k'", `.jwks_url: got "file:///k"; want ` + address},
		{"a key set that is a number", ok + "algorithm: ES256, jwks_url: 7", ".jwks_url: got 7; want " + address + ", in quotes"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := sitefile.Parse(withKey(tt.fields), dir)
			if err == nil {
				t.Fatal("no problem was found")
			}
			if want := "site file: line 7: sites[0].keys[0]" + tt.want; err.Error() != want {
				t.Errorf("got\n%v\nwant\n%s", err, want)
			}
			if strings.Contains(err.Error(), secret) {
				t.Errorf("the secret stands in %v", err)
			}
		})
	}
}

// TestABrokenFileShowsNoSecret breaks the small site in each of its lines, in
// ways that people do.
func TestABrokenFileShowsNoSecret(t *testing.T) {
	t.Parallel()
	lines := strings.SplitAfter(small, "\n")
	ways := map[string]func(string) string{
		"no space after the colon":  func(s string) string { return strings.Replace(s, ": ", ":", 1) },
		"no colon":                  func(s string) string { return strings.Replace(s, ":", "", 1) },
		"an equals sign":            func(s string) string { return strings.Replace(s, ": ", "=", 1) },
		"another indentation":       func(s string) string { return " " + s },
		"no indentation":            func(s string) string { return strings.TrimLeft(s, " ") },
		"a tab":                     func(s string) string { return "\t" + s },
		"an open quote":             func(s string) string { return strings.Replace(s, ": ", `: "`, 1) },
		"an open brace":             func(s string) string { return strings.Replace(s, ": ", ": {", 1) },
		"a second colon":            func(s string) string { return strings.Replace(s, ": ", ": a: ", 1) },
		"a reserved character":      func(s string) string { return strings.Replace(s, ": ", ": @", 1) },
		"an anchor":                 func(s string) string { return strings.Replace(s, ": ", ": &", 1) },
		"an alias":                  func(s string) string { return strings.Replace(s, ": ", ": *", 1) },
		"a tag":                     func(s string) string { return strings.Replace(s, ": ", ": !", 1) },
		"a directive":               func(s string) string { return strings.Replace(s, ": ", ": %", 1) },
		"the line twice":            func(s string) string { return s + s },
		"a list":                    func(s string) string { return strings.Replace(s, ": ", ": [", 1) },
		"a question":                func(s string) string { return "? " + s },
		"a value on the line below": func(s string) string { return strings.Replace(s, ": ", ":\n      x: ", 1) },
	}
	for way, breakLine := range ways {
		for i := range lines {
			broken := strings.Join(lines[:i], "") + breakLine(lines[i]) + strings.Join(lines[i+1:], "")
			_, err := sitefile.Parse([]byte(broken), "")
			if err != nil && strings.Contains(err.Error(), secret) {
				t.Errorf("%s in line %d shows the secret: %v", way, i+1, err)
			}
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte(small))
	f.Add(sitefile.Demo())
	f.Add([]byte("sites: [{id: a, keys: [{secret: x}]}]"))
	f.Add([]byte("sites:\n- &a {id: *a}\n"))
	dir := f.TempDir()
	f.Fuzz(func(t *testing.T, data []byte) {
		file, err := sitefile.Parse(data, dir)
		if (file == nil) == (err == nil) {
			t.Fatalf("got a file %v and an error %v", file, err)
		}
		if err != nil {
			if err.Error() == "" {
				t.Fatal("an error that says nothing")
			}
			return
		}
		for _, s := range file.Sites {
			if s.ID() == "" || len(s.Languages) == 0 || len(s.Rules.Departments) == 0 || len(s.Keys) == 0 {
				t.Fatalf("a site without what it needs: %+v", s)
			}
			for _, k := range s.Keys {
				if len(k.Roles) == 0 || len(k.Secret) < 32 && k.Public == nil && k.JWKSURL == "" {
					t.Fatalf("a key without what it needs: %+v", k)
				}
			}
		}
	})
}
