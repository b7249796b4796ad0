package notify_test

import (
	"bufio"
	"crypto/tls"
	"encoding/base64"
	"fmt"
	"net"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/backupman/backupman/models"
)

// mailServer is a small and strict SMTP server: what comes out of order, or in the clear
// where that is not allowed, is refused and remembered as a fault.
type mailServer struct {
	t        *testing.T
	listener net.Listener
	secure   *tls.Config
	// implicit speaks TLS from the first byte, startTLS offers it; account asks for one.
	implicit, startTLS bool
	account, password  string
	// answer is what a command, by its first word, or the end of DATA, as ".", is answered
	// with instead; empty is the usual.
	answer func(verb, line string) string

	mu      sync.Mutex
	letters []letter
	faults  []string
}

// letter is a mail that was taken.
type letter struct {
	from string
	to   []string
	// data is as it was sent, without the stuffed dots.
	data      string
	encrypted bool
	account   string
}

// newMailServer starts a server after change said what it does.
func newMailServer(t *testing.T, change func(*mailServer)) *mailServer {
	t.Helper()
	web := httptest.NewUnstartedServer(nil) // for its certificate, which is for 127.0.0.1
	web.StartTLS()
	t.Cleanup(web.Close)
	m := &mailServer{t: t, secure: &tls.Config{Certificates: web.TLS.Certificates, MinVersion: tls.VersionTLS12}}
	if change != nil {
		change(m)
	}
	var err error
	if m.listener, err = (&net.ListenConfig{}).Listen(t.Context(), "tcp4", ":0"); err != nil {
		t.Fatal(err)
	}
	var all sync.WaitGroup
	t.Cleanup(func() { _ = m.listener.Close(); all.Wait() })
	all.Go(func() {
		for {
			conn, err := m.listener.Accept()
			if err != nil {
				return
			}
			all.Go(func() { m.talk(conn) })
		}
	})
	return m
}

// notifier is one that sends through the server, which is called by an address of this machine.
func (m *mailServer) notifier() models.Notifier {
	_, port, _ := net.SplitHostPort(m.listener.Addr().String())
	set := models.Settings{"smtp_host": "127.0.0.1", "smtp_port": port, "smtp_crypto": "none", "to": "ops@example.com", "from": "backups@example.com"}
	switch {
	case m.implicit:
		set["smtp_crypto"] = "tls"
	case m.startTLS:
		set["smtp_crypto"] = "starttls"
	}
	if m.account != "" {
		set["smtp_user"], set["smtp_password"] = m.account, m.password
	}
	return models.Notifier{Label: "ops", Provider: "mail", Settings: set}
}

func (m *mailServer) taken() []letter {
	m.mu.Lock()
	defer m.mu.Unlock()
	return append([]letter{}, m.letters...)
}

// well fails the test when a client has broken the rules.
func (m *mailServer) well() {
	m.t.Helper()
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, fault := range m.faults {
		m.t.Error("the mail server complains: " + fault)
	}
}

func (m *mailServer) fault(format string, args ...any) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.faults = append(m.faults, fmt.Sprintf(format, args...))
}

// dialogue is one connection.
type dialogue struct {
	*mailServer
	conn      net.Conn
	in        *bufio.Reader
	encrypted bool
	greeted   bool
	known     string
	now       letter
	sender    bool
}

func (m *mailServer) talk(conn net.Conn) {
	d := &dialogue{mailServer: m, conn: conn}
	defer func() { _ = d.conn.Close() }()
	_ = conn.SetDeadline(time.Now().Add(time.Minute))
	if m.implicit {
		d.encrypt()
	}
	d.in = bufio.NewReader(d.conn)
	d.say("220 mail.test ESMTP")
	for {
		line, err := d.in.ReadString('\n')
		if err != nil {
			return
		}
		if !strings.HasSuffix(line, "\r\n") {
			m.fault("a line ends without a carriage return: %.80q", line)
		}
		line = strings.TrimRight(line, "\r\n")
		verb := strings.ToUpper(strings.SplitN(line, " ", 2)[0])
		if m.answer != nil {
			if instead := m.answer(verb, line); instead == "hang up" {
				return
			} else if instead != "" {
				d.say(instead)
				continue
			}
		}
		if !d.obey(verb, line) {
			return
		}
	}
}

func (d *dialogue) encrypt() {
	d.conn = tls.Server(d.conn, d.secure)
	d.in, d.encrypted, d.greeted = bufio.NewReader(d.conn), true, false
}

func (d *dialogue) say(line string) { _, _ = fmt.Fprintf(d.conn, "%s\r\n", line) }

func (d *dialogue) obey(verb, line string) (goOn bool) {
	switch verb {
	case "EHLO", "HELO":
		d.greeted = true
		d.hello()
	case "STARTTLS":
		if !d.startTLS || d.encrypted {
			d.fault("STARTTLS where it is not offered")
		}
		d.say("220 go on")
		d.encrypt()
	case "AUTH":
		d.authenticate(line)
	case "MAIL":
		d.mail(line)
	case "RCPT":
		d.recipient(line)
	case "DATA":
		return d.data()
	case "*": // the end of an AUTH that was refused
		d.say("501 ended")
	case "RSET", "NOOP":
		d.say("250 well")
	case "QUIT":
		d.say("221 bye")
		return false
	default:
		d.fault("an unknown command: %.80q", line)
		d.say("500 what?")
	}
	return true
}

func (d *dialogue) hello() {
	lines := []string{"mail.test", "ENHANCEDSTATUSCODES", "SIZE 1000000"}
	if d.startTLS && !d.encrypted {
		lines = append(lines, "STARTTLS")
	}
	if d.account != "" {
		lines = append(lines, "AUTH PLAIN LOGIN")
	}
	for i, l := range lines {
		sign := "-"
		if i == len(lines)-1 {
			sign = " "
		}
		d.say("250" + sign + l)
	}
}

func (d *dialogue) authenticate(line string) {
	if !d.encrypted && (d.startTLS || d.implicit) {
		d.fault("a password in the clear")
	}
	_, sent, _ := strings.Cut(line, "PLAIN ")
	plain, err := base64.StdEncoding.DecodeString(sent)
	if err != nil || string(plain) != "\x00"+d.account+"\x00"+d.password {
		d.say("535 5.7.8 no such account, secret-of-the-server")
		return
	}
	d.known = d.account
	d.say("235 2.7.0 welcome")
}

func (d *dialogue) mail(line string) {
	switch {
	case !d.greeted:
		d.fault("MAIL before a greeting")
	case d.account != "" && d.known == "":
		d.say("530 5.7.0 who are you?")
		return
	}
	d.now = letter{from: between(line), encrypted: d.encrypted, account: d.known}
	d.sender = true
	d.say("250 2.1.0 well")
}

func (d *dialogue) recipient(line string) {
	if !d.sender {
		d.fault("RCPT before MAIL")
	}
	d.now.to = append(d.now.to, between(line))
	d.say("250 2.1.5 well")
}

func (d *dialogue) data() (goOn bool) {
	if len(d.now.to) == 0 {
		d.fault("DATA before RCPT")
	}
	d.say("354 go on")
	var text strings.Builder
	for {
		line, err := d.in.ReadString('\n')
		switch {
		case err != nil:
			return false
		case line == ".\r\n":
			d.now.data = text.String()
			if d.answer != nil {
				if instead := d.answer(".", ""); instead != "" {
					d.say(instead)
					return instead != "hang up"
				}
			}
			d.mu.Lock()
			d.letters = append(d.letters, d.now)
			d.mu.Unlock()
			d.say("250 2.0.0 taken")
			return true
		case !strings.HasSuffix(line, "\r\n"):
			d.fault("a line of the mail ends without a carriage return: %q", line)
		case len(line) > 1000:
			d.fault("a line of %d bytes", len(line))
		}
		text.WriteString(strings.TrimPrefix(line, "."))
	}
}

func between(line string) string {
	_, rest, _ := strings.Cut(line, "<")
	address, _, _ := strings.Cut(rest, ">")
	return address
}
