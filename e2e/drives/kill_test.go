package drives

import (
	"context"
	"crypto/rand"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/minio/minio-go/v7"
	_ "modernc.org/sqlite" // makes the database that is backed up

	"github.com/backupman/backupman/e2e/program"
	"github.com/backupman/backupman/e2e/servers"
)

// What a killed process left on remote drives is gone once the next one has settled its
// backup: a proven dump is carried on with, an unproven one fails.
func TestAKilledUploadIsCarriedOnOrSwept(t *testing.T) {
	for name, c := range map[string]struct {
		compression string
		// size is the database's, in MiB.
		size int
		// line is the pace of the uploads in bytes a second.
		line   int
		phase  string
		status string
	}{
		"while it dumps":   {compression: "gzip", size: 256, line: 40 << 20, phase: "dumping", status: "failed"},
		"while it uploads": {compression: "none", size: 64, line: 3 << 20, phase: "uploading", status: "finished"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s3, ssh, dav := servers.S3(t), servers.SSH(t), servers.WebDAV(t)
			proxies := []*servers.TCP{
				servers.TCPProxy(t, s3.Endpoint),
				servers.TCPProxy(t, net.JoinHostPort(ssh.Host, strconv.Itoa(ssh.Port))),
				servers.TCPProxy(t, strings.TrimSuffix(strings.TrimPrefix(dav.URL, "http://"), "/")),
			}
			for _, p := range proxies {
				p.Limit(servers.Up, c.line)
			}
			host, port, err := net.SplitHostPort(proxies[1].Address)
			must(t, err)
			dir := t.TempDir()
			config := program.WriteConfig(t, dir, fmt.Sprintf(`data_sources:
  - {provider: sqlite, label: big, db_path: %q}
drives:
  - {provider: s3, label: s3, bucket: %q, region: %q, endpoint: "http://%s", access_key: %q, secret_key: %q, force_path_style: true}
  - {provider: sftp, label: sftp, host: %q, port: %s, user: %q, key_file: %q, folder: %q, host_key: %q}
  - {provider: webdav, label: webdav, url: "http://%s/", user: %q, password: %q}
jobs:
  - {label: big, data_source: big, drives: [s3, sftp, webdav], compression: %s}
`, noiseDatabase(t, dir, c.size), s3.Bucket, s3.Region, proxies[0].Address, s3.AccessKey, s3.SecretKey,
				host, port, ssh.User, ssh.KeyFile, ssh.Root, ssh.HostKey, proxies[2].Address, dav.User, dav.Password, c.compression))
			args := []string{"-c", config, "--data", filepath.Join(dir, "data"), "serve", "--listen", "127.0.0.1:0"}
			places := func() []string {
				return slices.Concat(s3Shown(t, s3), filesBelow(t, ssh.Root), filesBelow(t, dav.Root))
			}
			server := program.Serve(t, args...)
			ask(t, http.MethodPost, server.URL+"/api/backups", "")
			list := func(url string) shown {
				var all struct{ Results []shown }
				must(t, json.Unmarshal(ask(t, http.MethodGet, url+"/api/backups", ""), &all))
				if len(all.Results) != 1 {
					t.Fatalf("the list is %+v", all.Results)
				}
				return all.Results[0]
			}
			program.Eventually(t, time.Minute, func(context.Context) error {
				for i, p := range proxies {
					if p.Bytes(servers.Up) < 1<<20 {
						return fmt.Errorf("line %d has carried %d bytes", i, p.Bytes(servers.Up))
					}
				}
				// A dump has a path as soon as it is proven.
				if proven := list(server.URL).DumpPath != nil; !proven && c.phase == "uploading" {
					return errors.New("it still dumps")
				}
				return nil
			})
			must(t, server.Process.Kill())
			_, _ = server.Process.Wait()
			if len(places()) == 0 {
				t.Fatal("the killed process left nothing, so that there is nothing to see")
			}
			for _, p := range proxies {
				p.Pass(t)
			}
			after := program.Serve(t, args...)
			var settled shown
			program.Eventually(t, 2*time.Minute, func(context.Context) error {
				if settled = list(after.URL); settled.Status == "pending" {
					return errors.New("it is pending")
				}
				return nil
			})
			if settled.Status != c.status {
				t.Fatalf("killed while %s, it is %s: %s", c.phase, settled.Status, settled.Error)
			}
			want := 0
			if c.status == "finished" {
				want = 6
			}
			// A server that still worked on what the dead process sent may bring an upload
			// back: what was under way is swept once more, half a minute later.
			program.Eventually(t, 90*time.Second, func(context.Context) error {
				if names := places(); len(names) != want {
					return fmt.Errorf("the drives hold %v, want %d files", names, want)
				}
				return nil
			})
		})
	}
}

// noiseDatabase makes an SQLite database of so many MiB that cannot be compressed.
func noiseDatabase(t *testing.T, dir string, size int) string {
	t.Helper()
	path := filepath.Join(dir, "big.db")
	db, err := sql.Open("sqlite", path)
	must(t, err)
	defer db.Close()
	_, err = db.ExecContext(t.Context(), "CREATE TABLE photos (id INTEGER PRIMARY KEY, image BLOB NOT NULL)")
	must(t, err)
	image := make([]byte, 1<<20)
	for range size {
		_, _ = rand.Read(image)
		_, err = db.ExecContext(t.Context(), "INSERT INTO photos (image) VALUES (?)", image)
		must(t, err)
	}
	return path
}

// s3Shown lists the objects and the open uploads of a bucket as the service tells them.
// What is on its disk besides, of requests that a killed client broke off, nobody but
// the service can remove.
func s3Shown(t *testing.T, s servers.S3Server) []string {
	t.Helper()
	var names []string
	for o := range s.Client(t).ListObjects(t.Context(), s.Bucket, minio.ListObjectsOptions{Recursive: true}) {
		must(t, o.Err)
		names = append(names, o.Key)
	}
	for u := range s.Client(t).ListIncompleteUploads(t.Context(), s.Bucket, "", true) {
		must(t, u.Err)
		names = append(names, "upload of "+u.Key)
	}
	return names
}
