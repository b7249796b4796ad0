package e2e

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"github.com/backupman/backupman/e2e/program"
	"github.com/backupman/backupman/e2e/servers"
)

// TestPruneOnS3 removes what one rule keeps no longer from a bucket, file and manifest, and
// leaves what the longer rule of a folder keeps.
func TestPruneOnS3(t *testing.T) {
	server := servers.S3(t)
	dir := t.TempDir()
	if r := program.Run(t, "demo", "--once", "--data", filepath.Join(dir, "demo")); r.Code != 0 {
		t.Fatalf("%s%s", r.Out, r.Err)
	}
	folder := filepath.Join(dir, "nas")
	config := program.WriteConfig(t, dir, fmt.Sprintf(`data_sources: [{provider: sqlite, label: shop, db_path: %q}]
drives:
  - {provider: local, label: nas, folder: %q}
  - {provider: s3, label: offsite, bucket: %q, region: %q, endpoint: %q, access_key: %q, secret_key: %q, force_path_style: true}
jobs:
  - {label: shop, data_source: shop, retention: {keep_last: 3, drives: {offsite: {keep_last: 1}}}}
`, filepath.Join(dir, "demo", "shop.db"), folder, server.Bucket, server.Region, "http://"+server.Endpoint, server.AccessKey, server.SecretKey))
	run := func(command ...string) program.Result {
		t.Helper()
		r := program.Run(t, append([]string{"-c", config, "--data", filepath.Join(dir, "data")}, command...)...)
		if r.Code != 0 {
			t.Fatalf("%v: %s%s", command, r.Out, r.Err)
		}
		return r
	}
	for range 3 {
		run("run", "shop", "--wait")
	}
	if out := run("prune", "--dry-run").Out; !strings.Contains(out, "0 copies would go") {
		t.Errorf("after each backup what it made needless is removed, and a dry run then says:\n%s", out)
	}
	names := server.Names(t)
	objects := 0
	for _, name := range names {
		if strings.Contains(name, "shop-") {
			objects++
		}
	}
	if objects != 2 {
		t.Errorf("the bucket holds %q, want the newest copy and its manifest", names)
	}
	if there := files(t, folder); len(there) != 6 {
		t.Errorf("the folder holds %q", there)
	}
	if r := run("adopt", "offsite"); !strings.Contains(r.Out, "new: 0 backups, 0 copies") {
		t.Errorf("adopting says %s", r.Out)
	}
}
