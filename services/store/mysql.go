package store

import (
	"context"
	"database/sql"
	"fmt"
	"log/slog"
	"strconv"
	"time"

	driver "github.com/go-sql-driver/mysql"
	"gorm.io/driver/mysql"
	"gorm.io/gorm"

	"github.com/backupman/backupman/models"
)

const (
	mysqlConnections = 16
	mysqlIdle        = 8
	// mysqlLifetime stays below the idle limits of usual servers and proxies.
	mysqlLifetime    = 3 * time.Minute
	mysqlDialTimeout = 10 * time.Second
	// mysqlWriteTimeout and mysqlReadTimeout give up a server that is gone without
	// a word. A server that waits for a lock answers when lockPatience is over.
	mysqlWriteTimeout = time.Minute
	mysqlReadTimeout  = lockPatience + 15*time.Second
	// mysqlSilence is how long the server waits for the next word of a connection. A
	// replica that freezes, or whose machine is gone, in the middle of a transaction holds
	// its locks no longer than that; by default others would wait for hours. A process
	// that is silent for so long has lost its leases, too.
	mysqlSilence = 10 * time.Second
)

func openMySQL(ctx context.Context, c Config, log *slog.Logger) (*Store, error) {
	settings, err := mysqlSettings(c, log)
	if err != nil {
		return nil, err
	}
	connector, err := driver.NewConnector(settings)
	if err != nil {
		return nil, models.Invalidf("the settings of the metadata database %s do not fit together: %v", c, err)
	}
	s := &Store{config: c, pool: sql.OpenDB(connector)}
	s.pool.SetMaxOpenConns(mysqlConnections)
	s.pool.SetMaxIdleConns(mysqlIdle)
	s.pool.SetConnMaxLifetime(mysqlLifetime)
	s.pool.SetConnMaxIdleTime(mysqlSilence / 2)
	if err := s.pool.PingContext(ctx); err != nil {
		_ = s.pool.Close()
		return nil, s.fault(fmt.Sprintf("reach the metadata database %s", c), err)
	}
	s.db, err = gorm.Open(mysql.New(mysql.Config{Conn: s.pool}), c.gorm(log))
	if err != nil {
		_ = s.pool.Close()
		return nil, s.fault(fmt.Sprintf("open the metadata database %s", c), err)
	}
	return s, nil
}

// mysqlSettings fixes what a server's own configuration could change under
// this program: the time zone, the character set and the strictness.
func mysqlSettings(c Config, log *slog.Logger) (*driver.Config, error) {
	if c.Host == "" || c.DBName == "" || c.User == "" {
		return nil, models.Invalidf("the metadata database on MySQL needs a host, a db_name and a user")
	}
	m := driver.NewConfig()
	m.Net, m.Addr = "tcp", c.address()
	if c.socket() {
		m.Net = "unix"
	}
	m.User, m.Passwd, m.DBName = c.User, c.Password, c.DBName
	m.ParseTime, m.Loc = true, time.UTC
	m.Collation = "utf8mb4_bin"
	m.Params = map[string]string{
		"sql_mode":     "'STRICT_ALL_TABLES,NO_ENGINE_SUBSTITUTION'",
		"wait_timeout": strconv.Itoa(int(mysqlSilence.Seconds())),
	}
	// An UPDATE that writes the same values still found its row, so it holds its lease.
	m.ClientFoundRows = true
	m.InterpolateParams = true
	m.Timeout, m.ReadTimeout, m.WriteTimeout = mysqlDialTimeout, mysqlReadTimeout, mysqlWriteTimeout
	m.Logger = driverLog{log}
	return m, setTLS(m, c.TLS)
}

func setTLS(m *driver.Config, mode string) error {
	switch mode {
	case "", "false":
		m.TLSConfig = "false"
	case "true", "skip-verify", "preferred":
		m.TLSConfig = mode
	default:
		return models.Invalidf("%q is not a tls setting of the metadata database: use true, false, skip-verify or preferred", mode)
	}
	return nil
}
