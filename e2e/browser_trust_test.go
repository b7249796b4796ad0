package e2e

import (
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/network"

	"github.com/backupman/backupman/e2e/program"
	"github.com/backupman/backupman/e2e/servers"
)

// payloads are texts that would run as a script where one is put into a page as it is: in
// text, in an attribute, in an address, in a script and in a style.
var payloads = []string{
	`"><script>window.hit='text'</script>`,
	`'"><img src=x onerror=window.hit='image'>`,
	`javascript:window.hit='address'`,
	`</script><svg onload=window.hit='svg'>`,
	`{{constructor.constructor('window.hit=1')()}}`,
}

// TestBrowserRunsNothingThatDataHolds fills every field that a person, a database or a
// tool can fill with scripts, and opens every page.
func TestBrowserRunsNothingThatDataHolds(t *testing.T) {
	server, owner := serveHostile(t)
	answers := setUpHostile(t, owner)
	b := newBrowser(t)
	hand(b, owner)
	seen := owner.Crawl(t, hostileStarts(server.URL, owner)...)
	pages := 0
	for _, path := range slices.Sorted(maps.Keys(seen)) {
		answer := seen[path]
		if !strings.HasPrefix(answer.Header.Get("Content-Type"), "text/html") {
			continue
		}
		pages++
		b.open(server.URL + path)
		if hit := evaluate[string](b, `String(window.hit)`); hit != "undefined" {
			t.Errorf("%s: a script that came with data ran: %s", path, hit)
		}
		if link := evaluate[string](b, `[...document.querySelectorAll('a[href],form[action]')].map(e => e.getAttribute('href') || e.getAttribute('action')).filter(a => /^\s*(javascript|data|vbscript):/i.test(a)).join(' ')`); link != "" {
			t.Errorf("%s: an address would run a script: %s", path, link)
		}
		if inline := evaluate[string](b, `[...document.querySelectorAll('*')].filter(e => [...e.attributes].some(a => /^on/i.test(a.name))).map(e => e.outerHTML).join(' ')`); inline != "" {
			t.Errorf("%s: an element has code: %s", path, inline)
		}
		b.expectStatus(answer.Status)
		b.noFaults()
	}
	for what, answer := range answers {
		for _, p := range payloads[:2] {
			if strings.Contains(string(answer.Body), p) {
				t.Errorf("%s: the answer shows %s as it is", what, p)
			}
		}
	}
	if pages < 60 {
		t.Errorf("only %d pages were opened: %v", pages, slices.Sorted(maps.Keys(seen)))
	}
	all := ""
	for _, answer := range seen {
		if strings.HasPrefix(answer.Header.Get("Content-Type"), "text/html") {
			all += string(answer.Body)
		}
	}
	for _, p := range payloads[:2] {
		if strings.Contains(all, p) {
			t.Errorf("%s stands on a page as it is", p)
		}
	}
	if !strings.Contains(all, "window.hit") {
		t.Error("no page shows a payload at all, so this proves nothing")
	}
}

// serveHostile serves an installation whose labels, databases, tables, accounts, keys and
// messages are scripts, with a backup that finished, one that failed, and a drill.
func serveHostile(t *testing.T) (*program.Server, *program.Person) {
	t.Helper()
	maria := servers.MariaDB(t)
	database := maria.Database(t)
	for n, p := range payloads {
		name := strings.ReplaceAll(p, "`", "")
		maria.Exec(t, database, fmt.Sprintf("CREATE TABLE `%s` (id INT PRIMARY KEY COMMENT '%s', note TEXT)", name, "x"),
			fmt.Sprintf("INSERT INTO `%s` VALUES (%d, 'x')", name, n), fmt.Sprintf("CREATE VIEW `view %s` AS SELECT * FROM `%s`", short(name), name))
	}
	dir := t.TempDir()
	tool := wrapper(t, maria, "cat >&2 <<'END'\n"+strings.Join(payloads, "\n")+"\nEND\nexit 2")
	yamlText := func(s string) string { return "'" + strings.ReplaceAll(s, "'", "''") + "'" }
	var text strings.Builder
	text.WriteString("accounts: {enabled: true}\ndata_sources:\n")
	source := "  - {provider: mysql, label: %s, host: %q, port: %d, db_name: %q, user: %q, password: %s%s}\n"
	fmt.Fprintf(&text, source, yamlText("source "+payloads[0]), maria.Host, maria.Port, database, maria.User, yamlText(maria.Password), "")
	fmt.Fprintf(&text, source, yamlText("failing "+payloads[1]), maria.Host, maria.Port, database, maria.User, yamlText(maria.Password), ", dump_tool: "+yamlText(tool))
	fmt.Fprintf(&text, source, yamlText("away "+payloads[2]), "127.0.0.1", 1, database, "x"+payloads[1], "x", "")
	fmt.Fprintf(&text, "drives:\n  - {provider: local, label: %s, folder: %s}\n  - {provider: s3, label: %s, bucket: bucket, region: us-east-1, endpoint: 'http://127.0.0.1:1', access_key: %s, secret_key: x, prefix: %s}\njobs:\n",
		yamlText("drive "+payloads[0]), yamlText(filepath.Join(dir, "drive"+strings.ReplaceAll(payloads[1], "/", ""))), yamlText("s3 "+payloads[1]), yamlText(payloads[2]), yamlText("prefix"+payloads[4]))
	for n, from := range []string{"source " + payloads[0], "failing " + payloads[1], "away " + payloads[2]} {
		fmt.Fprintf(&text, "  - {label: %s, data_source: %s, drives: [%s], cron: '0 3 * * *', timezone: %s}\n", yamlText("job "+payloads[n]), yamlText(from), yamlText("drive "+payloads[0]), zone)
	}
	fmt.Fprintf(&text, "  - {label: %s, data_source: %s, drives: [%s]}\n", yamlText("job "+payloads[3]), yamlText("source "+payloads[0]), yamlText("s3 "+payloads[1]))
	config, data := program.WriteConfig(t, dir, text.String()), filepath.Join(dir, "data")
	for n := range 3 {
		r := program.Run(t, "-c", config, "--data", data, "run", "job "+payloads[n], "--wait")
		if n > 0 {
			continue
		}
		if d := program.Run(t, "-c", config, "--data", data, "drill", "latest"); r.Code != 0 || d.Code != 0 {
			t.Fatalf("%s%s%s%s", r.Out, r.Err, d.Out, d.Err)
		}
	}
	server := program.Serve(t, "-c", config, "--data", data, "serve", "--listen", "127.0.0.1:0")
	owner := program.Claim(t, server, data)
	for _, p := range payloads {
		owner.Post(t, "/settings/users", url.Values{"name": {p}, "role": {"viewer"}})
		owner.Post(t, "/settings/keys", url.Values{"name": {p}, "scopes": {"read"}, "scope": {"read"}})
		owner.Post(t, "/settings/secrets", url.Values{"name": {p}, "value": {p}})
		owner.Do(t, http.MethodPost, "/sign-in", http.Header{"Content-Type": {"application/x-www-form-urlencoded"}, "User-Agent": {p}, "X-Forwarded-For": {p}},
			[]byte(url.Values{"name": {p}, "password": {p}}.Encode()))
	}
	return server, owner
}

// setUpHostile sets things up on pages, all that can be typed being scripts, and returns what
// forms with mistakes, previews and tests answered.
func setUpHostile(t *testing.T, owner *program.Person) map[string]program.Answer {
	t.Helper()
	answers := map[string]program.Answer{}
	send := func(what, path string, status int, form url.Values) {
		t.Helper()
		answer := owner.Post(t, path, form)
		answers[what] = answer
		if answer.Status != status {
			t.Errorf("%s answered %d: %s", what, answer.Status, answer.Body)
		}
	}
	for n, p := range payloads {
		name := fmt.Sprintf("typed %d %s", n, p)
		source := url.Values{"provider": {"mysql"}, "label": {name}, "host": {p}, "port": {p}, "db_name": {p}, "user": {p}, "password": {p}, "tls_ca": {p}, "without": {p}, "do": {"anyway"}}
		send("a source with mistakes "+p, "/sources/new", http.StatusUnprocessableEntity, source)
		source = url.Values{"provider": {"sqlite"}, "label": {name}, "db_path": {"/no/" + p}, "do": {"try"}}
		send("a source, tried "+p, "/sources/new", http.StatusOK, source)
		source.Set("do", "anyway")
		send("a source "+p, "/sources/new", http.StatusSeeOther, source)
		send("a drive with mistakes "+p, "/drives/new", http.StatusUnprocessableEntity, url.Values{"provider": {"s3"}, "label": {name}, "bucket": {p}, "endpoint": {p}, "part_size_mib": {p}, "do": {"save"}})
		send("a drive "+p, "/drives/new", http.StatusSeeOther, url.Values{"provider": {"webdav"}, "label": {name}, "url": {"http://127.0.0.1:1/" + p}, "user": {p}, "password": {p}, "do": {"anyway"}})
		job := url.Values{"label": {"job of " + name}, "data_source": {name}, "drives": {name}, "when": {"cron"}, "cron": {p}, "at": {p}, "timezone": {p}, "window": {p}, "spread": {p},
			"timeout": {p}, "compression": {p}, "keep": {"own"}, "retention.daily": {p}, "encrypt": {"keys"}, "encryption.recipients": {p}, "for": {"new"}}
		send("a job with mistakes "+p, "/jobs/new", http.StatusUnprocessableEntity, job)
		send("the preview of a job "+p, "/jobs/preview", http.StatusOK, job)
		send("a job "+p, "/jobs/new", http.StatusSeeOther, url.Values{"label": {"job of " + name}, "data_source": {name}, "drives": {name}, "when": {"daily"}, "at": {"03:00"}, "timezone": {zone},
			"keep": {"year"}, "encrypt": {"none"}, "for": {"new"}})
		hook := url.Values{"provider": {"webhook"}, "label": {name}, "url": {p}, "token": {p}, "format": {p}, "events": {p}, "jobs": {p}, "do": {"save"}}
		send("a notifier with mistakes "+p, "/notifiers/new", http.StatusUnprocessableEntity, hook)
		send("a notifier "+p, "/notifiers/new", http.StatusSeeOther, url.Values{"provider": {"webhook"}, "label": {strings.ReplaceAll(name, "/", "|")}, "url": {"http://127.0.0.1:1/" + url.PathEscape(p)}, "format": {"json"},
			"events": {"backup.failed", "drive.failing"}, "jobs": {"job of " + name}, "do": {"try"}})
		answers["bulk "+p] = owner.Post(t, "/backups/bulk", url.Values{"id": {p}, "do": {p}, "back": {p}})
		answers["a field "+p] = owner.Do(t, http.MethodPost, "/sources/field", http.Header{"Content-Type": {"application/x-www-form-urlencoded"}, "Origin": {owner.URL}, "HX-Request": {"true"}, "HX-Trigger-Name": {p}},
			[]byte(source.Encode()))
	}
	return answers
}

// short keeps names within what a database takes.
func short(name string) string { return name[:min(len(name), 40)] }

// hostileStarts are the pages that the rest is linked from, and addresses that carry
// scripts themselves.
func hostileStarts(_ string, _ *program.Person) []string {
	starts := []string{"/", "/backups", "/restores", "/drives", "/account", "/settings/users", "/settings/keys", "/settings/secrets", "/settings/audit", "/account/second-factor",
		"/sources", "/jobs", "/notifiers", "/calendar", "/setup", "/search", "/sources/new", "/drives/new", "/jobs/new", "/notifiers/new"}
	for _, p := range payloads {
		q := url.QueryEscape(p)
		starts = append(starts, "/"+url.PathEscape(p), "/backups/"+url.PathEscape(p), "/jobs/"+url.PathEscape(p), "/backups?status="+q+"&job="+q, "/sign-in?next="+q,
			"/claim?token="+q, "/settings/audit?actor="+q+"&action="+q+"&since="+q, "/restores/new?upload="+q, "/search?q="+q, "/search?q="+url.QueryEscape(short(p)), "/jobs?q="+q, "/calendar?day="+q, "/backups?from="+q+"&to="+q+"&proof="+q, "/backups?drive="+q+"&source="+q, "/backups/delete?id="+q+"&back="+q,
			"/sources/new?provider="+q, "/drives/new?provider="+q+"&from="+q, "/jobs/new?source="+q+"&drive="+q, "/jobs/new?from="+q, "/notifiers/new?from="+q, "/notifiers?tested="+q+"&done="+q,
			"/notifiers/"+url.PathEscape(p)+"/edit", "/setup/source?provider="+q, "/setup/drives?source="+q+"&drive="+q, "/setup/job?source="+q+"&drive="+q, "/?page="+q,
			"/sign-in/provider/back?error="+q+"&error_description="+q+"&state="+q)
	}
	return starts
}

// hand gives the browser the session of somebody who signed in.
func hand(b *browser, p *program.Person) {
	b.t.Helper()
	u, err := url.Parse(p.URL)
	if err != nil {
		b.t.Fatal(err)
	}
	for _, c := range p.HTTP.Jar.Cookies(u) {
		call(b, network.SetCookie, network.SetCookieParams{Name: c.Name, Value: c.Value, URL: p.URL})
	}
}
