package e2e

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/backupman/backupman/e2e/program"
	"github.com/backupman/backupman/e2e/servers"
)

// TestLyingDumpTools puts a tool in place of mariadb-dump that dies or lies, and
// expects a failed backup with a sentence that says how, and nothing on the drive.
func TestLyingDumpTools(t *testing.T) {
	server := servers.MariaDB(t)
	db := server.Database(t)
	server.Exec(t, db, `CREATE TABLE words (id INT PRIMARY KEY AUTO_INCREMENT, word TEXT)`,
		`INSERT INTO words (word) SELECT SHA2(seq, 512) FROM seq_1_to_2000`, `CREATE TABLE others (id INT)`)
	whole := recordDump(t, server, db)
	size := fileSize(t, whole)
	for name, c := range map[string]struct{ commands, says string }{
		"dies at byte 0":                      {die(whole, 0), "signal"},
		"dies at byte 1":                      {die(whole, 1), "signal"},
		"dies at byte 4096":                   {die(whole, 4096), "signal"},
		"dies one byte before the end":        {die(whole, size-1), "signal"},
		"ends with status 3 after all of it":  {"cat '" + whole + "'; echo 'lost the server' >&2; exit 3", "lost the server"},
		"ends well without its end marker":    {fmt.Sprintf("head -c %d '%s'", size/2, whole), "end"},
		"ends well one byte before the end":   {fmt.Sprintf("head -c %d '%s'", size-1, whole), "end"},
		"ends well and says nothing":          {"true", ""},
		"adds something after its end marker": {"cat '" + whole + "'; echo x", "end"},
		"leaves a table out":                  {"cat '" + recordDump(t, server, db, "--ignore-table="+db+".words") + "'", "words"},
	} {
		t.Run(name, func(t *testing.T) {
			i := install(t, mariadbSource(server, db, wrapper(t, server, c.commands)), filepath.Join(t.TempDir(), "copies"))
			r := i.run("run", "shop", "--wait")
			if r.Code != 1 || !strings.Contains(r.Out, "failed") || !strings.Contains(r.Out, c.says) {
				t.Errorf("status %d: %s%s", r.Code, r.Out, r.Err)
			}
			if left := append(files(t, i.drives[0]), files(t, filepath.Join(i.data(), "spool"))...); len(left) != 0 {
				t.Errorf("left: %v", left)
			}
		})
	}
	t.Run("an honest tool", func(t *testing.T) {
		i := install(t, mariadbSource(server, db, wrapper(t, server, "cat '"+whole+"'")), filepath.Join(t.TempDir(), "copies"))
		if r := i.run("run", "shop", "--wait"); r.Code != 0 {
			t.Errorf("status %d: %s%s", r.Code, r.Out, r.Err)
		}
	})
}

// TestAKilledRunLeavesNoDumpTool kills the program while its tool waits, as for
// a lock, and expects the tool to end too.
func TestAKilledRunLeavesNoDumpTool(t *testing.T) {
	server := servers.MariaDB(t)
	db := server.Database(t)
	server.Exec(t, db, `CREATE TABLE t (id INT)`)
	pidFile := filepath.Join(t.TempDir(), "pid")
	i := install(t, mariadbSource(server, db, wrapper(t, server, "echo $$ > '"+pidFile+"'; exec sleep 600")), filepath.Join(t.TempDir(), "copies"))
	cmd := exec.Command(program.Path(t), i.args("run", "shop", "--wait")...)
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	var pid int
	program.Eventually(t, patience, func(context.Context) error {
		text, err := os.ReadFile(pidFile)
		if err != nil {
			return err
		}
		pid, err = strconv.Atoi(strings.TrimSpace(string(text)))
		return err
	})
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait()
	program.Eventually(t, patience, func(context.Context) error {
		if err := syscall.Kill(pid, 0); err == nil && !zombie(pid) {
			return fmt.Errorf("the dump tool, process %d, still runs", pid)
		}
		return nil
	})
}

// zombie reports whether a process has ended and only waits to be reaped.
func zombie(pid int) bool {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	return err == nil && strings.Contains(string(text), ") Z ")
}

func mariadbSource(server *servers.MySQL, db, tool string) string {
	return fmt.Sprintf("{provider: mysql, label: shop, host: %s, port: %d, db_name: %s, user: %s, password: '%s', dump_tool: %s}",
		server.Host, server.Port, db, server.User, strings.ReplaceAll(server.Password, "'", "''"), tool)
}

// recordDump keeps what the real tool says of a database.
func recordDump(t *testing.T, server *servers.MySQL, db string, more ...string) string {
	t.Helper()
	dir := t.TempDir()
	options, dump := filepath.Join(dir, "client.cnf"), filepath.Join(dir, "whole.sql")
	if err := os.WriteFile(options, []byte(server.OptionFile()), 0o600); err != nil {
		t.Fatal(err)
	}
	args := append([]string{"--defaults-file=" + options, "--single-transaction", "--hex-blob", "--skip-dump-date", "--result-file=" + dump}, more...)
	cmd := exec.CommandContext(t.Context(), server.DumpTool, append(args, "--", db)...)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	return dump
}

func fileSize(t *testing.T, path string) int64 {
	t.Helper()
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	return info.Size()
}

func die(whole string, at int64) string {
	return fmt.Sprintf("head -c %d '%s'; kill -9 $$", at, whole)
}

// wrapper is a dump tool that tells the real one's version and then does as it is told.
func wrapper(t *testing.T, server *servers.MySQL, commands string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "mariadb-dump")
	script := fmt.Sprintf("#!/bin/sh\nif [ \"$1\" = --version ]; then exec '%s' --version; fi\n%s\n", server.DumpTool, commands)
	if err := os.WriteFile(path, []byte(script), 0o755); err != nil {
		t.Fatal(err)
	}
	return path
}
