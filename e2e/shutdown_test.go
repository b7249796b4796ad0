package e2e

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"

	_ "modernc.org/sqlite" // the driver of the source

	"github.com/backupman/backupman/e2e/program"
	"github.com/backupman/backupman/e2e/servers"
)

// ends are the two ways in which a server's end meets what runs.
var ends = []struct {
	name, grace string
	// rate is that of an upload: slow enough to be under way when the server is asked to end.
	rate string
	// told is what the server says of a dump, and of an upload, that was under way.
	dump, upload string
}{
	{"with time enough", "10m", "1MB/s", "finished", "finished"},
	{"with too little time", "1s", "100kB/s", "put back into the queue", "handed over"},
}

// blobs makes a SQLite database that does not pack well.
func blobs(t *testing.T, megabytes int) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "shop.db")
	db, err := sql.Open("sqlite", path)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if _, err := db.ExecContext(t.Context(), "CREATE TABLE blobs (id INTEGER PRIMARY KEY, content BLOB)"); err != nil {
		t.Fatal(err)
	}
	for range megabytes {
		if _, err := db.ExecContext(t.Context(), "INSERT INTO blobs (content) VALUES (randomblob(1000000))"); err != nil {
			t.Fatal(err)
		}
	}
	return path
}

// begin starts a backup by the API and waits until it has come as far as asked.
func begin(t *testing.T, s *program.Server, far func() bool) {
	t.Helper()
	if body, status, err := fetch(t.Context(), http.MethodPost, s.URL+"/api/backups", ""); err != nil || status >= 300 {
		t.Fatalf("status %d (%v): %s", status, err, body)
	}
	program.Eventually(t, patience, func(context.Context) error {
		if !far() {
			return errors.New("it has not come that far")
		}
		return nil
	})
}

// hasDumped returns whether the one backup has a proven dump that is written down: it has
// a path then.
func hasDumped(t *testing.T, s *program.Server) func() bool {
	return func() bool {
		list, err := backups(t.Context(), s.URL)
		return err == nil && len(list) == 1 && list[0].DumpPath != nil
	}
}

// finishes starts the server again and expects its one backup to finish.
func (i *installation) finishes(t *testing.T) {
	t.Helper()
	server := program.Serve(t, i.args("serve", "--listen", "127.0.0.1:0")...)
	var list []listed
	program.Eventually(t, patience, func(ctx context.Context) (err error) {
		if list, err = backups(ctx, server.URL); err != nil {
			return err
		}
		if len(list) != 1 || list[0].Status != "finished" {
			return fmt.Errorf("the backups are %+v", list)
		}
		if left := files(t, filepath.Join(i.data(), "spool")); len(left) != 0 {
			return fmt.Errorf("left in the spool: %v", left) // it goes after the end is written down
		}
		return i.nothingElse(t, list)
	})
	for path := range finishedCopies(list) {
		readsBack(t, path)
	}
}

func TestServersThatEndWhileTheyUpload(t *testing.T) {
	for _, end := range ends {
		t.Run(end.name, func(t *testing.T) {
			i := install(t, fmt.Sprintf("{provider: sqlite, label: shop, db_path: %q}", blobs(t, 8)), otherDisk(t))
			i.change(func(text string) string {
				return strings.Replace(text, "label: drive0", "label: drive0, rate_limit: "+end.rate, 1) + "shutdown_grace: " + end.grace + "\n"
			})
			server := program.Serve(t, i.args("serve", "--listen", "127.0.0.1:0")...)
			begin(t, server, hasDumped(t, server))
			server.Stop(t)
			i.change(func(text string) string { return strings.Replace(text, ", rate_limit: "+end.rate, "", 1) })
			if !strings.Contains(server.Log(), "of shop: "+end.upload) {
				t.Errorf("the server does not tell that it was %s: %s", end.upload, server.Log())
			}
			i.finishes(t)
		})
	}
}

func TestServersThatEndWhileTheyDump(t *testing.T) {
	db := servers.MariaDB(t)
	for _, end := range ends {
		t.Run(end.name, func(t *testing.T) {
			name := db.Database(t)
			db.Exec(t, name, "CREATE TABLE t (id INT PRIMARY KEY AUTO_INCREMENT, x LONGTEXT)",
				"INSERT INTO t (x) SELECT REPEAT('x', 100000) FROM seq_1_to_40")
			proxy := servers.TCPProxy(t, net.JoinHostPort(db.Host, strconv.Itoa(db.Port)))
			_, port, err := net.SplitHostPort(proxy.Address)
			if err != nil {
				t.Fatal(err)
			}
			i := install(t, fmt.Sprintf("{provider: mysql, label: shop, host: 127.0.0.1, port: %s, db_name: %s, user: %s, password: '%s', tls: 'false'}",
				port, name, db.User, strings.ReplaceAll(db.Password, "'", "''")), filepath.Join(t.TempDir(), "drive"))
			i.change(func(text string) string { return text + "shutdown_grace: " + end.grace + "\n" })
			proxy.Limit(servers.Down, 500_000)
			server := program.Serve(t, i.args("serve", "--listen", "127.0.0.1:0")...)
			from := proxy.Bytes(servers.Down)
			begin(t, server, func() bool { return proxy.Bytes(servers.Down) > from+500_000 })
			proxy.Stall() // so that the dump runs while the server is asked to end
			if err := server.Process.Signal(syscall.SIGTERM); err != nil {
				t.Fatal(err)
			}
			if end.dump == "finished" {
				program.Eventually(t, patience, func(context.Context) error {
					if !strings.Contains(server.Log(), "what runs may come to its end") {
						return errors.New("it has not begun to end: " + server.Log())
					}
					return nil
				})
				proxy.Limit(servers.Down, 1<<30)
				proxy.Release()
			}
			server.Wait(t)
			if !strings.Contains(server.Log(), "of shop: "+end.dump) {
				t.Errorf("the server does not tell that it was %s: %s", end.dump, server.Log())
			}
			proxy.Release()
			proxy.Limit(servers.Down, 1<<30)
			i.finishes(t)
		})
	}
}

// change rewrites the configuration.
func (i *installation) change(how func(text string) string) {
	i.t.Helper()
	text, err := os.ReadFile(i.config)
	if err != nil {
		i.t.Fatal(err)
	}
	program.WriteConfig(i.t, i.dir, how(string(text)))
}
