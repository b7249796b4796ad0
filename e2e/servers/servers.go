// Package servers starts real database servers for tests: privately, on free
// loopback ports, with their data in a temporary folder, one of each kind per
// test process. They need neither root nor a running service, only the
// binaries of Debian's server packages, and they end with the process that
// started them, however it ends.
//
// A test whose server is not installed is skipped with a sentence that names
// the package, or fails when BACKUPMAN_TEST_SERVERS=require is set.
package servers

import (
	"crypto/rand"
	"encoding/hex"
	"errors"
	mathrand "math/rand/v2"
	"net"
	"os"
	"strconv"
	"strings"
	"sync"
	"time"
)

// Password is the password of every server's administrator and of the accounts
// that tests make. Its characters are the ones that option files, pass files,
// connection strings and shells treat specially.
const Password = `p'a"s#s\w=o rd:;%é`

// startTimeout bounds how long a server may take to accept connections.
const startTimeout = 3 * time.Minute

// once starts one server per process and remembers why it could not.
type once[T any] struct {
	mu     sync.Mutex
	done   bool
	server *T
	err    error
}

func (o *once[T]) get(start func() (*T, error)) (*T, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if !o.done {
		o.server, o.err = start()
		o.done = true
	}
	return o.server, o.err
}

// freePort returns a loopback TCP port that nobody listens on at the moment. It is none
// of those that the kernel gives away by itself, to connections and to whoever listens on
// port 0: one of them would be taken between this look and the server's own.
func freePort() (int, error) {
	for range 100 {
		port := lowestPort + mathrand.IntN(firstGivenAway()-lowestPort)
		if l, err := net.Listen("tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(port))); err == nil {
			return port, l.Close()
		}
	}
	return 0, errors.New("no free loopback port was found")
}

// lowestPort is the first port that freePort returns.
const lowestPort = 10000

// firstGivenAway returns the first port that the kernel gives away by itself: on Linux
// what it says, elsewhere and where that leaves no room the first by IANA's rules.
func firstGivenAway() int {
	text, _ := os.ReadFile("/proc/sys/net/ipv4/ip_local_port_range")
	if fields := strings.Fields(string(text)); len(fields) == 2 {
		if first, err := strconv.Atoi(fields[0]); err == nil && first > lowestPort+1000 {
			return first
		}
	}
	return 49152
}

// uniqueName returns a database name that no other test has.
func uniqueName() string {
	var b [6]byte
	rand.Read(b[:])
	return "t_" + hex.EncodeToString(b[:])
}

// quote puts q around a name or a text and doubles the ones inside.
func quote(s, q string) string {
	return q + strings.ReplaceAll(s, q, q+q) + q
}

// lastLines returns the end of a server's log, for error messages.
func lastLines(path string) string {
	b, _ := os.ReadFile(path)
	if len(b) > 2000 {
		b = b[len(b)-2000:]
	}
	return string(b)
}
