package servers

import (
	"context"
	"errors"
	"io"
	"net"
	"strconv"
	"sync"
	"testing"
	"time"

	"golang.org/x/time/rate"
)

// Direction is the way bytes go through a proxy.
type Direction int

// Up goes from the client to the server, Down from the server to the client.
const (
	Up Direction = iota
	Down
)

// TCP is a proxy on loopback that a test makes behave badly. What is switched
// counts for all its connections, those that are open included.
type TCP struct {
	// Address is where clients connect, HOST:PORT.
	Address string

	target string
	ctx    context.Context
	pumps  sync.WaitGroup

	mu       sync.Mutex
	listener net.Listener
	pairs    map[*tcpPair]bool
	stalled  bool
	latency  time.Duration
	lanes    [2]tcpLane
	cuts     int
	accepted int
	// changed closes when anything is switched.
	changed chan struct{}
}

// tcpLane is one direction.
type tcpLane struct {
	bytes int64
	// cut is armed when the connection that carries the byte after left is reset.
	cut   bool
	left  int64
	limit *rate.Limiter
}

// TCPProxy starts a proxy before target, HOST:PORT, that ends with the test. At
// first it passes everything on.
func TCPProxy(t testing.TB, target string) *TCP {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	p := &TCP{target: target, ctx: ctx, pairs: map[*tcpPair]bool{}, changed: make(chan struct{})}
	port, err := freePort() // nobody takes it while Refuse has left it
	if err == nil {
		err = p.listen(net.JoinHostPort("127.0.0.1", strconv.Itoa(port)))
	}
	if err != nil {
		cancel()
		t.Fatalf("start a proxy: %v", err)
	}
	t.Cleanup(func() {
		cancel()
		p.Refuse()
		p.Reset()
		p.pumps.Wait()
	})
	return p
}

// Pass takes everything back: nothing is limited, held or cut any more.
func (p *TCP) Pass(t testing.TB) {
	t.Helper()
	p.change(func() {
		p.stalled, p.latency = false, 0
		for i := range p.lanes {
			p.lanes[i].cut, p.lanes[i].limit = false, nil
		}
	})
	p.mu.Lock()
	closed := p.listener == nil
	p.mu.Unlock()
	if !closed {
		return
	}
	if err := p.listen(p.Address); err != nil {
		t.Fatalf("start the proxy again: %v", err)
	}
}

// Cut lets so many more bytes through in a direction and then resets the
// connection that carries the next one. It does so once.
func (p *TCP) Cut(d Direction, after int64) {
	p.change(func() { p.lanes[d].cut, p.lanes[d].left = true, after })
}

// Stall takes and gives nothing until Pass. Connections are accepted and stay open.
func (p *TCP) Stall() { p.change(func() { p.stalled = true }) }

// Release lets go on what Stall holds, and changes nothing else.
func (p *TCP) Release() { p.change(func() { p.stalled = false }) }

// Limit lets so many bytes a second through in a direction, all connections together.
func (p *TCP) Limit(d Direction, bytesPerSecond int) {
	p.change(func() { p.lanes[d].limit = rate.NewLimiter(rate.Limit(bytesPerSecond), tcpChunk) })
}

// Delay makes each byte arrive so much later, in both directions.
func (p *TCP) Delay(by time.Duration) { p.change(func() { p.latency = by }) }

// Refuse accepts no new connection until Pass; open ones go on.
func (p *TCP) Refuse() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.listener != nil {
		_ = p.listener.Close()
		p.listener = nil
	}
}

// Reset cuts every open connection.
func (p *TCP) Reset() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for pair := range p.pairs {
		pair.reset()
	}
}

// Bytes returns how many bytes went through in a direction.
func (p *TCP) Bytes(d Direction) int64 {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.lanes[d].bytes
}

// Cuts returns how often Cut has cut a connection.
func (p *TCP) Cuts() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.cuts
}

// Connections returns how many connections were accepted.
func (p *TCP) Connections() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.accepted
}

func (p *TCP) change(what func()) {
	p.mu.Lock()
	defer p.mu.Unlock()
	what()
	close(p.changed)
	p.changed = make(chan struct{})
}

func (p *TCP) listen(address string) error {
	l, err := net.Listen("tcp", address)
	if err != nil {
		return err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.listener = l
	if p.Address == "" {
		p.Address = l.Addr().String()
	}
	p.pumps.Go(func() { p.accept(l) })
	return nil
}

func (p *TCP) accept(l net.Listener) {
	for {
		client, err := l.Accept()
		if err != nil {
			return
		}
		p.pumps.Go(func() { p.serve(client.(*net.TCPConn)) })
	}
}

// serve connects a client to the server and carries bytes both ways to their end.
func (p *TCP) serve(client *net.TCPConn) {
	var dialer net.Dialer
	server, err := dialer.DialContext(p.ctx, "tcp", p.target)
	if err != nil {
		abort(client)
		return
	}
	pair := &tcpPair{client: client, server: server.(*net.TCPConn), done: make(chan struct{})}
	p.mu.Lock()
	p.pairs[pair] = true
	p.accepted++
	p.mu.Unlock()
	var both sync.WaitGroup
	both.Go(func() { p.carry(pair, Up, pair.client, pair.server) })
	both.Go(func() { p.carry(pair, Down, pair.server, pair.client) })
	both.Wait()
	p.mu.Lock()
	delete(p.pairs, pair)
	p.mu.Unlock()
	_, _ = client.Close(), server.Close()
}

// tcpPair is one connection through the proxy.
type tcpPair struct {
	client, server *net.TCPConn
	once           sync.Once
	done           chan struct{}
}

// reset breaks both ends, as a network that fails does.
func (c *tcpPair) reset() {
	c.once.Do(func() {
		close(c.done)
		abort(c.client)
		abort(c.server)
	})
}

func (c *tcpPair) stands() bool {
	select {
	case <-c.done:
		return false
	default:
		return true
	}
}

// abort closes a connection so that the other end sees a reset.
func abort(c *net.TCPConn) {
	_ = c.SetLinger(0)
	_ = c.Close()
}

// tcpChunk is how many bytes are carried at a time.
const tcpChunk = 32 << 10

// tcpPiece is what was read, and when it may arrive.
type tcpPiece struct {
	data []byte
	due  time.Time
}

// carry reads and writes side by side, so that a delay costs no throughput.
func (p *TCP) carry(pair *tcpPair, d Direction, from, to *net.TCPConn) {
	pieces := make(chan tcpPiece, 64)
	var writer sync.WaitGroup
	writer.Go(func() {
		for piece := range pieces {
			if err := p.deliver(pair, d, to, piece); err != nil {
				pair.reset()
			}
		}
		_ = to.CloseWrite()
	})
	p.take(pair, from, pieces)
	close(pieces)
	writer.Wait()
}

// take reads until the end; a broken end breaks the other one, too.
func (p *TCP) take(pair *tcpPair, from *net.TCPConn, pieces chan<- tcpPiece) {
	for p.flowing(pair) {
		data := make([]byte, tcpChunk)
		n, err := from.Read(data)
		if n > 0 {
			pieces <- tcpPiece{data[:n], time.Now().Add(p.delay())}
		}
		if errors.Is(err, io.EOF) {
			return
		}
		if err != nil {
			pair.reset()
			return
		}
	}
}

func (p *TCP) delay() time.Duration {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.latency
}

// flowing waits out a stall and reports whether the connection still stands.
func (p *TCP) flowing(pair *tcpPair) bool {
	for {
		p.mu.Lock()
		stalled, changed := p.stalled, p.changed
		p.mu.Unlock()
		if !stalled {
			return pair.stands() && p.ctx.Err() == nil
		}
		select {
		case <-pair.done:
			return false
		case <-p.ctx.Done():
			return false
		case <-changed:
		}
	}
}

var errCut = errors.New("the connection is cut")

// deliver writes a piece when it is due, as far as the lane lets it through.
func (p *TCP) deliver(pair *tcpPair, d Direction, to *net.TCPConn, piece tcpPiece) error {
	if !pause(pair, time.Until(piece.due)) {
		return errCut
	}
	for data := piece.data; len(data) > 0; {
		if !p.flowing(pair) {
			return errCut
		}
		n, limit := p.permit(d, len(data))
		if n == 0 {
			return errCut
		}
		if limit != nil && limit.WaitN(p.ctx, n) != nil {
			return errCut
		}
		if _, err := to.Write(data[:n]); err != nil {
			return err
		}
		data = data[n:]
	}
	return nil
}

// permit counts how many of the bytes go through now; none when the lane is cut here.
func (p *TCP) permit(d Direction, bytes int) (int, *rate.Limiter) {
	p.mu.Lock()
	defer p.mu.Unlock()
	lane := &p.lanes[d]
	if lane.cut {
		bytes = int(min(int64(bytes), lane.left))
		lane.left -= int64(bytes)
	}
	if lane.cut && bytes == 0 {
		lane.cut = false
		p.cuts++
	}
	lane.bytes += int64(bytes)
	return bytes, lane.limit
}

// pause waits, unless the connection is cut meanwhile.
func pause(pair *tcpPair, wait time.Duration) bool {
	if wait <= 0 {
		return true
	}
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-pair.done:
		return false
	}
}
