package drive

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"strings"
	"time"

	"github.com/pkg/sftp"
	"golang.org/x/crypto/ssh"
	"golang.org/x/crypto/ssh/agent"

	"github.com/backupman/backupman/models"
)

const (
	// sftpConnectTime bounds connecting and signing in, each.
	sftpConnectTime = 30 * time.Second
	// sftpPacket is what every server takes in one request, in bytes.
	sftpPacket = 32 << 10
)

// connect signs in to the server and opens SFTP.
func (d *SFTP) connect(ctx context.Context) (*sftpConn, error) {
	auth, done, err := d.signIn(ctx)
	defer done()
	if err != nil {
		return nil, err
	}
	known, err := d.knownKeys()
	if err != nil {
		return nil, err
	}
	var last error
	for _, algorithms := range known.algorithms() {
		c, err := d.connectWith(ctx, algorithms, known.check, auth)
		if err == nil {
			return c, nil
		}
		if !sftpOtherKind(err) {
			return nil, d.refusedSignIn(err)
		}
		if last == nil || sftpNoneCommon(last) {
			last = err
		}
	}
	return nil, d.refusedSignIn(last)
}

// connectWith connects to a server that shows a key of one of the algorithms.
func (d *SFTP) connectWith(ctx context.Context, algorithms []string, check ssh.HostKeyCallback, auth []ssh.AuthMethod) (*sftpConn, error) {
	conn, err := d.dial(ctx)
	if err != nil {
		return nil, err
	}
	c := &sftpConn{net: conn, packet: sftpPacket, gone: make(chan struct{}), silent: d.silent()}
	stop := context.AfterFunc(ctx, func() { c.breakOff(ctx.Err()) })
	defer stop()
	limit := min(sftpConnectTime, d.silence)
	err = c.within(limit, func() error { return c.shakeHands(d.address, d.clientConfig(algorithms, check, auth)) })
	if err != nil {
		c.breakOff(err)
		return nil, err
	}
	if err := c.within(limit, c.openFiles); err != nil {
		c.breakOff(err)
		return nil, err
	}
	return c, nil
}

func (d *SFTP) dial(ctx context.Context) (net.Conn, error) {
	dialer := d.place.Outgoing.Dialer(net.Dialer{Timeout: sftpConnectTime, KeepAlive: sftpKeepalive})
	conn, err := dialer.DialContext(ctx, "tcp", d.address)
	if err != nil && ctx.Err() != nil {
		return nil, ctx.Err()
	}
	if err != nil {
		return nil, unreachable(d.place.Label, "connect to "+d.address, err)
	}
	return conn, nil
}

func (d *SFTP) clientConfig(algorithms []string, check ssh.HostKeyCallback, auth []ssh.AuthMethod) *ssh.ClientConfig {
	return &ssh.ClientConfig{User: d.user, Auth: auth, HostKeyCallback: check, HostKeyAlgorithms: algorithms, ClientVersion: "SSH-2.0-Backupman"}
}

func (c *sftpConn) shakeHands(address string, config *ssh.ClientConfig) error {
	conn, channels, requests, err := ssh.NewClientConn(c.net, address, config)
	if err != nil {
		return err
	}
	c.ssh = ssh.NewClient(conn, channels, requests)
	c.watch()
	return nil
}

// errNoSFTP is why an account that is let in is of no use.
var errNoSFTP = errors.New("no SFTP")

func (c *sftpConn) openFiles() error {
	files, err := sftp.NewClient(c.ssh, sftp.MaxPacketUnchecked(c.packet))
	if err != nil {
		return fmt.Errorf("%w: %w", errNoSFTP, err)
	}
	c.files = files
	return nil
}

// refusedSignIn puts into words why there is no connection.
func (d *SFTP) refusedSignIn(err error) error {
	var fault *models.Fault
	var passing *PassingError
	label, at := d.place.Label, d.address
	switch {
	case errors.As(err, &passing), errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return err
	case errors.As(err, &fault):
		return fault
	case sftpRefused(err):
		return &models.Fault{Kind: models.ErrUnauthorized, Sentence: fmt.Sprintf(
			"drive %q: %s does not let the account %s in: check user, password, key_file and agent", label, at, d.user)}
	case strings.Contains(strings.ToLower(err.Error()), "too many authentication failures"):
		return &models.Fault{Kind: models.ErrUnauthorized, Sentence: fmt.Sprintf(
			"drive %q: %s broke off the sign-in of the account %s after too many attempts: check the password, or name the one key that lets it in with key_file in place of agent", label, at, d.user)}
	case errors.Is(err, errNoSFTP) && !sftpLost(err):
		return models.Invalidf("drive %q: %s lets the account %s in but gives it no SFTP: switch that on at the server", label, at, d.user)
	case sftpNoneCommon(err):
		return models.Invalidf("drive %q and %s have no cipher or host key in common, so that server is too old or too strict: update it (%s)", label, at, sftpOffers(err))
	}
	if told := unreachable(label, "sign in to "+at, err); Passing(told) {
		return told
	}
	return &PassingError{Cause: &reachFault{cause: err, Fault: reachSentence(models.ErrConflict, label, "sign in to "+at,
		"what answers there speaks no SSH, or broke off: see whether host and port are those of an SSH server")}}
}

// sftpRefused reports whether the server did not let the account in. Where it refuses to
// ask in its own words, with SSH_MSG_USERAUTH_FAILURE (51, RFC 4252) in the place of a
// question, the library takes that for a mistake in the protocol.
func sftpRefused(err error) bool {
	return errors.Is(err, errAsksMore) || strings.Contains(err.Error(), "unable to authenticate") ||
		strings.Contains(err.Error(), "unexpected message type 51 ")
}

// sftpOffers is what the two sides have not in common.
func sftpOffers(err error) string {
	var none *ssh.AlgorithmNegotiationError
	if !errors.As(err, &none) {
		return ""
	}
	return strings.TrimPrefix(none.Error(), "ssh: ")
}

// signIn returns what lets the account in, and what to call when it is in.
func (d *SFTP) signIn(ctx context.Context) (auth []ssh.AuthMethod, done func(), err error) {
	done = func() {}
	var signers []ssh.Signer
	if file := d.place.Settings["key_file"]; file != "" {
		key, err := d.readKey(sftpHome(file))
		if err != nil {
			return nil, done, err
		}
		signers = append(signers, key)
	}
	if d.place.Settings.Bool("agent") {
		var more []ssh.Signer
		if more, done, err = d.askAgent(ctx); err != nil {
			return nil, done, err
		}
		signers = append(signers, more...)
	}
	if len(signers) > 0 {
		auth = append(auth, ssh.PublicKeys(signers...))
	}
	if password := d.place.Settings["password"]; password != "" {
		auth = append(auth, ssh.Password(password), ssh.KeyboardInteractive(sftpAnswers(password)))
	}
	if len(auth) == 0 {
		return nil, done, models.Invalidf("drive %q has nothing to sign in to %s with: set password, key_file or agent", d.place.Label, d.address)
	}
	return auth, done, nil
}

func (d *SFTP) readKey(file string) (ssh.Signer, error) {
	text, err := os.ReadFile(file)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, models.Invalidf("drive %q: the key file %s is not there: set key_file to the path of a private key", d.place.Label, file)
	case err != nil:
		return nil, models.Invalidf("drive %q: this program's user cannot read the key file %s: give it that right", d.place.Label, file)
	}
	passphrase := d.place.Settings["key_passphrase"]
	key, err := ssh.ParsePrivateKey(text)
	var missing *ssh.PassphraseMissingError
	if errors.As(err, &missing) && passphrase != "" {
		key, err = ssh.ParsePrivateKeyWithPassphrase(text, []byte(passphrase))
	}
	switch {
	case errors.As(err, &missing):
		return nil, models.Invalidf("drive %q: the key in %s is encrypted: set key_passphrase", d.place.Label, file)
	case errors.Is(err, x509.IncorrectPasswordError):
		return nil, models.Invalidf("drive %q: key_passphrase does not open the key in %s", d.place.Label, file)
	case err != nil:
		return nil, models.Invalidf("drive %q: %s is not a private key in the form that ssh-keygen writes", d.place.Label, file)
	}
	return key, nil
}

// askAgent returns the keys of the agent, which signs with them until done is called
// or ctx ends: some agents ask a person first.
func (d *SFTP) askAgent(ctx context.Context) (keys []ssh.Signer, done func(), err error) {
	done = func() {}
	socket := os.Getenv("SSH_AUTH_SOCK")
	if socket == "" {
		return nil, done, models.Invalidf("drive %q asks the SSH agent, and there is none: SSH_AUTH_SOCK is not set for this program", d.place.Label)
	}
	dialer := net.Dialer{Timeout: sftpConnectTime}
	conn, err := dialer.DialContext(ctx, "unix", socket)
	if err != nil && ctx.Err() != nil {
		return nil, done, ctx.Err()
	}
	if err != nil {
		return nil, done, models.Invalidf("drive %q asks the SSH agent, which does not answer at %s: start it again", d.place.Label, socket)
	}
	stop := context.AfterFunc(ctx, func() { _ = conn.Close() })
	done = func() {
		stop()
		_ = conn.Close()
	}
	if err := conn.SetDeadline(time.Now().Add(2 * sftpConnectTime)); err != nil && ctx.Err() == nil {
		return nil, done, fmt.Errorf("ask the SSH agent: %w", err)
	}
	keys, err = agent.NewClient(conn).Signers()
	switch {
	case err != nil && ctx.Err() != nil:
		return nil, done, ctx.Err()
	case err != nil:
		return nil, done, models.Invalidf("drive %q: the SSH agent at %s does not tell its keys: start it again", d.place.Label, socket)
	}
	return keys, done, nil
}

// errAsksMore is that a password alone does not let the account in.
var errAsksMore = errors.New("the server asks for more than a password")

// sftpAnswers gives the password to a server that asks for it in its own words
// (RFC 4256), and only where what is typed would stay hidden.
func sftpAnswers(password string) ssh.KeyboardInteractiveChallenge {
	asked := false
	return func(_, _ string, questions []string, shown []bool) ([]string, error) {
		answers := make([]string, len(questions))
		for i := range questions {
			if shown[i] || asked {
				return nil, errAsksMore
			}
			answers[i], asked = password, true
		}
		return answers, nil
	}
}
