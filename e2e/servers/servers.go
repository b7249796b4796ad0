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
	"net"
	"os"
	"strings"
	"sync"
	"time"
)

// Password is the password of every server's administrator and of the accounts
// that tests make. Its characters are the ones that option files, pass files,
// connection strings and shells treat specially.
const Password = `p'a"s#s\w=o rd:;%é`

// startTimeout bounds how long a server may take to accept connections.
const startTimeout = 90 * time.Second

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

// freePort returns a loopback TCP port that nobody listens on at the moment.
func freePort() (int, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, err
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port, nil
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
