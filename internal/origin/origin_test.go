package origin_test

import (
	"errors"
	"strings"
	"testing"

	"nextup/internal/origin"
)

func TestAnOriginIsReadInTheFormThatBrowsersSend(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		text, want string
		err        error
	}{
		{"https://Shop.Example", "https://shop.example", nil},
		{"HTTPS://shop.example", "https://shop.example", nil},
		{"https://shop.example:443", "https://shop.example", nil},
		{"http://shop.example:80", "http://shop.example", nil},
		{"http://shop.example:443", "http://shop.example:443", nil},
		{"http://localhost:8080", "http://localhost:8080", nil},
		{"http://127.0.0.1:8080", "http://127.0.0.1:8080", nil},
		{"http://[2001:DB8:0::1]:8080", "http://[2001:db8::1]:8080", nil},
		{"http://[::1]", "http://[::1]", nil},
		{"http://my_host", "http://my_host", nil},
		{"https://münchen.example", "https://xn--mnchen-3ya.example", nil},
		{"https://MÜNCHEN.example", "https://xn--mnchen-3ya.example", nil},
		{"https://XN--MNCHEN-3YA.example", "https://xn--mnchen-3ya.example", nil},
		{"https://straße.example", "https://xn--strae-oqa.example", nil},
		{"https://店。example", "https://xn--hxt.example", nil},
		{"capacitor://localhost", "capacitor://localhost", nil},
		{"ionic://localhost", "ionic://localhost", nil},
		{"tauri://localhost", "tauri://localhost", nil},
		{"app://.", "app://.", nil},
		{"safari-web-extension://0A1B-2C", "safari-web-extension://0a1b-2c", nil},
		{"https://.", "", origin.ErrInvalid},
		{"chrome-extension://abcdefghijklmnopabcdefghijklmnop", "chrome-extension://abcdefghijklmnopabcdefghijklmnop", nil},
		{"file://", "file://", nil},
		{"null", "null", nil},
		{"*", "*", nil},
		{"https://*.shop.example", "https://*.shop.example", nil},
		{"https://*.Shop.example:443", "https://*.shop.example", nil},
		{"https://*.shop.example:8443", "https://*.shop.example:8443", nil},
		{"https://*.münchen.example", "https://*.xn--mnchen-3ya.example", nil},
		{"http://*.localhost:3000", "http://*.localhost:3000", nil},
		{"https://*.com", "", origin.ErrTooWide},
		{"https://*.co.uk", "", origin.ErrTooWide},
		{"https://*.github.io", "", origin.ErrTooWide},
		{"https://*.example", "", origin.ErrTooWide},
		{"https://*", "", origin.ErrInvalid},
		{"https://*.", "", origin.ErrInvalid},
		{"https://*.127.0.0.1", "", origin.ErrInvalid},
		{"https://*.*.shop.example", "", origin.ErrInvalid},
		{"https://shop*.example", "", origin.ErrInvalid},
		{"https://shop.*", "", origin.ErrInvalid},
		{"*://shop.example", "", origin.ErrInvalid},
		{"https://shop.example/", "", origin.ErrInvalid},
		{"https://shop.example/x", "", origin.ErrInvalid},
		{"https://me@shop.example", "", origin.ErrInvalid},
		{"https://shop.example?x", "", origin.ErrInvalid},
		{"https://shop.example:", "", origin.ErrInvalid},
		{"https://shop.example:0", "", origin.ErrInvalid},
		{"https://shop.example:port", "", origin.ErrInvalid},
		{"https://shop example", "", origin.ErrInvalid},
		{"https://shop..example", "", origin.ErrInvalid},
		{"https://", "", origin.ErrInvalid},
		{"https://[::1", "", origin.ErrInvalid},
		{"https://[127.0.0.1]", "", origin.ErrInvalid},
		{"://shop.example", "", origin.ErrInvalid},
		{"shop.example", "", origin.ErrInvalid},
		{"", "", origin.ErrInvalid},
	} {
		got, err := origin.Parse(tt.text)
		if got != tt.want || !errors.Is(err, tt.err) {
			t.Errorf("%q is %q, %v; want %q, %v", tt.text, got, err, tt.want, tt.err)
		}
	}
}

func TestAPageComesInWhereItsOriginIsListedOrTheHostIsItsOwn(t *testing.T) {
	t.Parallel()
	const asked = "chat.example"
	for _, tt := range []struct {
		name, list, origin, host string
		want                     bool
	}{
		{"no browser", "", "", asked, true},
		{"the page of the list", "https://shop.example", "https://shop.example", asked, true},
		{"another page", "https://shop.example", "https://evil.example", asked, false},
		{"another scheme", "https://shop.example", "http://shop.example", asked, false},
		{"another port", "https://shop.example", "https://shop.example:8443", asked, false},
		{"upper case", "https://shop.example", "HTTPS://SHOP.example", asked, true},
		{"the port that is implied", "https://shop.example", "https://shop.example:443", asked, true},
		{"an internationalised host", "https://münchen.example", "https://xn--mnchen-3ya.example", asked, true},
		{"an app", "capacitor://localhost", "capacitor://localhost", asked, true},
		{"another app", "capacitor://localhost", "ionic://localhost", asked, false},
		{"an opaque page that is let in", "null", "null", asked, true},
		{"an opaque page that is not", "https://shop.example", "null", asked, false},
		{"an opaque page, where all are", "*", "null", asked, true},
		{"anything, where all are", "*", "???", asked, true},
		{"a subdomain", "https://*.shop.example", "https://de.shop.example", asked, true},
		{"a subdomain of a subdomain", "https://*.shop.example", "https://a.b.shop.example", asked, true},
		{"the domain itself", "https://*.shop.example", "https://shop.example", asked, false},
		{"a name that ends alike", "https://*.shop.example", "https://evilshop.example", asked, false},
		{"a name that goes on", "https://*.shop.example", "https://de.shop.example.evil.test", asked, false},
		{"a subdomain of another scheme", "https://*.shop.example", "http://de.shop.example", asked, false},
		{"a subdomain at another port", "https://*.shop.example", "https://de.shop.example:8443", asked, false},
		{"a user before the host", "https://*.shop.example", "https://evil.test@de.shop.example", asked, false},
		{"a path before the host", "https://*.shop.example", "https://evil.test/.shop.example", asked, false},
		{"a wildcard that a page claims", "https://*.shop.example", "https://*.shop.example", asked, false},
		{"nothing before the dot", "https://*.shop.example", "https://.shop.example", asked, false},
		{"its own host", "", "https://chat.example", "chat.example", true},
		{"its own host in upper case", "", "https://chat.example", "Chat.Example", true},
		{"its own host with the port that is implied", "", "https://chat.example", "chat.example:443", true},
		{"its own host, without TLS", "", "http://chat.example", "chat.example:80", true},
		{"its own host at another port", "", "https://chat.example:8443", "chat.example:8443", true},
		{"another port of its own host", "", "https://chat.example:8443", "chat.example", false},
		{"the port of another scheme", "", "http://chat.example", "chat.example:443", false},
		{"its own address", "", "http://[::1]:8080", "[0::1]:8080", true},
		{"its own host, internationalised", "", "https://xn--mnchen-3ya.example", "münchen.example", true},
		{"an app on its own host", "", "capacitor://localhost", "localhost", false},
		{"an opaque page and a host of that name", "", "null", "null", false},
		{"a file and no host", "", "file://", "", false},
		{"nonsense and no host", "", "https://", "", false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			var list []string
			if tt.list != "" {
				entry, err := origin.Parse(tt.list)
				if err != nil {
					t.Fatal(err)
				}
				list = append(list, entry)
			}
			if got := origin.Allowed(list, tt.origin, tt.host); got != tt.want {
				t.Errorf("a page of %q at %q is let in: %v, want %v", tt.origin, tt.host, got, tt.want)
			}
		})
	}
}

func FuzzWhatIsReadStaysAsItIsAndLetsInItselfAlone(f *testing.F) {
	for _, seed := range []string{"https://shop.example:443", "https://*.münchen.example", "null", "capacitor://localhost", "http://[::1]:80", "https://*.a.b:1", "x://a:b@c", "https://İ.example"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		entry, err := origin.Parse(text)
		if err != nil {
			return
		}
		if again, err := origin.Parse(entry); again != entry || err != nil {
			t.Errorf("%q is read as %q, and that as %q, %v", text, entry, again, err)
		}
		if entry == origin.Any {
			return
		}
		page := strings.Replace(entry, "*.", "de.", 1)
		if !origin.Allowed([]string{entry}, page, "other.test") {
			t.Errorf("%q lets %q not in", entry, page)
		}
		for _, other := range []string{page + ".evil.test", "https://evil.test/" + page, "https://evil.test"} {
			if other != entry && origin.Allowed([]string{entry}, other, "other.test") {
				t.Errorf("%q lets in %q", entry, other)
			}
		}
	})
}
