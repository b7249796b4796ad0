package servers

import (
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/backupman/backupman/e2e/needs"
)

func TestMariaDB(t *testing.T) { testMySQL(t, MariaDB(t)) }

func TestRealMySQL(t *testing.T) { testMySQL(t, RealMySQL(t)) }

func testMySQL(t *testing.T, s *MySQL) {
	name := s.Database(t)
	var charset string
	if err := s.DB(t, name).QueryRow("SELECT @@character_set_database").Scan(&charset); err != nil || charset != "utf8mb4" {
		t.Fatalf("character set %q, %v", charset, err)
	}
	out := s.Client(t, name, strings.NewReader("SELECT DATABASE();"), "--skip-column-names")
	if strings.TrimSpace(out) != name {
		t.Fatalf("client printed %q", out)
	}
}

func TestPostgres(t *testing.T) {
	s := Postgres(t)
	name := s.Database(t)
	out := s.Query(t, name, "SELECT current_database()", "SHOW server_encoding")
	if want := name + "\nUTF8\n"; out != want {
		t.Fatalf("psql printed %q, not %q", out, want)
	}
}

// TestNothingSurvives kills a process that started a server and waits for the
// server and its folder to go.
func TestNothingSurvives(t *testing.T) {
	if folder := os.Getenv("BACKUPMAN_TEST_START"); folder != "" {
		if err := os.WriteFile(folder, []byte(Postgres(t).daemon.folder), 0o600); err != nil {
			t.Fatal(err)
		}
		select {}
	}
	if postgresBin() == "" {
		needs.Missing(t, "needs initdb and postgres, which are not installed: apt-get install postgresql")
	}
	note := t.TempDir() + "/folder"
	child := exec.Command(os.Args[0], "-test.run=^TestNothingSurvives$")
	child.Env = append(os.Environ(), "BACKUPMAN_TEST_START="+note)
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the server starts", func() bool { b, _ := os.ReadFile(note); return len(b) > 0 })
	folder, _ := os.ReadFile(note)
	pid, err := os.ReadFile(string(folder) + "/data/postmaster.pid")
	if err != nil {
		t.Fatal(err)
	}
	if err := child.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = child.Wait()
	exe := "/proc/" + strings.Fields(string(pid))[0] + "/exe"
	eventually(t, "the server ends", func() bool { _, err := os.Readlink(exe); return err != nil })
	eventually(t, "the folder goes", func() bool { _, err := os.Stat(string(folder)); return os.IsNotExist(err) })
}

func eventually(t *testing.T, what string, done func() bool) {
	t.Helper()
	for deadline := time.Now().Add(startTimeout); !done(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("waited too long until %s", what)
		}
	}
}
