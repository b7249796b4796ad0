package e2e

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"github.com/backupman/backupman/e2e/program"
	"github.com/backupman/backupman/e2e/servers"
)

// mostSteps is how many clicks and fields, beyond the credentials of the database, lead from
// an empty installation to a proven backup on two drives.
const mostSteps = 12

// newcomer sets up a first backup in a browser, and counts what that takes.
type newcomer struct {
	*browser
	shots string
	steps []string
}

func (n *newcomer) press(what, selector string) {
	n.t.Helper()
	n.steps = append(n.steps, "press "+what)
	n.leads(selector)
}

// write types into a field. Credentials are not counted: no program could guess them.
func (n *newcomer) write(field, value string, credential bool) {
	n.t.Helper()
	if !credential {
		n.steps = append(n.steps, "fill in "+field)
	}
	n.browser.write(`input[name="`+field+`"]`, value)
}

// shot leaves a picture of the page.
func (n *newcomer) shot(page string) {
	n.t.Helper()
	n.keep("first-" + page + "-" + n.shots)
}

// TestBrowserMakesTheFirstBackup goes from an installation with nothing in it to a proven
// backup of a MariaDB database on two drives, as somebody who has read nothing.
func TestBrowserMakesTheFirstBackup(t *testing.T) {
	maria := servers.MariaDB(t)
	b := newBrowser(t)
	for _, screen := range []struct {
		scheme string
		width  int64
	}{{"light", 1440}, {"dark", 375}} {
		database := maria.Database(t)
		maria.Exec(t, database, "CREATE TABLE customers (id INT PRIMARY KEY, name VARCHAR(50))", "INSERT INTO customers SELECT seq, CONCAT('customer ', seq) FROM seq_1_to_1000")
		dir := t.TempDir()
		server := program.Serve(t, "--data", filepath.Join(dir, "data"), "serve", "--listen", "127.0.0.1:0")
		hand(b, program.Claim(t, server, filepath.Join(dir, "data")))
		b.see(screen.scheme, screen.width)
		n := &newcomer{browser: b, shots: fmt.Sprintf("%s-%d", screen.scheme, screen.width)}
		n.firstBackup(server.URL, maria, database, dir)
		if len(n.steps) > mostSteps {
			t.Errorf("it took %d steps: %s", len(n.steps), strings.Join(n.steps, ", "))
		}
		t.Logf("%d steps: %s", len(n.steps), strings.Join(n.steps, ", "))
		b.open("about:blank")
		server.Stop(t)
	}
	b.noFaults()
}

func (n *newcomer) firstBackup(url string, maria *servers.MySQL, database, dir string) {
	n.t.Helper()
	n.open(url + "/")
	n.shot("empty")
	n.press("set up the first backup", `a[href="/setup"]`)
	n.press("MySQL or MariaDB", `a[href="/setup/source?provider=mysql"]`)
	c := maria.Config(database)
	host, port, _ := strings.Cut(c.Addr, ":")
	for field, value := range map[string]string{"host": host, "port": port, "db_name": database, "user": c.User, "password": c.Passwd} {
		n.write(field, value, true)
	}
	n.shot("database")
	n.press("connect", `button[name="do"][value="save"]`)
	n.wait(`input[name="folder"]`)
	n.write("folder", filepath.Join(dir, "near"), false)
	n.press("add it, and choose another", `button[name="do"][value="add"]`)
	n.wait(`input[name="drive"]`)
	n.steps = append(n.steps, "press a folder")
	n.swaps(`a[href*="provider=local"]`, `#new-drive`)
	n.write("folder", filepath.Join(dir, "far"), false)
	n.shot("drives")
	n.press("continue", `button[name="do"][value="continue"]`)
	n.wait(`form[action="/setup/job"]`)
	n.shot("schedule")
	n.press("save and make the first backup", `form[action="/setup/job"] button.btn-primary`)
	n.wait(`#backup-body`)
	n.shot("run")
	n.wait(`#backup-body[data-status="finished"] #proof-section[data-tone="good"]`)
	n.settled("the page of the first backup")
	n.shot("proof")
	n.open(url + "/")
	n.wait(`article[data-state="Proven"]`)
	n.shot("proven")
	for _, drive := range []string{"near", "far"} {
		if copies, err := filepath.Glob(filepath.Join(dir, drive, "*", "*.sql.zst")); err != nil || len(copies) != 1 {
			n.t.Errorf("the drive %s holds %v: %v", drive, copies, err)
		}
	}
}
