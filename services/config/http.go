package config

import (
	"net"
	"net/url"
	"strconv"
	"strings"

	"github.com/backupman/backupman/models"
)

func (l *loader) http(t *table) (HTTP, timing) {
	h := HTTP{Listen: DefaultListen}
	if listen := t.text("listen"); listen.set {
		if fault := checkListen(listen.text); fault != "" {
			l.problem(listen.line, "%s %s", t.path("listen"), fault)
		}
		h.Listen = listen.text
	}
	if app := t.text("app_url"); app.set {
		t.webAddress("app_url", app)
		h.AppURL = strings.TrimRight(app.text, "/")
	}
	h.APIKeys, h.SigningKey = t.apiKeys(), t.signingKey()
	h.TrustedProxies = t.proxies()
	h.TLSCert, h.TLSKey = t.certificate()
	plan := l.backupJob(t.sub("backup_job"))
	t.end()
	return h, plan
}

// checkListen returns what is wrong with an address to listen on, empty when
// nothing is.
func checkListen(listen string) string {
	const want = "must be HOST:PORT, such as 127.0.0.1:8080, not "
	host, port, err := net.SplitHostPort(listen)
	if err != nil || strings.ContainsAny(host, " /") {
		return want + quote(listen)
	}
	if n, err := strconv.Atoi(port); err != nil || n < 0 || n > 65535 {
		return want + quote(listen) + ": the port goes from 1 to 65535, and 0 takes a free one"
	}
	return ""
}

// webAddress does not show the value: addresses may carry tokens.
func (t *table) webAddress(key string, s scalar) {
	u, err := url.Parse(s.text)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" {
		t.l.problem(s.line, "%s must be an address that begins with http:// or https://", t.path(key))
	}
}

// apiKeys reads the list, or the file that api_keys_file names, one key a line.
func (t *table) apiKeys() []models.Secret {
	var keys []models.Secret
	for _, s := range t.texts("api_keys") {
		if s.set {
			keys = append(keys, models.NewSecret(s.text))
		}
	}
	file := t.text("api_keys_file")
	if !file.set {
		return keys
	}
	for line := range strings.Lines(t.l.secretFile(t.path("api_keys_file"), file).text) {
		if key := strings.TrimSpace(line); key != "" {
			keys = append(keys, models.NewSecret(key))
		}
	}
	return keys
}
