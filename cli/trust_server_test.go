package cli_test

import (
	"fmt"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/backupman/backupman/e2e/servers"
)

// TestTrustLetsADriveWorkThatDidNotKnowItsServer takes the fingerprint from what the
// command says, as a person does.
func TestTrustLetsADriveWorkThatDidNotKnowItsServer(t *testing.T) {
	server := servers.SSH(t)
	_, dir := newDemo(t)
	file, data := writeConfig(t, fmt.Sprintf(`data_sources: [{provider: sqlite, label: shop, db_path: %q}]
drives: [{provider: sftp, label: far, host: %q, port: %d, user: %q, key_file: %q, folder: %q}]
`, filepath.Join(dir, "shop.db"), server.Host, server.Port, server.User, server.KeyFile, server.Root))
	base := []string{"-c", file, "--data", data}
	for _, command := range [][]string{{"drives", "check"}, {"doctor"}} {
		if code, out, _ := backupman(t, append(base, command...)...); code != 1 || !strings.Contains(out, "backupman trust far") {
			t.Errorf("%v does not tell the command: status %d, %q", command, code, out)
		}
	}
	code, out, said := backupman(t, append(base, "trust", "far")...)
	shown := regexp.MustCompile(`--fingerprint (SHA256:\S+)`).FindStringSubmatch(said)
	if code != 1 || out != "" || len(shown) != 2 {
		t.Fatalf("with nobody to ask: status %d, %q, %q", code, out, said)
	}
	if code, _, said := backupman(t, append(base, "trust", "far", "--fingerprint", shown[1]+"x")...); code != 1 || !strings.Contains(said, "nothing was trusted") {
		t.Errorf("another fingerprint: status %d, %q", code, said)
	}
	if code, _, _ := backupman(t, append(base, "drives", "check")...); code != 1 {
		t.Error("the server is trusted although nobody said so")
	}
	if code, out, said := backupman(t, append(base, "trust", "far", "--fingerprint", shown[1])...); code != 0 || !strings.Contains(out, "is trusted now") {
		t.Errorf("the right fingerprint: status %d, %q, %q", code, out, said)
	}
	for _, command := range [][]string{{"drives", "check", "far"}, {"doctor"}, {"run", "shop", "--wait"}, {"verify", "latest"}} {
		if code, out, said := backupman(t, append(base, command...)...); code != 0 {
			t.Errorf("%v: status %d, %q, %q", command, code, out, said)
		}
	}
	if code, out, _ := backupman(t, append(base, "trust", "far")...); code != 0 || !strings.Contains(out, "was trusted already") {
		t.Errorf("a second time: status %d, %q", code, out)
	}
}
