package notify

import (
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"net"
	netmail "net/mail"
	"net/textproto"
	"strings"

	smtp "github.com/wneessen/go-mail"
	protocol "github.com/wneessen/go-mail/smtp"

	"github.com/backupman/backupman/models"
)

// mechanisms are how an account shows who it is, best first. The last two send the password
// itself, and are only spoken when the connection is encrypted or ends on this machine.
var mechanisms = []smtp.SMTPAuthType{smtp.SMTPAuthSCRAMSHA256, smtp.SMTPAuthSCRAMSHA1, smtp.SMTPAuthCramMD5, smtp.SMTPAuthPlain, smtp.SMTPAuthLogin}

// mail sends a message as plain text.
func (s *sender) mail(ctx context.Context, set models.Settings, m message) error {
	letter, err := letterOf(set, m)
	if err != nil {
		return err
	}
	line := &line{dial: s.dialFor(set)}
	defer line.close()
	client, err := s.mailClient(set, line)
	if err != nil {
		return final("the mail server %q can't be used: check its name and port", set["smtp_host"])
	}
	if err := client.DialWithContext(ctx); err != nil {
		return mailFailure(set, err)
	}
	err = client.Send(letter)
	_ = client.Close() // what was taken is taken, whatever becomes of the goodbye
	if letter.IsDelivered() {
		return nil
	}
	return mailFailure(set, cmp.Or(err, errors.New("nothing was sent")))
}

func letterOf(set models.Settings, m message) (*smtp.Msg, error) {
	to, why := addresses(set["to"])
	if why != "" || len(to) == 0 {
		return nil, final("nobody gets the mail: %s", cmp.Or(why, "name somebody in to"))
	}
	from, why := sentFrom(set, to[0])
	if why != "" {
		return nil, final("nobody sends the mail: %s", why)
	}
	letter := smtp.NewMsg(smtp.WithEncoding(smtp.EncodingQP), smtp.WithNoDefaultUserAgent())
	letter.FromMailAddress(from)
	letter.ToMailAddress(to...)
	letter.Subject("[Backupman] " + oneLine(m.title))
	letter.SetDateWithValue(m.at)
	letter.SetMessageIDWithValue(m.id + "@backupman.invalid")
	letter.SetGenHeader("Auto-Submitted", "auto-generated")
	letter.SetBodyString(smtp.TypeTextPlain, m.body())
	return letter, nil
}

// sentFrom is who a mail is from.
func sentFrom(set models.Settings, to *netmail.Address) (*netmail.Address, string) {
	named, why := addresses(set["from"])
	switch {
	case why != "":
		return nil, why
	case len(named) > 0:
		return named[0], ""
	}
	if account, err := netmail.ParseAddress(set["smtp_user"]); err == nil {
		return &netmail.Address{Name: "Backupman", Address: account.Address}, ""
	}
	return &netmail.Address{Name: "Backupman", Address: to.Address}, ""
}

// oneLine keeps the ends of lines out of a header.
func oneLine(text string) string { return strings.Join(strings.Fields(text), " ") }

// line is the connection of one mail. The library leaves it open when the conversation ends
// before its time.
type line struct {
	dial smtp.DialContextFunc
	conn net.Conn
}

func (l *line) open(ctx context.Context, network, address string) (conn net.Conn, err error) {
	if conn, err = l.dial(ctx, network, address); err == nil {
		l.conn = conn
	}
	return conn, err
}

func (l *line) close() {
	if l.conn != nil {
		_ = l.conn.Close()
	}
}

// dialFor returns how the mail server is connected to.
func (s *sender) dialFor(set models.Settings) smtp.DialContextFunc {
	if set["smtp_crypto"] != cryptoTLS {
		return s.dialer.DialContext
	}
	return (&tls.Dialer{NetDialer: s.dialer, Config: s.secure(set)}).DialContext
}

func (s *sender) secure(set models.Settings) *tls.Config {
	return &tls.Config{ServerName: set["smtp_host"], RootCAs: s.roots, MinVersion: tls.VersionTLS12}
}

func (s *sender) mailClient(set models.Settings, l *line) (*smtp.Client, error) {
	policy := smtp.TLSMandatory
	if set["smtp_crypto"] == cryptoTLS || set["smtp_crypto"] == cryptoNone {
		policy = smtp.NoTLS // which is over, or was not asked for
	}
	options := []smtp.Option{
		smtp.WithPort(set.Int("smtp_port", 587)), smtp.WithTimeout(sendTime), smtp.WithTLSConfig(s.secure(set)), smtp.WithTLSPolicy(policy),
		smtp.WithDialContextFunc(l.open), smtp.WithoutNoop(),
	}
	if set["smtp_user"] != "" {
		options = append(options, smtp.WithUsername(set["smtp_user"]), smtp.WithPassword(set["smtp_password"]), smtp.WithOpportunisticSMTPAuth(mechanisms...))
	}
	return smtp.NewClient(set["smtp_host"], options...)
}

// mailFailure judges what a mail server answered by its code.
func mailFailure(set models.Settings, err error) *Failure {
	host := set["smtp_host"]
	switch code := codeOf(err); {
	case errors.Is(err, protocol.ErrUnencrypted):
		return final("%s takes the password in the clear only, so it is not sent: set smtp_crypto to starttls or tls", host)
	case errors.Is(err, smtp.ErrNoSupportedAuthDiscovered):
		return final("%s knows no way to show the account that is known here: check encryption and account", host)
	case code == 534, code == 535, code == 530:
		return final("%s refuses the account (%d): check smtp_user and smtp_password", host, code)
	case code == 550, code == 551, code == 553, code == 554:
		return final("%s does not take mail for these addresses (%d): check from and to", host, code)
	case code >= 500:
		return final("%s refuses the mail (%d): check the account, from and to", host, code)
	case code >= 400:
		return passing("%s can't take the mail now (%d)", host, code)
	case strings.Contains(err.Error(), "STARTTLS"):
		return final("%s does not offer STARTTLS: set smtp_crypto to tls, or to none on a network that you trust", host)
	case strings.Contains(err.Error(), "SMTP AUTH"):
		return final("%s asks for no account: leave smtp_user empty, or check host, port and encryption", host)
	}
	return unreachable(host, err)
}

// codeOf is the three digits that a mail server answered with; 0 when it did not.
func codeOf(err error) int {
	var whole *smtp.SendError
	if errors.As(err, &whole) && whole.ErrorCode() > 0 {
		return whole.ErrorCode()
	}
	var answer *textproto.Error
	if errors.As(err, &answer) {
		return answer.Code
	}
	return 0
}
