package bench

import (
	"database/sql"
	"encoding/json"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

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
// processors, so that the ratio tells more of the machine than of the program. The third
// holds one line for a minute, and tells how much later the others have their copies.
func BenchmarkFanOut1GiB(b *testing.B) {
	b.Run("lines", func(b *testing.B) { beside(b, newFan(b, fastLine, middleLine, slowLine)) })
	b.Run("loopback", func(b *testing.B) { beside(b, newFan(b, 0, 0, 0)) })
	b.Run("stalled", func(b *testing.B) { stalled(b, newFan(b, fastLine, middleLine, slowLine)) })
}

// fan is an installation with a job "all" onto four drives and a job "slowest".
type fan struct {
	config, data string
	sftp         *servers.TCP
}

func newFan(b *testing.B, s3Pace, sftpPace, webdavPace int) fan {
	b.Helper()
	dir := b.TempDir()
	s3, ssh, dav := servers.S3(b), servers.SSH(b), servers.WebDAV(b)
	toS3, toSSH := line(b, s3.Endpoint, s3Pace), line(b, net.JoinHostPort(ssh.Host, strconv.Itoa(ssh.Port)), sftpPace)
	toDAV := line(b, strings.TrimSuffix(strings.TrimPrefix(dav.URL, "http://"), "/"), webdavPace)
	sshHost, sshPort, err := net.SplitHostPort(toSSH.Address)
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
		s3.Bucket, s3.Region, toS3.Address, s3.AccessKey, s3.SecretKey,
		sshHost, sshPort, ssh.User, ssh.KeyFile, ssh.Root, ssh.HostKey,
		toDAV.Address, dav.User, dav.Password))
	return fan{config: config, data: filepath.Join(dir, "data"), sftp: toSSH}
}

// run makes a backup and returns how that went, and after how long each drive had its
// copy, by provider.
func (f fan) run(b *testing.B, job string) (program.Result, map[string]time.Duration) {
	b.Helper()
	r := program.Run(b, "-c", f.config, "--data", f.data, "--json", "run", job, "--wait")
	var made struct {
		CreatedAt  time.Time
		DriveFiles []struct {
			Provider  string
			UpdatedAt time.Time
		}
	}
	if err := json.Unmarshal([]byte(r.Out), &made); err != nil || r.Code != 0 {
		b.Fatalf("run %s: %v: %s%s", job, err, r.Out, r.Err)
	}
	after := map[string]time.Duration{}
	for _, c := range made.DriveFiles {
		after[c.Provider] = c.UpdatedAt.Sub(made.CreatedAt)
	}
	b.Logf("%s: %.1f s, %.1f s of processor, peak memory %d MiB, copies after %v", job, r.Wall.Seconds(), r.CPU.Seconds(), r.MaxRSS>>20, after)
	return r, after
}

// stalled holds the line to the SFTP server for the first minute.
func stalled(b *testing.B, f fan) {
	for b.Loop() {
		_, usual := f.run(b, "all")
		f.sftp.Stall()
		release := time.AfterFunc(time.Minute, func() { f.sftp.Release() })
		_, now := f.run(b, "all")
		release.Stop()
		worst := 0.0
		for provider, took := range usual {
			if provider != "sftp" && took > 10*time.Second { // less is told too coarsely, in whole seconds
				worst = max(worst, now[provider].Seconds()/took.Seconds())
			}
		}
		b.ReportMetric(worst, "others-ratio")
		b.ReportMetric((now["sftp"] - usual["sftp"]).Seconds(), "stalled-later-s")
		b.ReportMetric(0, "ns/op")
	}
}

// beside backs up to the slowest drive alone and then to all of them.
func beside(b *testing.B, f fan) {
	for b.Loop() {
		alone, _ := f.run(b, "slowest")
		all, _ := f.run(b, "all")
		b.ReportMetric(alone.Wall.Seconds(), "slowest-alone-s")
		b.ReportMetric(all.Wall.Seconds(), "all-four-s")
		b.ReportMetric(all.Wall.Seconds()/alone.Wall.Seconds(), "ratio")
		b.ReportMetric(float64(all.MaxRSS>>20), "peak-MiB")
		b.ReportMetric(0, "ns/op")
	}
}

// line is a line of a certain pace to a server; at a pace of 0 there is none.
func line(b *testing.B, target string, pace int) *servers.TCP {
	b.Helper()
	if pace == 0 {
		return &servers.TCP{Address: target}
	}
	proxy := servers.TCPProxy(b, target)
	proxy.Limit(servers.Up, pace)
	proxy.Limit(servers.Down, pace)
	return proxy
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
