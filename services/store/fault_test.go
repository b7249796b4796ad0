package store

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"path/filepath"
	"testing"

	driver "github.com/go-sql-driver/mysql"

	"github.com/backupman/backupman/models"
)

func TestFaultOfMySQL(t *testing.T) {
	s := &Store{config: Config{Provider: ProviderMySQL, Host: "db", DBName: "meta", User: "u", Password: "hidden"}}
	for _, check := range []struct {
		number  uint16
		message string
		full    bool
	}{
		{1021, "Disk full (/tmp/x); waiting for someone to free some space...", true},
		{1114, "The table 'logs' is full", true},
		{1026, `Error writing file 'x' (errno: 28 "No space left on device")`, true},
		{1030, `Got error 28 "No space left on device" from storage engine InnoDB`, true},
		{1030, `Got error 168 "Unknown" from storage engine`, false},
		{1146, "Table 'meta.logs' doesn't exist", false},
	} {
		t.Run(fmt.Sprint(check.number, check.full), func(t *testing.T) {
			cause := &driver.MySQLError{Number: check.number, Message: check.message}
			err := s.fault("save the log", cause)
			equal(t, "being a full disk", errors.Is(err, models.ErrNoSpace), check.full)
			if check.full {
				mentions(t, err, "meta on db:3306")
				return
			}
			mentions(t, err, "save the log: ")
			if !errors.Is(err, cause) {
				t.Fatalf("%v does not hold its cause", err)
			}
		})
	}
	mentions(t, s.fault("x", &driver.MySQLError{Number: 1205}), "meta on db:3306", "locked")
	refuseWord(t, fmt.Sprintf("%v %+v", s.config, s.config), "hidden")
}

func TestFaultKeepsSentences(t *testing.T) {
	s := &Store{}
	told := models.Conflictf("a sentence")
	equal(t, "a sentence", s.fault("do it", told), told)
	equal(t, "no error", s.fault("do it", nil), nil)
	if err := s.fault("do it", io.EOF); !errors.Is(err, io.EOF) {
		t.Fatalf("%v does not hold its cause", err)
	}
}

// TestQueryLog sees that neither what is not found nor what is stored is logged.
func TestQueryLog(t *testing.T) {
	var written bytes.Buffer
	log := slog.New(slog.NewTextHandler(&written, &slog.HandlerOptions{Level: slog.LevelDebug}))
	s, err := Open(t.Context(), Config{Path: filepath.Join(t.TempDir(), "m.db")}, log)
	must(t, err)
	defer s.Close()
	_, err = s.JobByLabel(t.Context(), "private-label")
	wants(t, err, models.ErrNotFound)
	equal(t, "the log", written.String(), "")

	if s.db.Exec("INSERT INTO nowhere VALUES (?)", "private-value").Error == nil {
		t.Fatal("a query of a missing table had no error")
	}
	mentions(t, errors.New(written.String()), "INSERT INTO nowhere VALUES (?)", "cause=\"sqlite 1\"", "level=DEBUG")
	refuseWord(t, written.String(), "private")
}
