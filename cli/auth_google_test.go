package cli_test

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"

	"github.com/backupman/backupman/cli"
	"github.com/backupman/backupman/services/drive/drivetest/googlestub"
)

// googleConfig is a configuration with Google Drives on which nobody has signed in.
func googleConfig(t *testing.T, stub *googlestub.Stub, labels ...string) (file, data, token string) {
	t.Helper()
	secret := stub.ClientSecretFile(t)
	token = filepath.Join(t.TempDir(), "token.json")
	text := "drives:\n  - {provider: local, label: here, folder: " + t.TempDir() + "}\n"
	for _, label := range labels {
		text += fmt.Sprintf("  - {provider: google_drive, label: %s, folder: backups, client_secret_file: %s, token_file: %s, api_endpoint: %q}\n", label, secret, token, stub.URL)
	}
	file, data = writeConfig(t, text)
	return file, data, token
}

var consentPage = regexp.MustCompile(`http://\S+/o/oauth2/auth\S+`)

// person opens the address that the command prints, as in a browser.
type person struct {
	t *testing.T
	// follows says that the browser is on this machine.
	follows bool
	// changes is what comes between the page and the redirect.
	changes func(address string) string
	// to receives the address that the browser ended at.
	to io.Writer

	once sync.Once
	said bytes.Buffer
	done sync.WaitGroup
}

func (p *person) Write(text []byte) (int, error) {
	p.said.Write(text)
	if page := consentPage.FindString(p.said.String()); page != "" && strings.Contains(p.said.String(), page+"\n") {
		p.once.Do(func() { p.done.Go(func() { p.agree(page) }) })
	}
	return len(text), nil
}

func (p *person) agree(page string) {
	client := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	res, err := client.Get(page)
	if err != nil {
		p.t.Error(err)
		return
	}
	defer res.Body.Close()
	address := res.Header.Get("Location")
	if p.changes != nil {
		address = p.changes(address)
	}
	if !p.follows {
		fmt.Fprintln(p.to, address)
		return
	}
	landed, err := client.Get(address)
	if err != nil {
		p.t.Error(err)
		return
	}
	defer landed.Body.Close()
	if text, err := io.ReadAll(landed.Body); err != nil || !strings.Contains(string(text), "Back to the terminal") {
		p.t.Errorf("the page says %q, %v", text, err)
	}
}

func TestAuthGoogle(t *testing.T) {
	for name, c := range map[string]struct {
		labels  []string
		args    []string
		prepare func(*googlestub.Stub)
		changes func(string) string
		paste   bool
		code    int
		says    string
		kept    bool
	}{
		"the only one":         {labels: []string{"gdrive"}, says: `drive "gdrive" writes`, kept: true},
		"one of two":           {labels: []string{"one", "two"}, args: []string{"two"}, says: `drive "two" writes`, kept: true},
		"pasted":               {labels: []string{"gdrive"}, paste: true, says: `drive "gdrive" writes`, kept: true},
		"denied":               {labels: []string{"gdrive"}, prepare: (*googlestub.Stub).Deny, code: 1, says: "access_denied"},
		"another's answer":     {labels: []string{"gdrive"}, changes: func(a string) string { return strings.Replace(a, "state=", "state=x", 1) }, code: 1, says: "another sign-in"},
		"another's code":       {labels: []string{"gdrive"}, changes: func(a string) string { return strings.Replace(a, "code=", "code=x", 1) }, code: 1, says: "did not accept"},
		"pasted in part":       {labels: []string{"gdrive"}, paste: true, changes: func(string) string { return "http://localhost/?" }, code: 1, says: "not all of the address"},
		"pasted nothing":       {labels: []string{"gdrive"}, paste: true, changes: func(string) string { return "" }, code: 1, says: "nothing was pasted"},
		"a drive without room": {labels: []string{"gdrive"}, prepare: func(s *googlestub.Stub) { s.SetQuota(1) }, code: 1, says: "is full", kept: true},
	} {
		t.Run(name, func(t *testing.T) {
			stub := googlestub.New(t)
			if c.prepare != nil {
				c.prepare(stub)
			}
			file, data, token := googleConfig(t, stub, c.labels...)
			args := append([]string{"-c", file, "--data", data, "auth-google"}, c.args...)
			if c.paste {
				args = append(args, "--paste")
			}
			code, said := signInAs(t, &person{t: t, follows: !c.paste, changes: c.changes}, args)
			if code != c.code || !strings.Contains(said, c.says) {
				t.Errorf("status %d, %s", code, said)
			}
			if _, err := os.Stat(token); (err == nil) != c.kept {
				t.Errorf("the token file: %v", err)
			}
			if names := stub.Files(); len(names) != 0 {
				t.Errorf("left behind: %q", names)
			}
		})
	}
}

func TestAuthGoogleNeedsALabel(t *testing.T) {
	stub := googlestub.New(t)
	for want, c := range map[string]struct{ labels, args []string }{
		`name one of "one", "two"`:              {[]string{"one", "two"}, nil},
		`no Google Drive "three"`:               {[]string{"one", "two"}, []string{"three"}},
		`no drive of the provider google_drive`: {nil, nil},
	} {
		file, data, _ := googleConfig(t, stub, c.labels...)
		if code, _, said := backupman(t, append([]string{"-c", file, "--data", data, "auth-google"}, c.args...)...); code != 1 || !strings.Contains(said, want) {
			t.Errorf("status %d, %q", code, said)
		}
	}
}

// signInAs runs the command with a person who does what it says.
func signInAs(t *testing.T, p *person, args []string) (code int, said string) {
	t.Helper()
	in, typed := io.Pipe()
	defer in.Close()
	p.to = typed
	code, errOut := cli.RunWithInput(t, in, p, args)
	p.done.Wait()
	return code, p.said.String() + errOut
}
