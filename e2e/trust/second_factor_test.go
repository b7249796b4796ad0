package trust

import (
	"crypto/hmac"
	"crypto/sha1"
	"encoding/base32"
	"encoding/binary"
	"fmt"
	"html"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/backupman/backupman/e2e/program"
)

// TestSecondFactor switches the second factor on and signs in with it, page by page.
func TestSecondFactor(t *testing.T) {
	server, data := installed(t, "")
	owner := program.Claim(t, server, data)
	owner.Post(t, "/account/second-factor", url.Values{"password": {program.OwnerPassword}})
	secret := within(t, string(owner.Get(t, "/account/second-factor").Body), "secret")
	shown := owner.Post(t, "/account/second-factor/confirm", url.Values{"code": {authenticator(t, secret)}})
	recovery := strings.Fields(within(t, string(shown.Body), "codes"))
	if len(recovery) != 10 {
		t.Fatalf("%d recovery codes were shown", len(recovery))
	}

	p := program.NewPerson(t, server.URL)
	answer := p.Post(t, "/sign-in", form(program.OwnerName, program.OwnerPassword))
	if answer.Status != http.StatusSeeOther || !strings.HasPrefix(answer.Location, "/sign-in/code") {
		t.Fatalf("the password alone led to %d %s", answer.Status, answer.Location)
	}
	if page := p.Get(t, answer.Location); page.Status != http.StatusOK || !strings.Contains(string(page.Body), `name="code"`) {
		t.Fatalf("the page of the code answered %d: %s", page.Status, page.Body)
	}
	if before := p.Get(t, "/backups"); before.Status == http.StatusOK {
		t.Error("the password alone opens pages")
	}
	if wrong := p.Post(t, "/sign-in/code", url.Values{"code": {"000000"}}); wrong.Status != http.StatusUnauthorized || !strings.Contains(string(wrong.Body), `name="code"`) {
		t.Fatalf("after a wrong code the answer was %d: %s", wrong.Status, wrong.Body)
	}
	p.Post(t, "/sign-in/code", url.Values{"code": {recovery[0]}})
	if after := p.Get(t, "/backups"); after.Status != http.StatusOK {
		t.Errorf("with a recovery code the answer was %d", after.Status)
	}
}

// within returns the text of the element with an id.
func within(t *testing.T, page, id string) string {
	t.Helper()
	found := regexp.MustCompile(`id="` + id + `"[^>]*>([^<]*)<`).FindStringSubmatch(page)
	if found == nil {
		t.Fatalf("there is no %s on %s", id, page)
	}
	return html.UnescapeString(found[1])
}

// authenticator returns the code that an authenticator shows now (RFC 6238).
func authenticator(t *testing.T, secret string) string {
	t.Helper()
	key, err := base32.StdEncoding.WithPadding(base32.NoPadding).DecodeString(strings.ReplaceAll(secret, " ", ""))
	if err != nil {
		t.Fatal(err)
	}
	mac := hmac.New(sha1.New, key)
	mac.Write(binary.BigEndian.AppendUint64(nil, uint64(time.Now().Unix()/30)))
	sum := mac.Sum(nil)
	return fmt.Sprintf("%06d", binary.BigEndian.Uint32(sum[sum[19]&15:])&0x7fffffff%1000000)
}
