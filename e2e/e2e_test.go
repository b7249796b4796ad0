// Package e2e tests the whole program as a person and a script use it.
package e2e

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/backupman/backupman/e2e/program"
)

// zone is where everything of these tests lives, by its IANA name. It is about noon there, so
// that no schedule of the night is due, and no day ends, while a test looks.
var zone = noonZone(time.Now())

func noonZone(now time.Time) string {
	switch east := 12 - now.UTC().Hour(); {
	case east == 0:
		return "UTC"
	default:
		return fmt.Sprintf("Etc/GMT%+d", -east) // these names count to the west
	}
}

// patience bounds what a test waits for, in case it hangs. A machine on which everything takes
// many times as long as usual stays within it.
const patience = 5 * time.Minute

func TestMain(m *testing.M) {
	if err := os.Setenv("TZ", zone); err != nil {
		panic(err)
	}
	os.Exit(m.Run())
}

func get(t testing.TB, url string, want int) []byte {
	t.Helper()
	body, status, err := fetch(t.Context(), http.MethodGet, url, "")
	if err != nil || status != want {
		t.Fatalf("GET %s: status %d, want %d (%v): %s", url, status, want, err, body)
	}
	return body
}

func fetch(ctx context.Context, method, url, body string) ([]byte, int, error) {
	req, err := http.NewRequestWithContext(ctx, method, url, strings.NewReader(body))
	if err != nil {
		return nil, 0, err
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return nil, 0, err
	}
	defer res.Body.Close()
	answer, err := io.ReadAll(res.Body)
	return answer, res.StatusCode, err
}

// listed is one backup as the API tells it.
type listed struct {
	ID         string `json:"Id"`
	Status     string
	Label      string
	DumpPath   *string
	DriveFiles []struct {
		ID       string `json:"Id"`
		Provider string
		Path     *string
		Status   string
	}
}

func backups(ctx context.Context, url string) ([]listed, error) {
	body, status, err := fetch(ctx, http.MethodGet, url+"/api/backups", "")
	if err != nil {
		return nil, err
	}
	if status != http.StatusOK {
		return nil, fmt.Errorf("status %d: %s", status, body)
	}
	var answer struct{ Results []listed }
	err = json.Unmarshal(body, &answer)
	return answer.Results, err
}

// installation is a folder with a configuration of one SQLite source and the
// drives that a test asks for.
type installation struct {
	t      testing.TB
	dir    string
	config string
	drives []string
}

// install writes a configuration of a job "shop" from the given database onto
// one local drive per folder.
func install(t testing.TB, source string, drives ...string) *installation {
	t.Helper()
	i := &installation{t: t, dir: t.TempDir(), drives: drives}
	var text strings.Builder
	fmt.Fprintf(&text, "data_sources:\n  - %s\ndrives:\n", source)
	for n, folder := range drives {
		fmt.Fprintf(&text, "  - {provider: local, label: drive%d, folder: %q}\n", n, folder)
	}
	i.config = program.WriteConfig(t, i.dir, text.String())
	return i
}

func (i *installation) args(command ...string) []string {
	return append([]string{"-c", i.config, "--data", i.data()}, command...)
}

func (i *installation) data() string { return filepath.Join(i.dir, "data") }

func (i *installation) run(command ...string) program.Result {
	i.t.Helper()
	return program.Run(i.t, i.args(command...)...)
}

// files returns every regular file below a folder, hidden ones included but for
// the marker of a drive.
func files(t testing.TB, folder string) []string {
	t.Helper()
	var names []string
	err := filepath.WalkDir(folder, func(p string, e fs.DirEntry, err error) error {
		if err == nil && e.Type().IsRegular() && e.Name() != ".backupman-drive" {
			names = append(names, p)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return names
}
