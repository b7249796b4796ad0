package trust

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/backupman/backupman/e2e/program"
)

// typed is what was set up on pages, with secrets that were typed there.
type typed struct {
	job, jobID string
	// pages are addresses to look at when all is done.
	pages []string

	mu sync.Mutex
	// messages is what a webhook was told, but for the address and the key that are its secrets.
	messages bytes.Buffer
	events   []string
}

func (p *typed) told() []byte {
	p.mu.Lock()
	defer p.mu.Unlock()
	return bytes.Clone(p.messages.Bytes())
}

// listen is the service behind a webhook: it takes messages at its secret address, with its
// key, and nothing else.
func (p *typed) listen(t *testing.T, path, key string) string {
	t.Helper()
	service := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != path || r.Header.Get("Authorization") != "Bearer "+key {
			w.WriteHeader(http.StatusForbidden)
			return
		}
		body, err := io.ReadAll(r.Body)
		var told struct{ Event string }
		if err == nil {
			err = json.Unmarshal(body, &told)
		}
		if err != nil {
			w.WriteHeader(http.StatusBadRequest)
			return
		}
		header := r.Header.Clone()
		header.Del("Authorization")
		p.mu.Lock()
		defer p.mu.Unlock()
		fmt.Fprintf(&p.messages, "%v\n%s\n", header, body)
		p.events = append(p.events, told.Event)
	}))
	t.Cleanup(service.Close)
	return service.URL + path
}

// settled waits until the webhook was told of a backup that finished and of one that failed.
func (p *typed) settled(t *testing.T, owner *program.Person) {
	t.Helper()
	program.Eventually(t, 3*time.Minute, func(context.Context) error {
		p.mu.Lock()
		defer p.mu.Unlock()
		for _, wanted := range []string{"backup.finished", "backup.failed"} {
			if !slices.Contains(p.events, wanted) {
				return fmt.Errorf("the webhook was told of %v alone: %s", p.events, owner.Get(t, "/api/notifications").Body)
			}
		}
		return nil
	})
}

var typedToken = regexp.MustCompile(`name="typed" value="([^"]+)"`)

// setUp sets a source, drives, a job and notifiers up on pages and over the API: with mistakes
// first, so that forms are shown again, and with secrets that are not taken.
func (h *house) setUp(t *testing.T, owner *program.Person, said map[string]program.Answer) *typed {
	t.Helper()
	p := &typed{job: "typed job"}
	send := func(what, path string, status int, form url.Values) program.Answer {
		t.Helper()
		answer := owner.Post(t, path, form)
		said[what] = answer
		if answer.Status != status {
			t.Fatalf("%s answered %d: %s", what, answer.Status, answer.Body)
		}
		return answer
	}
	api := func(what, method, path string, status int, body any) program.Answer {
		t.Helper()
		text, err := json.Marshal(body)
		must(t, err)
		answer := owner.Do(t, method, path, http.Header{"Content-Type": {"application/json"}}, text)
		said[what] = answer
		if answer.Status != status {
			t.Fatalf("%s answered %d: %s", what, answer.Status, answer.Body)
		}
		return answer
	}
	// again sends a form once more, with what the server remembers of its secrets.
	again := func(shown program.Answer, form url.Values, more map[string]string) url.Values {
		t.Helper()
		token := typedToken.FindSubmatch(shown.Body)
		if token == nil {
			t.Fatalf("the form does not remember what was typed: %s", shown.Body)
		}
		form.Set("typed", string(token[1]))
		for name, value := range more {
			form.Set(name, value)
		}
		return form
	}

	source := url.Values{"provider": {"mysql"}, "label": {"typed shop"}, "host": {h.maria.Host}, "port": {"many"}, "db_name": {h.sourceDB}, "user": {"typist"},
		"password": {h.secrets["password of MariaDB that is typed"]}, "do": {"save"}}
	shown := send("a source with a mistake", "/sources/new", http.StatusUnprocessableEntity, source)
	field := owner.Do(t, http.MethodPost, "/sources/field", http.Header{"Content-Type": {"application/x-www-form-urlencoded"}, "Origin": {owner.URL}, "HX-Request": {"true"}, "HX-Trigger-Name": {"port"}},
		[]byte(source.Encode()))
	if said["a field of a source"] = field; field.Status != http.StatusOK || !bytes.Contains(field.Body, []byte("many")) {
		t.Fatalf("the remark of a field answered %d: %s", field.Status, field.Body)
	}
	source.Del("password")
	send("a source", "/sources/new", http.StatusSeeOther, again(shown, source, map[string]string{"port": strconv.Itoa(h.maria.Port)}))
	wrong := url.Values{"provider": {"mysql"}, "label": {"typed wrong"}, "host": {h.maria.Host}, "port": {strconv.Itoa(h.maria.Port)}, "db_name": {h.sourceDB}, "user": {"typist"},
		"password": {h.canary("wrong password that is typed")}, "do": {"try"}}
	shown = send("a source that does not let in, tried", "/sources/new", http.StatusOK, wrong)
	wrong.Del("password")
	send("a source that does not let in, saved", "/sources/new", http.StatusSeeOther, again(shown, wrong, map[string]string{"do": "anyway"}))
	send("a source of the guided set-up that does not let in", "/setup/source", http.StatusUnprocessableEntity, url.Values{"provider": {"mysql"}, "host": {h.maria.Host},
		"port": {strconv.Itoa(h.maria.Port)}, "db_name": {h.sourceDB}, "user": {"typist"}, "password": {h.canary("password of the guided set-up")}})

	s3 := url.Values{"provider": {"s3"}, "label": {"typed s3"}, "bucket": {h.s3.Bucket}, "region": {h.s3.Region}, "endpoint": {h.s3.URL}, "access_key": {h.s3.AccessKey},
		"prefix": {"typed"}, "force_path_style": {"true"}, "secret_key": {h.s3.SecretKey}, "do": {"save"}}
	send("a drive", "/drives/new", http.StatusSeeOther, s3)
	s3.Set("label", "typed s3 wrong")
	s3.Set("secret_key", h.canary("wrong secret key that is typed"))
	s3.Set("session_token", h.canary("session token of S3"))
	shown = send("a drive that does not let in", "/drives/new", http.StatusUnprocessableEntity, s3)
	s3.Del("secret_key")
	s3.Del("session_token")
	send("a drive that does not let in, saved", "/drives/new", http.StatusSeeOther, again(shown, s3, map[string]string{"do": "anyway"}))

	job := url.Values{"label": {p.job}, "data_source": {"typed shop"}, "drives": {"disk", "typed s3"}, "when": {"daily"}, "at": {"03:00"}, "timezone": {"UTC"},
		"compression": {"zstd"}, "keep": {"year"}, "encrypt": {"passphrase"}, "encryption.passphrase": {"canary-too"}, "for": {"new"}}
	h.learn("passphrase that is too short", "canary-too")
	send("a job with a short passphrase", "/jobs/new", http.StatusUnprocessableEntity, job)
	job.Set("encryption.passphrase", h.canary("passphrase that is typed"))
	send("the preview of a job", "/jobs/preview", http.StatusOK, job)
	send("a job", "/jobs/new", http.StatusSeeOther, job)
	send("a job of a source that does not let in", "/jobs/new", http.StatusSeeOther, url.Values{"label": {"typed wrong"}, "data_source": {"typed wrong"},
		"drives": {"disk", "typed s3 wrong"}, "when": {"asked"}, "keep": {"year"}, "encrypt": {"none"}, "for": {"new"}})
	keys := url.Values{"label": {"typed keys"}, "data_source": {"typed shop"}, "drives": {"disk"}, "when": {"asked"}, "keep": {"year"}, "encrypt": {"keys"}, "for": {"new"},
		"encryption.recipients": {h.secrets["private key of age"]}, "encryption.identity": {h.canary("private key that is none")}}
	send("a job with a private key for a public one", "/jobs/new", http.StatusUnprocessableEntity, keys)

	address := p.listen(t, "/"+h.canary("address of a webhook"), h.canary("token of a webhook"))
	events := []string{"backup.finished", "backup.failed", "drive.failing", "drill.disproven"}
	hook := url.Values{"provider": {"webhook"}, "label": {"typed hook"}, "url": {strings.TrimPrefix(address, "http://")}, "token": {h.secrets["token of a webhook"]},
		"format": {"json"}, "events": events, "do": {"save"}}
	send("a notifier with a mistake", "/notifiers/new", http.StatusUnprocessableEntity, hook)
	hook.Set("url", address)
	hook.Set("do", "try")
	send("a notifier, tested", "/notifiers/new", http.StatusSeeOther, hook)
	away := url.Values{"provider": {"webhook"}, "label": {"typed away"}, "url": {"http://user:" + h.canary("password in an address") + "@127.0.0.1:1/" + h.canary("address of a webhook that is away")},
		"token": {h.canary("token of a webhook that is away")}, "format": {"slack"}, "events": events, "do": {"try"}}
	send("a notifier that is away", "/notifiers/new", http.StatusSeeOther, away)
	refused := url.Values{"provider": {"webhook"}, "label": {"typed refused"}, "url": {address + "-" + h.canary("address of a webhook that is wrong")}, "format": {"ntfy"}, "events": events, "do": {"try"}}
	send("a notifier that is refused", "/notifiers/new", http.StatusSeeOther, refused)
	mail := url.Values{"provider": {"mail"}, "label": {"typed mail"}, "to": {"ops@example.com"}, "from": {"backupman@example.com"}, "smtp_host": {"127.0.0.1"}, "smtp_port": {"1"},
		"smtp_crypto": {"starttls"}, "smtp_user": {"typist"}, "smtp_password": {h.canary("password of SMTP")}, "events": events, "do": {"try"}}
	send("a mail notifier that is away", "/notifiers/new", http.StatusSeeOther, mail)

	api("a source over the API", http.MethodPost, "/api/sources", http.StatusCreated, map[string]any{"Label": "api shop", "Fields": map[string]string{"provider": "mysql", "host": "127.0.0.1", "port": "1",
		"db_name": "shop", "user": "u"}, "Secrets": map[string]string{"password": h.canary("password over the API"), "restore_password": h.canary("restore password over the API")}})
	api("a secret among the fields", http.MethodPost, "/api/sources", http.StatusBadRequest, map[string]any{"Label": "api wrong", "Fields": map[string]string{"provider": "mysql",
		"db_name": "shop", "user": "u", "password": h.canary("password among the fields")}})
	api("a secret of no field", http.MethodPost, "/api/drives", http.StatusBadRequest, map[string]any{"Label": "api wrong", "Fields": map[string]string{"provider": "s3"},
		"Secrets": map[string]string{"secret_key": h.canary("secret key of a drive with mistakes")}})

	for list, wanted := range map[string]string{"sources": "", "drives": "", "jobs": p.job} {
		answer := owner.Get(t, "/api/"+list)
		said["list of "+list] = answer
		var listed struct {
			Results []struct {
				ID    string `json:"Id"`
				Label string
			}
		}
		must(t, json.Unmarshal(answer.Body, &listed))
		for _, l := range listed.Results {
			p.pages = append(p.pages, "/"+list+"/"+l.ID, "/"+list+"/new?from="+l.ID, "/api/"+list+"/"+l.ID+"/config")
			if l.Label == wanted {
				p.jobID = l.ID
			}
			if list == "sources" {
				send("a check of "+l.Label, "/sources/"+l.ID+"/check", http.StatusSeeOther, nil)
			}
			if l.Label == "typed wrong" && list == "jobs" {
				send("a run of "+l.Label, "/jobs/"+l.ID+"/run", http.StatusSeeOther, nil)
			}
		}
	}
	kit := send("the kit of a job that was set up on a page", "/jobs/"+p.jobID+"/kit", http.StatusOK, nil)
	h.search(t, "the kit of "+p.job, kit.Body)
	p.pages = append(p.pages, "/sources", "/jobs", "/notifiers", "/notifiers/history", "/calendar", "/setup", "/search?q=canary", "/search?q="+url.QueryEscape("typed"), "/api/sources",
		"/api/notifications", "/sources/new", "/drives/new", "/jobs/new", "/notifiers/new", "/setup/source?provider=mysql")
	if p.jobID == "" {
		t.Fatal("the job that was set up on a page is not listed")
	}
	return p
}
