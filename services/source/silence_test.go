package source

import (
	"errors"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgproto3"

	"github.com/backupman/backupman/models"
)

// silent starts a server that greets each client as said and then says nothing
// more, and returns its port.
func silent(t *testing.T, greet func(net.Conn)) string {
	t.Helper()
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	t.Cleanup(func() { close(done); _ = l.Close() })
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				defer conn.Close()
				greet(conn)
				<-done
			}()
		}
	}()
	_, port, _ := net.SplitHostPort(l.Addr().String())
	return port
}

func silentSettings(port string) models.Settings {
	return models.Settings{"host": "127.0.0.1", "port": port, "db_name": "shop", "user": "backup", "tls": "false"}
}

func TestMySQLGivesUpASilentServer(t *testing.T) {
	m := opened(t, mysqlKind, silentSettings(silent(t, func(net.Conn) {}))).(*MySQL)
	_, err := m.connectWithin(t.Context(), 50*time.Millisecond)
	if !errors.Is(err, models.ErrInvalid) || !strings.Contains(err.Error(), "did not answer within 50ms") {
		t.Errorf("got %v", err)
	}
	c, err := m.driverConfig(m.database())
	if err != nil {
		t.Fatal(err)
	}
	if c.Timeout <= 0 || c.Timeout > time.Minute || c.ReadTimeout != 10*time.Minute || c.WriteTimeout <= 0 || c.WriteTimeout > 10*time.Minute {
		t.Errorf("timeouts: dial %s, read %s, write %s", c.Timeout, c.ReadTimeout, c.WriteTimeout)
	}
}

func TestPostgresGivesUpASilentServer(t *testing.T) {
	p := opened(t, postgresKind, silentSettings(silent(t, greetAsPostgres))).(*Postgres)
	if p.patience != 10*time.Minute {
		t.Errorf("the patience is %s", p.patience)
	}
	p.patience = time.Second
	_, checked := p.Check(t.Context())
	_, planned := p.plan(t.Context())
	for doing, err := range map[string]error{"check": checked, "plan": planned} {
		if !errors.Is(err, models.ErrInvalid) || !strings.Contains(err.Error(), "did not answer in time") {
			t.Errorf("%s: got %v", doing, err)
		}
	}
}

// greetAsPostgres lets a client in, who may then ask in vain.
func greetAsPostgres(conn net.Conn) {
	server := pgproto3.NewBackend(conn, conn)
	if _, err := server.ReceiveStartupMessage(); err != nil {
		return
	}
	server.Send(&pgproto3.AuthenticationOk{})
	server.Send(&pgproto3.ReadyForQuery{TxStatus: 'I'})
	_ = server.Flush()
}
