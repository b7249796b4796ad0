package source

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/backupman/backupman/models"
)

// systemCertificates are where distributions keep the authorities they trust;
// both vendors' tools verify a server only against a file they are told.
var systemCertificates = []string{
	"/etc/ssl/certs/ca-certificates.crt",
	"/etc/pki/tls/certs/ca-bundle.crt",
	"/etc/ssl/ca-bundle.pem",
	"/etc/ssl/cert.pem",
}

// optionFile writes how to connect to a file that only this account can read.
// The caller removes it.
func (m *MySQL) optionFile(dir string, mariadb bool) (string, error) {
	if err := m.checkOptions(); err != nil {
		return "", err
	}
	path := filepath.Join(dir, "client.cnf")
	if err := os.WriteFile(path, []byte("[client]\n"+m.options(mariadb)), 0o600); err != nil {
		return "", fmt.Errorf("write the option file: %w", err)
	}
	return path, nil
}

func (m *MySQL) options(mariadb bool) string {
	var b strings.Builder
	set := func(name, value string) { fmt.Fprintf(&b, "%s=%s\n", name, quoteOption(value)) }
	set("user", m.settings["user"])
	set("password", m.settings["password"])
	if m.socket() {
		set("socket", m.host())
		set("protocol", "socket")
		return b.String()
	}
	set("host", m.host())
	set("port", fmt.Sprint(m.port()))
	set("protocol", "tcp")
	return b.String() + m.tlsOptions(mariadb)
}

// tlsOptions says the same thing in either vendor's words. MariaDB's tools
// verify by themselves from 11.4 on; Oracle's have one option for everything.
func (m *MySQL) tlsOptions(mariadb bool) string {
	ca := m.settings["tls_ca"]
	if ca == "" {
		ca = firstFile(systemCertificates)
	}
	verify := ""
	if ca != "" {
		verify = "ssl-ca=" + quoteOption(ca) + "\n"
	}
	if mariadb {
		return map[string]string{
			tlsOff:        "ssl=0\n",
			tlsPreferred:  "ssl=1\nssl-verify-server-cert=0\n",
			tlsSkipVerify: "ssl=1\nssl-verify-server-cert=0\n",
			tlsVerify:     "ssl=1\nssl-verify-server-cert=1\n" + verify,
		}[m.tls]
	}
	return map[string]string{
		tlsOff:        "ssl-mode=DISABLED\nget-server-public-key=1\n",
		tlsPreferred:  "ssl-mode=PREFERRED\n",
		tlsSkipVerify: "ssl-mode=REQUIRED\n",
		tlsVerify:     "ssl-mode=VERIFY_IDENTITY\n" + verify,
	}[m.tls]
}

func firstFile(paths []string) string {
	for _, path := range paths {
		if _, err := os.Stat(path); err == nil {
			return path
		}
	}
	return ""
}

// quoteOption writes a value so that an option file gives it back unchanged:
// quoted, for "#" begins a comment and spaces at the ends are dropped, and with
// the escapes of the manual's page "Using Option Files".
func quoteOption(value string) string {
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\n", `\n`, "\r", `\r`, "\t", `\t`, "\b", `\b`).Replace(value) + `"`
}

// checkOptions refuses what an option file cannot hold.
func (m *MySQL) checkOptions() error {
	for _, name := range []string{"user", "password", "host", "tls_ca"} {
		if len(m.settings[name]) > 1000 {
			return models.Invalidf("data source %q: the %s has more than 1000 bytes, which the dump tool can't read", m.label, name)
		}
	}
	return nil
}
