package kit

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/backupman/backupman/models"
)

// world has one job, its source and its drives.
type world struct {
	job    models.Job
	source models.Source
	drives map[string]models.Drive
	taken  string
}

func (w *world) Job(context.Context, string) (models.Job, error) { return w.job, nil }

func (w *world) Source(context.Context, string) (models.Source, error) {
	if w.source.ID == "" {
		return w.source, models.NotFoundf("gone")
	}
	return w.source, nil
}

func (w *world) Drive(_ context.Context, id string) (models.Drive, error) { return w.drives[id], nil }

func (w *world) TakeKit(_ context.Context, _, fingerprint string, _ time.Time) error {
	w.taken = fingerprint
	return nil
}

func newWorld(provider string) *world {
	w := &world{source: models.Source{ID: "s", Provider: provider, Settings: models.Settings{"db_name": "shop", "host": "db", "db_path": "/srv/shop.db"}}, drives: map[string]models.Drive{
		"1": {Label: "nas", Provider: "local", Settings: models.Settings{"folder": "/mnt/my nas"}},
		"2": {Label: "s3", Provider: "s3", Settings: models.Settings{"bucket": "b", "prefix": "in/a", "endpoint": "https://me:hunter2@s3.example.com", "region": "eu-1"}},
		"3": {Label: "box", Provider: "sftp", Settings: models.Settings{"host": "box", "user": "u", "port": "2222", "folder": "/backups"}},
		"4": {Label: "dav", Provider: "webdav", Settings: models.Settings{"url": "https://me:hunter2@dav.example.com/files", "user": "u"}},
		"5": {Label: "far", Provider: "rclone", Settings: models.Settings{"remote": "b2:bucket", "folder": "x"}},
		"6": {Label: "goo", Provider: "google_drive", Settings: models.Settings{"folder": "Backups", "shared_drive": "Team"}},
	}}
	w.job = models.Job{ID: "j", Label: "shop nightly", Compression: models.CompressionZstd, DriveIDs: []string{"1", "2", "3", "4", "5", "6"},
		Encryption: models.Encryption{Recipients: []string{"age1one", "age1two"}}}
	return w
}

func text(t *testing.T, w *world) string {
	t.Helper()
	k, err := New(w, w).Kit(t.Context(), "j")
	if err != nil {
		t.Fatal(err)
	}
	return k.Text
}

func TestAKitTellsHowToFetchFromEveryKindOfDrive(t *testing.T) {
	got := text(t, newWorld("mysql"))
	for _, want := range []string{
		"FROM='/mnt/my nas'\n    ls \"$FROM\"/shop-nightly\n", "From nas:\n\n    cp \"$FROM\"/shop-nightly/\"$FILE\"",
		"rclone lsf --include '*.age' ':s3,env_auth:b/in/a/shop-nightly'\n", "sftp -P 2222 'u@box:/backups/shop-nightly' <<< 'ls -1'\n",
		"--request PROPFIND --header 'Depth: 1' 'https://dav.example.com/files/shop-nightly'/ | grep", "rclone lsf --include '*.age' 'b2:bucket/x/shop-nightly'\n",
		"export RCLONE_S3_PROVIDER=Other RCLONE_S3_ENDPOINT='https://s3.example.com'", "export RCLONE_S3_REGION=eu-1", `rclone copy --include "$FILE*" ':s3,env_auth:b/in/a/shop-nightly' .`,
		`sftp -P 2222 'u@box:/backups/shop-nightly'/"$FILE*" .`,
		`curl --fail --user u --remote-name 'https://dav.example.com/files/shop-nightly'/"$FILE"`,
		`rclone copy --include "$FILE*" 'b2:bucket/x/shop-nightly' .`,
		"the folder Backups in Google Drive, in the shared drive Team",
		"age zstd jq ca-certificates rclone openssh-client curl mariadb-client",
		"at least one of these public keys", "age1one", "age1two",
	} {
		if !strings.Contains(got, want) {
			t.Errorf("the kit does not say %q", want)
		}
	}
	for _, not := range []string{"hunter2", "post-quantum"} {
		if strings.Contains(got, not) {
			t.Errorf("the kit says %q:\n%s", not, got)
		}
	}
	for line := range strings.Lines(got) {
		if strings.TrimRight(line, " \n") != strings.TrimRight(line, "\n") {
			t.Errorf("a line ends in blanks: %q", line)
		}
	}
}

func TestAKitFitsItsJob(t *testing.T) {
	for name, c := range map[string]struct {
		change func(*world)
		says   []string
		not    string
	}{
		"postgres":        {func(w *world) { w.source.Provider = "postgres" }, []string{"postgresql-client", "createdb", "-ID.dump.zst.age", "NEW=shop_restored"}, "mariadb"},
		"sqlite":          {func(w *world) { w.source.Provider = "sqlite" }, []string{"sqlite3", "-ID.sqlite.zst.age", "NEW=restored.sqlite"}, "mariadb"},
		"a source gone":   {func(w *world) { w.source = models.Source{} }, []string{"not known any more"}, "mariadb"},
		"gzip":            {func(w *world) { w.job.Compression = models.CompressionGzip }, []string{"gzip -dc \"${FILE%.age}\" | mariadb", "-ID.sql.gz.age"}, "zstd -dc \"${"},
		"no packing":      {func(w *world) { w.job.Compression = models.CompressionNone }, []string{"cat \"${FILE%.age}\" | mariadb", "-ID.sql.age"}, "zstd -dc \"${"},
		"a passphrase":    {func(w *world) { w.job.Encryption = models.Encryption{Passphrase: true} }, []string{"This asks for the passphrase", "encryption.passphrase"}, "KEY="},
		"post-quantum":    {func(w *world) { w.job.Encryption.Recipients = []string{"age1pq1x"} }, []string{"age 1.3 or newer", "The private key of this public key"}, "at least one"},
		"SSH":             {func(w *world) { w.job.Encryption.Recipients = []string{"ssh-ed25519 AAAA"} }, []string{"or the private key of an SSH key", "ssh-keygen -y -f"}, "at least one"},
		"a hostile label": {func(w *world) { w.job.Label = "a\x1b[2J'; rm -rf ~" }, []string{`"a\x1b[2J'; rm -rf ~"`}, "\x1b"},
		"a hostile drive": {func(w *world) {
			w.drives["1"] = models.Drive{Label: "n\x1b", Provider: "local", Settings: models.Settings{"folder": "/x'; rm -rf ~"}}
		}, []string{`FROM='/x'\''; rm -rf ~'`}, "\x1b"},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld("mysql")
			c.change(w)
			got := text(t, w)
			for _, want := range c.says {
				if !strings.Contains(got, want) {
					t.Errorf("the kit does not say %q:\n%s", want, got)
				}
			}
			if strings.Contains(got, c.not) {
				t.Errorf("the kit says %q:\n%s", c.not, got)
			}
		})
	}
}

// TestAKitKnowsTheWaysOfDrives: what is written in other ways by people than the programs of
// a kit take it.
func TestAKitKnowsTheWaysOfDrives(t *testing.T) {
	here, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		drive models.Drive
		says  []string
	}{
		"a folder without its beginning": {models.Drive{Provider: "local", Settings: models.Settings{"folder": "nas"}}, []string{"FROM=" + word(filepath.Join(here, "nas"))}},
		"a folder below home": {models.Drive{Provider: "sftp", Settings: models.Settings{"host": "box", "user": "u", "folder": "~/copies/"}},
			[]string{"sftp 'u@box:copies/shop-nightly'/\"$FILE*\" ."}},
		"an address of IPv6": {models.Drive{Provider: "sftp", Settings: models.Settings{"host": "fd00::7", "user": "u", "folder": "/c"}}, []string{"sftp 'u@[fd00::7]:/c/shop-nightly' <<<"}},
		"Amazon":             {models.Drive{Provider: "s3", Settings: models.Settings{"bucket": "b", "region": "eu-west-1"}}, []string{"export RCLONE_S3_PROVIDER=AWS\n", "RCLONE_S3_REGION=eu-west-1"}},
		"an own authority": {models.Drive{Provider: "s3", Settings: models.Settings{"bucket": "b", "endpoint": "minio:9000", "tls_ca": "ca.pem", "address_style": "virtual"}},
			[]string{"RCLONE_CA_CERT", "RCLONE_S3_FORCE_PATH_STYLE=false"}},
		"an own authority of WebDAV": {models.Drive{Provider: "webdav", Settings: models.Settings{"url": "https://dav", "tls_ca": "ca.pem"}}, []string{"--cacert"}},
	} {
		w := newWorld("sqlite")
		w.source.Settings["db_path"] = "shop.db"
		w.drives, w.job.DriveIDs = map[string]models.Drive{"1": c.drive}, []string{"1"}
		got := text(t, w)
		for _, want := range append(c.says, "the SQLite database "+filepath.Join(here, "shop.db")) {
			if !strings.Contains(got, want) {
				t.Errorf("%s: the kit does not say %q:\n%s", name, want, got)
			}
		}
	}
}

func TestAKitIsTaken(t *testing.T) {
	w := newWorld("mysql")
	k, err := New(w, w).Take(t.Context(), "j")
	if err != nil || !k.Current || k.TakenAt == nil || w.taken != w.job.Encryption.Fingerprint() || k.FileName != "recovery-kit-shop-nightly.txt" {
		t.Errorf("%+v, %v", k, err)
	}
	w.job.Encryption = models.Encryption{}
	if _, err := New(w, w).Kit(t.Context(), "j"); !errors.Is(err, models.ErrConflict) {
		t.Errorf("of a job that does not encrypt: %v", err)
	}
}
