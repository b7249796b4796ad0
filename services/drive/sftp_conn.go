package drive

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"maps"
	"net"
	"slices"
	"sync"
	"time"

	"github.com/pkg/sftp"
	"golang.org/x/crypto/ssh"
)

const (
	// sftpIdleTime is how long an unused connection is kept.
	sftpIdleTime = time.Minute
	// sftpIdleMost is how many unused connections are kept for one drive.
	sftpIdleMost = 2
	// sftpKeepalive is how often a connection is told to be wanted, so that no
	// router forgets it, and sftpAnswer how long the server may take to answer.
	sftpKeepalive = 15 * time.Second
	sftpAnswer    = 45 * time.Second
)

// sftpConn is one connection. One operation has it at a time, so that breaking it
// off ends that operation and no other.
type sftpConn struct {
	net   net.Conn
	ssh   *ssh.Client
	files *sftp.Client
	// packet is how many bytes one request carries.
	packet int
	// used says that an operation has had it before.
	used bool
	// silent is why it is broken off when the server does not answer.
	silent error
	// idle ends an unused connection.
	idle *time.Timer
	// gone closes when the connection has ended.
	gone chan struct{}

	mu     sync.Mutex
	reason error
}

// breakOff ends the connection, and whatever waits for it.
func (c *sftpConn) breakOff(reason error) {
	c.mu.Lock()
	if c.reason == nil {
		c.reason = reason
	}
	c.mu.Unlock()
	_ = c.net.Close()
}

// why returns the reason that this side had to end the connection, else err.
func (c *sftpConn) why(err error) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if err == nil || c.reason == nil {
		return err
	}
	return c.reason
}

// within breaks the connection off when call takes longer than limit.
func (c *sftpConn) within(limit time.Duration, call func() error) error {
	timer := time.AfterFunc(limit, func() { c.breakOff(c.silent) })
	defer timer.Stop()
	return c.why(call())
}

func (c *sftpConn) ended() bool {
	select {
	case <-c.gone:
		return true
	default:
		c.mu.Lock()
		defer c.mu.Unlock()
		return c.reason != nil
	}
}

// watch closes gone when the connection has ended, and asks the server from time
// to time whether it is still there.
func (c *sftpConn) watch() {
	go func() {
		_ = c.ssh.Wait()
		close(c.gone)
	}()
	go func() {
		tick := time.NewTicker(sftpKeepalive)
		defer tick.Stop()
		for {
			select {
			case <-c.gone:
				return
			case <-tick.C:
				_ = c.within(sftpAnswer, func() error {
					_, _, err := c.ssh.SendRequest("keepalive@openssh.com", true, nil)
					return err
				})
			}
		}
	}()
}

// sftpLost reports whether an error says that the connection is gone.
func sftpLost(err error) bool {
	return errors.Is(err, sftp.ErrSSHFxConnectionLost) || errors.Is(err, sftp.ErrSSHFxNoConnection) || errors.Is(err, io.EOF) || Passing(err)
}

// with gives a connection to one short operation. An unused connection may have
// died unseen: then the operation begins anew with a fresh one.
func (d *SFTP) with(ctx context.Context, do func(c *sftpConn) error) error {
	for {
		c, release, err := d.acquire(ctx)
		if err != nil {
			return err
		}
		err = c.within(d.silence, func() error { return do(c) })
		lost := err != nil && (c.ended() || sftpLost(err))
		release()
		if !lost || !c.used || ctx.Err() != nil {
			return err
		}
	}
}

// acquire returns a connection for one operation, which ends with ctx, and what to
// call when that is done.
func (d *SFTP) acquire(ctx context.Context) (c *sftpConn, release func(), err error) {
	if err := ctx.Err(); err != nil {
		return nil, nil, err
	}
	c = sftpIdle.take(d.identity)
	if c == nil {
		if c, err = d.connect(ctx); err != nil {
			return nil, nil, err
		}
	}
	stop := context.AfterFunc(ctx, func() { c.breakOff(ctx.Err()) })
	return c, func() {
		if !stop() || c.ended() {
			c.breakOff(net.ErrClosed)
			return
		}
		sftpIdle.keep(d.identity, c)
	}, nil
}

// sftpPool keeps connections between operations. It is one for all drives,
// because a drive is opened anew for every task.
type sftpPool struct {
	mu    sync.Mutex
	conns map[string][]*sftpConn
}

var sftpIdle = &sftpPool{conns: map[string][]*sftpConn{}}

// take returns an unused connection, or nil.
func (p *sftpPool) take(identity string) *sftpConn {
	p.mu.Lock()
	defer p.mu.Unlock()
	for len(p.conns[identity]) > 0 {
		last := len(p.conns[identity]) - 1
		c := p.conns[identity][last]
		p.drop(identity, last)
		c.idle.Stop()
		if !c.ended() {
			return c
		}
	}
	return nil
}

// keep puts a connection aside until it is taken, or for a minute.
func (p *sftpPool) keep(identity string, c *sftpConn) {
	p.mu.Lock()
	defer p.mu.Unlock()
	c.used = true
	if len(p.conns[identity]) >= sftpIdleMost {
		c.breakOff(net.ErrClosed)
		return
	}
	p.conns[identity] = append(p.conns[identity], c)
	c.idle = time.AfterFunc(sftpIdleTime, func() { p.expire(identity, c) })
}

// expire ends a connection that nobody takes.
func (p *sftpPool) expire(identity string, c *sftpConn) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if at := slices.Index(p.conns[identity], c); at >= 0 {
		p.drop(identity, at)
		c.breakOff(net.ErrClosed)
	}
}

func (p *sftpPool) drop(identity string, at int) {
	p.conns[identity] = slices.Delete(p.conns[identity], at, at+1)
	if len(p.conns[identity]) == 0 {
		delete(p.conns, identity)
	}
}

// sftpIdentity tells places apart without keeping their secrets.
func sftpIdentity(p Place) string {
	h := sha256.New()
	fmt.Fprintf(h, "%q %q", p.Label, p.StateDir)
	for _, name := range slices.Sorted(maps.Keys(p.Settings)) {
		fmt.Fprintf(h, " %q %q", name, p.Settings[name])
	}
	return string(h.Sum(nil))
}
