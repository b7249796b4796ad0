package notify_test

import (
	"crypto/x509"
	"errors"
	"io"
	"mime"
	"mime/quotedprintable"
	"net/http/httptest"
	"net/mail"
	"strings"
	"testing"

	"github.com/backupman/backupman/models"
	"github.com/backupman/backupman/services/notify"
	"github.com/backupman/backupman/services/outgoing"
)

// testRoots are the authorities of the certificate that httptest has.
func testRoots(t *testing.T) *x509.CertPool {
	t.Helper()
	web := httptest.NewTLSServer(nil)
	defer web.Close()
	pool := x509.NewCertPool()
	pool.AddCert(web.Certificate())
	return pool
}

var news = notify.Message{ID: "0190-1", Title: "The backup of bücher failed\r\nBcc: evil@example.com",
	Text: "The disk is full — ärgerlich.\n.\n.hidden dots\n" + strings.Repeat("long ", 400) + "\n<b>no HTML</b>", URL: "https://b.example/backups/1"}

func failureOf(t *testing.T, err error) *notify.Failure {
	t.Helper()
	var f *notify.Failure
	if !errors.As(err, &f) {
		t.Fatalf("%v is no failure", err)
	}
	return f
}

func TestMailArrives(t *testing.T) {
	for name, change := range map[string]func(*mailServer){
		"in the clear":      nil,
		"by STARTTLS":       func(m *mailServer) { m.startTLS, m.account, m.password = true, "u@example.com", "pässword" },
		"by TLS":            func(m *mailServer) { m.implicit, m.account, m.password = true, "u@example.com", "p" },
		"with an account":   func(m *mailServer) { m.account, m.password = "u", "p" },
		"by STARTTLS alone": func(m *mailServer) { m.startTLS = true },
	} {
		t.Run(name, func(t *testing.T) {
			server := newMailServer(t, change)
			n := server.notifier()
			n.Settings["to"] = "Ops <ops@example.com>, two@example.com\nthree@example.com"
			if err := notify.Deliver(t.Context(), nil, testRoots(t), n, news); err != nil {
				t.Fatal(err)
			}
			server.well()
			taken := server.taken()
			if len(taken) != 1 {
				t.Fatalf("%d mails arrived", len(taken))
			}
			got := taken[0]
			if got.from != "backups@example.com" || strings.Join(got.to, " ") != "ops@example.com two@example.com three@example.com" {
				t.Errorf("from %s to %v", got.from, got.to)
			}
			if got.encrypted != (server.startTLS || server.implicit) || got.account != server.account {
				t.Errorf("encrypted %t, account %q", got.encrypted, got.account)
			}
			readLetter(t, got.data)
		})
	}
}

func readLetter(t *testing.T, data string) {
	t.Helper()
	m, err := mail.ReadMessage(strings.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	subject, err := (&mime.WordDecoder{}).DecodeHeader(m.Header.Get("Subject"))
	if err != nil || subject != "[Backupman] The backup of bücher failed Bcc: evil@example.com" {
		t.Errorf("the subject is %q, %v", subject, err)
	}
	if m.Header.Get("Bcc") != "" || m.Header.Get("Auto-Submitted") != "auto-generated" || m.Header.Get("Message-Id") != "<0190-1@backupman.invalid>" {
		t.Errorf("the headers are %v", m.Header)
	}
	if kind := m.Header.Get("Content-Type"); !strings.HasPrefix(kind, "text/plain; charset=UTF-8") {
		t.Errorf("the mail is %s", kind)
	}
	body, err := io.ReadAll(quotedprintable.NewReader(m.Body))
	if want := news.Text + "\n\n" + news.URL; err != nil || strings.TrimRight(strings.ReplaceAll(string(body), "\r\n", "\n"), "\n") != want {
		t.Errorf("the text is %q, %v", body, err)
	}
}

func TestMailThatIsRefused(t *testing.T) {
	on := func(verb, answer string) func(*mailServer) {
		return func(m *mailServer) {
			m.answer = func(v, _ string) string {
				if v == verb || verb == "EHLO" && v == "HELO" {
					return answer
				}
				return ""
			}
		}
	}
	for name, tc := range map[string]struct {
		change func(*mailServer)
		set    models.Settings
		final  bool
		want   string
	}{
		"greylisted":           {on("RCPT", "451 4.7.1 later, secret-of-the-server"), nil, false, "can't take the mail now (451)"},
		"no such mailbox":      {on("RCPT", "550 5.1.1 unknown, secret-of-the-server"), nil, true, "does not take mail for these addresses (550)"},
		"the sender":           {on("MAIL", "553 5.7.1 no"), nil, true, "does not take mail for these addresses (553)"},
		"the content":          {on(".", "554 5.7.1 spam"), nil, true, "(554)"},
		"full":                 {on(".", "452 4.3.1 full"), nil, false, "(452)"},
		"closed":               {on("EHLO", "421 4.3.2 closing"), nil, false, "(421)"},
		"hangs up":             {on("DATA", "hang up"), nil, false, "the connection to 127.0.0.1 broke"},
		"a wrong password":     {func(m *mailServer) { m.startTLS, m.account, m.password = true, "u", "p" }, models.Settings{"smtp_password": "TOPSECRET"}, true, "refuses the account (535)"},
		"no account given":     {func(m *mailServer) { m.startTLS, m.account, m.password = true, "u", "p" }, models.Settings{"smtp_user": ""}, true, "refuses the account (530)"},
		"an account too many":  {nil, models.Settings{"smtp_user": "u", "smtp_password": "p"}, true, "asks for no account"},
		"STARTTLS not offered": {nil, models.Settings{"smtp_crypto": "starttls"}, true, "does not offer STARTTLS"},
		"TLS not spoken":       {nil, models.Settings{"smtp_crypto": "tls"}, false, "the connection to 127.0.0.1 broke"},
		"an unknown authority": {func(m *mailServer) { m.startTLS = true }, models.Settings{"roots": "none"}, false, "does not trust"},
		"nobody there":         {nil, models.Settings{"smtp_port": "1"}, false, "refuses connections"},
		"nobody to send to":    {nil, models.Settings{"to": " , "}, true, "nobody gets the mail"},
		"a bad address":        {nil, models.Settings{"to": "ops"}, true, "write addresses such as"},
	} {
		t.Run(name, func(t *testing.T) {
			server := newMailServer(t, tc.change)
			n, roots := server.notifier(), testRoots(t)
			for key, value := range tc.set {
				n.Settings[key] = value
			}
			if n.Settings["roots"] != "" {
				roots = nil
			}
			f := failureOf(t, notify.Deliver(t.Context(), nil, roots, n, news))
			if f.Final != tc.final || !strings.Contains(f.Sentence, tc.want) {
				t.Errorf("final %t: %s; want %t, %q", f.Final, f.Sentence, tc.final, tc.want)
			}
			if strings.Contains(f.Sentence, "secret-of-the-server") || strings.Contains(f.Sentence, "TOPSECRET") {
				t.Errorf("the sentence tells a secret: %s", f.Sentence)
			}
			if len(server.taken()) != 0 {
				t.Error("a mail arrived all the same")
			}
			if tc.set["smtp_crypto"] != "tls" {
				server.well()
			}
		})
	}
}

func TestMailGoesWhereThePolicyAllows(t *testing.T) {
	server := newMailServer(t, nil)
	f := failureOf(t, notify.Deliver(t.Context(), &outgoing.Policy{}, nil, server.notifier(), news))
	if !f.Final || !strings.Contains(f.Sentence, "outgoing.private") {
		t.Errorf("final %t: %s", f.Final, f.Sentence)
	}
	n := server.notifier()
	n.Settings["smtp_host"] = "169.254.169.254"
	for _, crypto := range []string{"none", "tls", "starttls"} {
		n.Settings["smtp_crypto"] = crypto
		if f := failureOf(t, notify.Deliver(t.Context(), nil, nil, n, news)); !f.Final || !strings.Contains(f.Sentence, "link-local") {
			t.Errorf("%s: final %t: %s", crypto, f.Final, f.Sentence)
		}
	}
}

// A password never crosses a network in the clear, even where no encryption was asked for.
func TestPasswordsAreNotSentInTheClear(t *testing.T) {
	server := newMailServer(t, func(m *mailServer) { m.account, m.password = "u", "TOPSECRET" })
	n := server.notifier()
	n.Settings["smtp_host"] = "127.0.0.2" // this machine, though not by a name that says so
	f := failureOf(t, notify.Deliver(t.Context(), nil, nil, n, news))
	if !f.Final || !strings.Contains(f.Sentence, "takes the password in the clear only") {
		t.Errorf("final %t: %s", f.Final, f.Sentence)
	}
}
