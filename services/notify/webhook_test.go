package notify_test

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/backupman/backupman/models"
	"github.com/backupman/backupman/services/notify"
	"github.com/backupman/backupman/services/outgoing"
)

// request is what a webhook got.
type request struct {
	method, body string
	header       http.Header
}

func hook(url string, more models.Settings) models.Notifier {
	set := models.Settings{"url": url, "format": "json"}
	for key, value := range more {
		set[key] = value
	}
	return models.Notifier{Label: "hook", Provider: "webhook", Settings: set}
}

// service answers as it is told and keeps what it got.
func service(t *testing.T, answer http.HandlerFunc) (url string, got *[]request) {
	t.Helper()
	got = &[]request{}
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		*got = append(*got, request{r.Method, string(body), r.Header})
		if answer != nil {
			answer(w, r)
		}
	}))
	t.Cleanup(s.Close)
	return s.URL + "/services/TOPSECRET", got
}

var short = notify.Message{ID: "0190-1", Title: "The backup of <!channel> failed", Text: "The disk is full & \"slow\" — ärgerlich.", Job: "shop", BackupID: "0190-b", URL: "https://b.example/backups/0190-b"}

func TestWebhookForms(t *testing.T) {
	for format, check := range map[string]func(t *testing.T, r request){
		"json": func(t *testing.T, r request) {
			want := `{"Id":"0190-1","Event":"backup.failed","Title":"The backup of <!channel> failed","Text":"The disk is full & \"slow\" — ärgerlich.",` +
				`"Job":"shop","BackupId":"0190-b","Url":"https://b.example/backups/0190-b","At":"2026-07-02T03:04:05Z"}` + "\n"
			if r.body != want {
				t.Errorf("the body is %s", r.body)
			}
		},
		"slack": func(t *testing.T, r request) {
			var sent map[string]string
			if err := json.Unmarshal([]byte(r.body), &sent); err != nil || sent["text"] != "*The backup of &lt;!channel&gt; failed*\nThe disk is full &amp; \"slow\" — ärgerlich.\n\n"+short.URL {
				t.Errorf("the body is %s, %v", r.body, err)
			}
		},
		"discord": func(t *testing.T, r request) {
			if !strings.Contains(r.body, `"allowed_mentions":{"parse":[]}`) || !strings.Contains(r.body, `"content":"**The backup of <!channel> failed**\n`) {
				t.Errorf("the body is %s", r.body)
			}
		},
		"ntfy": func(t *testing.T, r request) {
			if r.body != short.Text || r.header.Get("Title") != short.Title || r.header.Get("Click") != short.URL || r.header.Get("Priority") != "high" {
				t.Errorf("the body is %s with %v", r.body, r.header)
			}
		},
	} {
		t.Run(format, func(t *testing.T) {
			url, got := service(t, nil)
			if err := notify.Deliver(t.Context(), nil, nil, hook(url, models.Settings{"format": format, "token": "T0K3N"}), short); err != nil {
				t.Fatal(err)
			}
			if len(*got) != 1 || (*got)[0].method != http.MethodPost || (*got)[0].header.Get("Authorization") != "Bearer T0K3N" {
				t.Fatalf("the service got %v", *got)
			}
			check(t, (*got)[0])
		})
	}
}

func TestLongTexts(t *testing.T) {
	long := short
	long.Text = strings.Repeat("ä", 9000)
	for format, most := range map[string]int{"discord": 2000, "ntfy": 4096} {
		url, got := service(t, nil)
		if err := notify.Deliver(t.Context(), nil, nil, hook(url, models.Settings{"format": format}), long); err != nil {
			t.Fatal(err)
		}
		body := (*got)[0].body
		length := len(body)
		if format == "discord" {
			var sent struct{ Content string }
			if err := json.Unmarshal([]byte(body), &sent); err != nil {
				t.Fatal(err)
			}
			length = len([]rune(sent.Content))
		}
		if length > most || length < most/2 {
			t.Errorf("%s gets %d, and takes %d", format, length, most)
		}
	}
}

func TestWebhookAnswers(t *testing.T) {
	status := func(code int) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Location", "http://169.254.169.254/")
			w.Header().Set("Retry-After", "90")
			w.WriteHeader(code)
			_, _ = io.WriteString(w, "secret-of-the-server")
		}
	}
	for code, tc := range map[int]struct {
		final bool
		want  string
	}{
		301: {true, "sends elsewhere (301)"}, 307: {true, "sends elsewhere (307)"}, 400: {true, "does not take the message (400)"},
		401: {true, "refuses the key (401)"}, 403: {true, "refuses the key (403)"}, 404: {true, "knows no such address (404)"}, 410: {true, "(410)"},
		408: {false, "(408)"}, 425: {false, "(425)"}, 429: {false, "asks to be left alone"}, 500: {false, "in trouble itself (500)"}, 503: {false, "(503)"},
	} {
		url, got := service(t, status(code))
		f := failureOf(t, notify.Deliver(t.Context(), nil, nil, hook(url, nil), short))
		if f.Final != tc.final || !strings.Contains(f.Sentence, tc.want) {
			t.Errorf("%d: final %t: %s", code, f.Final, f.Sentence)
		}
		if strings.Contains(f.Sentence, "secret") || strings.Contains(f.Sentence, "TOPSECRET") {
			t.Errorf("%d: the sentence tells what it should not: %s", code, f.Sentence)
		}
		if code == 429 && f.Wait != 90*time.Second {
			t.Errorf("the service asked for 90 seconds and gets %s", f.Wait)
		}
		if len(*got) != 1 {
			t.Errorf("%d: %d requests", code, len(*got))
		}
	}
}

func TestWebhooksOutOfReach(t *testing.T) {
	url, got := service(t, nil)
	for name, tc := range map[string]struct {
		policy *outgoing.Policy
		to     models.Notifier
		final  bool
		want   string
	}{
		"a private address": {&outgoing.Policy{}, hook(url, nil), true, "outgoing.private"},
		"the metadata":      {nil, hook("http://169.254.169.254/latest/TOPSECRET", nil), true, "link-local"},
		"no address":        {nil, hook("ftp://example.com/TOPSECRET", nil), true, "must begin with https://"},
		"nobody there":      {nil, hook("http://127.0.0.1:1/TOPSECRET", nil), false, "refuses connections"},
		"no such name":      {nil, hook("http://no-such-host.invalid/TOPSECRET", nil), false, "is not found"},
		"no TLS":            {nil, hook(strings.Replace(url, "http:", "https:", 1), nil), false, "speaks another protocol"},
		"a broken token":    {nil, hook(url, models.Settings{"token": "TOPSECRET\r\nX: y"}), true, "no header takes"},
		"another kind":      {nil, models.Notifier{Provider: "pigeon"}, true, "no kind of notifier"},
	} {
		t.Run(name, func(t *testing.T) {
			f := failureOf(t, notify.Deliver(t.Context(), tc.policy, nil, tc.to, short))
			if f.Final != tc.final || !strings.Contains(f.Sentence, tc.want) || strings.Contains(f.Sentence, "TOPSECRET") {
				t.Errorf("final %t: %s", f.Final, f.Sentence)
			}
		})
	}
	if len(*got) != 0 {
		t.Errorf("the service got %v", *got)
	}
}

func TestSilentWebhook(t *testing.T) {
	gone := make(chan struct{})
	url, _ := service(t, func(_ http.ResponseWriter, r *http.Request) {
		select {
		case <-gone:
		case <-r.Context().Done():
		}
	})
	defer close(gone)
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if f := failureOf(t, notify.Deliver(ctx, nil, nil, hook(url, nil), short)); f.Final || !strings.Contains(f.Sentence, "did not answer") {
		t.Errorf("final %t: %s", f.Final, f.Sentence)
	}
}

func TestAuthorityOfAWebhook(t *testing.T) {
	s := httptest.NewTLSServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	defer s.Close()
	if err := notify.Deliver(t.Context(), nil, testRoots(t), hook(s.URL, nil), short); err != nil {
		t.Error(err)
	}
	if f := failureOf(t, notify.Deliver(t.Context(), nil, nil, hook(s.URL, nil), short)); !strings.Contains(f.Sentence, "does not trust") {
		t.Error(f.Sentence)
	}
}

func TestCheck(t *testing.T) {
	for name, tc := range map[string]struct {
		n    models.Notifier
		want string
	}{
		"a good webhook":   {hook("https://example.com/x", nil), ""},
		"a stored secret":  {hook("${secret:hook}", nil), ""},
		"no address":       {hook("example.com", nil), "url"},
		"good mail":        {models.Notifier{Provider: "mail", Settings: models.Settings{"smtp_host": "mx", "to": "a@b.example, C <c@d.example>"}}, ""},
		"no mail address":  {models.Notifier{Provider: "mail", Settings: models.Settings{"smtp_host": "mx", "to": "ops"}}, "to"},
		"an address":       {models.Notifier{Provider: "mail", Settings: models.Settings{"smtp_host": "u@mx", "to": "a@b.example"}}, "smtp_host"},
		"no port":          {models.Notifier{Provider: "mail", Settings: models.Settings{"smtp_host": "mx", "to": "a@b.example", "smtp_port": "99999"}}, "smtp_port"},
		"without password": {models.Notifier{Provider: "mail", Settings: models.Settings{"smtp_host": "mx", "to": "a@b.example", "smtp_user": "u"}}, "smtp_password"},
	} {
		wrong := notify.Check(tc.n)
		if _, there := wrong[tc.want]; tc.want == "" && len(wrong) > 0 || tc.want != "" && !there {
			t.Errorf("%s: %v", name, wrong)
		}
	}
}
