package cli

import (
	"bytes"
	"net"
	"strings"
	"testing"

	"github.com/backupman/backupman/services/config"
)

func TestGreet(t *testing.T) {
	loopback, everywhere := net.IPv4(127, 0, 0, 1), net.IPv4zero
	const loud, refused, off = "WITHOUT TLS", "pages\n         are refused", "may do everything"
	for name, c := range map[string]struct {
		ip       net.IP
		accounts bool
		http     config.HTTP
		claim    string
		says     []string
		keeps    []string
	}{
		"this machine":           {loopback, true, config.HTTP{}, "", []string{"Dashboard: http://127.0.0.1:8080"}, []string{"WARNING", off, "Claim"}},
		"unclaimed":              {loopback, true, config.HTTP{}, "http://x/claim?token=t", []string{"Claim this installation: http://x/claim?token=t", "/data/claim"}, []string{"WARNING"}},
		"everywhere":             {everywhere, true, config.HTTP{}, "", []string{loud, "http.trusted_proxies"}, []string{refused}},
		"everywhere, with TLS":   {everywhere, true, config.HTTP{TLSCert: "c", TLSKey: "k"}, "", []string{"Dashboard: https://127.0.0.1:8080"}, []string{"WARNING"}},
		"an http address":        {loopback, true, config.HTTP{AppURL: "http://backups.example"}, "", []string{loud}, nil},
		"an https address":       {loopback, true, config.HTTP{AppURL: "https://backups.example"}, "", nil, []string{"WARNING"}},
		"no accounts":            {loopback, false, config.HTTP{}, "", []string{off}, []string{"WARNING"}},
		"no accounts, reachable": {everywhere, false, config.HTTP{}, "", []string{refused, "http.api_keys"}, []string{off, loud}},
		"no accounts, a proxy":   {loopback, false, config.HTTP{AppURL: "https://backups.example"}, "", []string{refused, "http.app_url"}, []string{off}},
	} {
		t.Run(name, func(t *testing.T) {
			a, out, addr := &app{}, &bytes.Buffer{}, &net.TCPAddr{IP: c.ip, Port: 8080}
			a.config = config.Config{Data: "/data", HTTP: c.http, Accounts: config.Accounts{Enabled: c.accounts}}
			a.greet(out, addr, a.webOptions(addr, nil, nil).Unprotected(), c.claim)
			for _, want := range c.says {
				if !strings.Contains(out.String(), want) {
					t.Errorf("it does not say %q in\n%s", want, out)
				}
			}
			for _, not := range c.keeps {
				if strings.Contains(out.String(), not) {
					t.Errorf("it says %q in\n%s", not, out)
				}
			}
		})
	}
}
