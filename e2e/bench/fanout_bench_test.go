package bench

import (
	"database/sql"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	_ "modernc.org/sqlite" // makes the database that is backed up

	"github.com/backupman/backupman/e2e/program"
	"github.com/backupman/backupman/e2e/servers"
)

// The pace of the lines to the remote drives, in bytes a second: what uplinks of 200,
// 400 and 800 Mbit/s carry.
const (
	slowLine   = 25_000_000
	middleLine = 50_000_000
	fastLine   = 100_000_000
)

// BenchmarkFanOut1GiB backs 1 GiB up to four drives at once and to the slowest of them
// alone, and reports the ratio of the two and the peak memory of the program: over lines
// of different pace, and over loopback, where all servers and the program share the
// processors, so that the ratio tells more of the machine than of the program.
func BenchmarkFanOut1GiB(b *testing.B) {
	b.Run("lines", func(b *testing.B) { fanOut(b, fastLine, middleLine, slowLine) })
	b.Run("loopback", func(b *testing.B) { fanOut(b, 0, 0, 0) })
}

func fanOut(b *testing.B, s3Pace, sftpPace, webdavPace int) {
	dir := b.TempDir()
	s3, ssh, dav := servers.S3(b), servers.SSH(b), servers.WebDAV(b)
	toS3, toSSH := line(b, s3.Endpoint, s3Pace), line(b, net.JoinHostPort(ssh.Host, strconv.Itoa(ssh.Port)), sftpPace)
	toDAV := line(b, strings.TrimSuffix(strings.TrimPrefix(dav.URL, "http://"), "/"), webdavPace)
	sshHost, sshPort, err := net.SplitHostPort(toSSH)
	if err != nil {
		b.Fatal(err)
	}
	config := program.WriteConfig(b, dir, fmt.Sprintf(`
data_sources:
  - {provider: sqlite, label: big, db_path: %q}
drives:
  - {provider: local, label: here, folder: %q}
  - {provider: s3, label: s3, bucket: %q, region: %q, endpoint: "http://%s", access_key: %q, secret_key: %q, force_path_style: true, checksums: "on"}
  - {provider: sftp, label: sftp, host: %q, port: %s, user: %q, key_file: %q, folder: %q, host_key: %q}
  - {provider: webdav, label: webdav, url: "http://%s/", user: %q, password: %q}
jobs:
  - {label: all, data_source: big, drives: [here, s3, sftp, webdav], compression: none}
  - {label: slowest, data_source: big, drives: [webdav], compression: none}
`, database(b, dir), filepath.Join(dir, "copies"),
		s3.Bucket, s3.Region, toS3, s3.AccessKey, s3.SecretKey,
		sshHost, sshPort, ssh.User, ssh.KeyFile, ssh.Root, ssh.HostKey,
		toDAV, dav.User, dav.Password))
	run := func(job string) program.Result {
		r := program.Run(b, "-c", config, "--data", filepath.Join(dir, "data"), "run", job, "--wait")
		if r.Code != 0 {
			b.Fatalf("run %s: %s%s", job, r.Out, r.Err)
		}
		b.Logf("%s: %.1f s, %.1f s of processor, peak memory %d MiB", job, r.Wall.Seconds(), r.CPU.Seconds(), r.MaxRSS>>20)
		return r
	}
	for b.Loop() {
		alone, all := run("slowest"), run("all")
		b.ReportMetric(alone.Wall.Seconds(), "slowest-alone-s")
		b.ReportMetric(all.Wall.Seconds(), "all-four-s")
		b.ReportMetric(all.Wall.Seconds()/alone.Wall.Seconds(), "ratio")
		b.ReportMetric(float64(all.MaxRSS>>20), "peak-MiB")
		b.ReportMetric(0, "ns/op")
	}
}

// line returns the address of a line of a certain pace to a server; 0 is no line.
func line(b *testing.B, target string, pace int) string {
	b.Helper()
	if pace == 0 {
		return target
	}
	proxy := servers.TCPProxy(b, target)
	proxy.Limit(servers.Up, pace)
	proxy.Limit(servers.Down, pace)
	return proxy.Address
}

// database makes an SQLite database of 1 GiB that cannot be compressed.
func database(b *testing.B, dir string) string {
	b.Helper()
	path := filepath.Join(dir, "big.db")
	db, err := sql.Open("sqlite", path+"?_pragma=journal_mode(OFF)&_pragma=synchronous(OFF)")
	if err != nil {
		b.Fatal(err)
	}
	defer db.Close()
	for _, statement := range []string{
		"CREATE TABLE photos (id INTEGER PRIMARY KEY, image BLOB NOT NULL)",
		"WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1024) INSERT INTO photos SELECT i, randomblob(1048576) FROM n",
	} {
		if _, err := db.ExecContext(b.Context(), statement); err != nil {
			b.Fatal(err)
		}
	}
	if info, err := os.Stat(path); err != nil || info.Size() < gigabyte {
		b.Fatalf("the database has %d bytes, %v", info.Size(), err)
	}
	return path
}
