package cli_test

import (
	"encoding/json"
	"strings"
	"testing"
)

func TestDeleteAndCancel(t *testing.T) {
	dir := t.TempDir()
	if code, out, said := backupman(t, "demo", "--once", "--data", dir); code != 0 {
		t.Fatalf("%s%s", out, said)
	}
	base := []string{"-c", dir + "/config.yaml", "--data", dir + "/data"}
	run := func(want int, args ...string) string {
		t.Helper()
		code, out, said := backupman(t, append(args, base...)...)
		if code != want {
			t.Fatalf("%v: status %d: %s%s", args, code, out, said)
		}
		return out + said
	}
	if said := run(1, "cancel", "latest"); !strings.Contains(said, "has already finished") {
		t.Errorf("cancelling what has finished says %q", said)
	}
	if said := run(0, "delete", "latest", "--dry-run"); !strings.Contains(said, "it is the newest proven backup of shop-hourly") || !strings.Contains(said, "would go from backups") {
		t.Errorf("the preview says %q", said)
	}
	if said := run(1, "delete", "latest"); !strings.Contains(said, "say that you mean it") {
		t.Errorf("unmeant it says %q", said)
	}
	run(0, "pin", "latest")
	if said := run(1, "delete", "latest", "--meant"); !strings.Contains(said, "unpin it first") {
		t.Errorf("pinned it says %q", said)
	}
	run(0, "unpin", "latest")
	var told struct {
		Label  string
		Copies []struct{ Drive string }
	}
	if err := json.Unmarshal([]byte(run(0, "delete", "latest", "--meant", "--json")), &told); err != nil || told.Label != "shop-hourly" || len(told.Copies) != 1 {
		t.Errorf("%v, %+v", err, told)
	}
	if out := run(0, "list", "--json"); strings.Contains(out, "shop-hourly") {
		t.Errorf("it is still listed: %s", out)
	}
}
