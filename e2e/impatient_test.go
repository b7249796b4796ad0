package e2e

import (
	"context"
	"errors"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/backupman/backupman/e2e/program"
	"github.com/backupman/backupman/e2e/servers"
)

// A server whose metadata database is silent cannot hand over what runs. Nobody has to
// wait until it gives up, which takes more than a minute, and what it leaves is as good as after a crash.
func TestSignalsEndAServerWhoseDatabaseIsSilent(t *testing.T) {
	db := servers.MariaDB(t)
	proxy := servers.TCPProxy(t, net.JoinHostPort(db.Host, strconv.Itoa(db.Port)))
	_, port, err := net.SplitHostPort(proxy.Address)
	if err != nil {
		t.Fatal(err)
	}
	i := install(t, "{provider: sqlite, label: shop, db_path: '"+blobs(t, 8)+"'}", filepath.Join(t.TempDir(), "drive"))
	i.change(func(text string) string {
		return strings.Replace(text, "label: drive0", "label: drive0, rate_limit: 1MB/s", 1) +
			"shutdown_grace: 10m\ndatabase: {provider: mysql, host: 127.0.0.1, port: " + port + ", db_name: " + db.Database(t) +
			", user: " + db.User + ", password: '" + strings.ReplaceAll(db.Password, "'", "''") + "'}\n"
	})
	server := program.Serve(t, i.args("serve", "--listen", "127.0.0.1:0")...)
	begin(t, server, hasDumped(t, server))
	proxy.Stall()
	program.Eventually(t, time.Minute, func(context.Context) error {
		if err := server.Process.Signal(syscall.SIGTERM); errors.Is(err, os.ErrProcessDone) {
			return nil
		}
		return errors.New("it goes on, whatever it is told: " + server.Log())
	})
	proxy.Release()
	i.change(func(text string) string { return strings.Replace(text, ", rate_limit: 1MB/s", "", 1) })
	i.finishes(t)
}
