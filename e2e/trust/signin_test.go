// Package trust tests who may do what in the whole program, and what is seen of secrets.
package trust

import (
	"fmt"
	"net/http"
	"net/url"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/backupman/backupman/e2e/program"
)

// installed serves an installation with one SQLite database and accounts; more is added
// to its configuration.
func installed(t *testing.T, more string) (*program.Server, string) {
	t.Helper()
	dir := t.TempDir()
	config := program.WriteConfig(t, dir, fmt.Sprintf(`accounts: {enabled: true}
data_sources: [{provider: sqlite, label: shop, db_path: %q}]
drives: [{provider: local, label: nas, folder: %q}]
%s`, filepath.Join(dir, "shop.db"), filepath.Join(dir, "nas"), more))
	data := filepath.Join(dir, "data")
	return program.Serve(t, "-c", config, "--data", data, "serve", "--listen", "127.0.0.1:0"), data
}

// form is what the sign-in page sends.
func form(name, password string) url.Values {
	return url.Values{"name": {name}, "password": {password}}
}

// TestAHundredRacingClaimsGiveOneOwner sends the claim link's form a hundred times at once.
func TestAHundredRacingClaimsGiveOneOwner(t *testing.T) {
	server, data := installed(t, "")
	link := program.ClaimPath(t, data)
	var all sync.WaitGroup
	var mu sync.Mutex
	statuses := map[int]int{}
	for n := range 100 {
		p := program.NewPerson(t, server.URL)
		all.Go(func() {
			answer := p.Post(t, link, url.Values{"name": {fmt.Sprintf("claimer-%d", n)}, "password": {program.OwnerPassword}, "again": {program.OwnerPassword}})
			mu.Lock()
			defer mu.Unlock()
			statuses[answer.Status]++
			if answer.Status == http.StatusSeeOther && p.Get(t, "/settings/users").Status != http.StatusOK {
				t.Error("the one who won is no owner")
			}
		})
	}
	all.Wait()
	if statuses[http.StatusSeeOther] != 1 {
		t.Errorf("of a hundred claims %v", statuses)
	}
	if left, _ := filepath.Glob(filepath.Join(data, "claim")); len(left) > 0 {
		t.Error("the claim link is still there")
	}
}

// TestAThousandTriesWithForgedAddressesAreLimited tries passwords of one account from what
// claim to be a thousand addresses, and then the right one.
func TestAThousandTriesWithForgedAddressesAreLimited(t *testing.T) {
	for name, more := range map[string]string{
		"nobody is trusted":          "",
		"another network is trusted": "http: {trusted_proxies: [10.0.0.0/8]}\n",
	} {
		t.Run(name, func(t *testing.T) {
			server, data := installed(t, more)
			program.Claim(t, server, data)
			looked := 0
			tries := make(chan int)
			var mu sync.Mutex
			var all sync.WaitGroup
			for range 8 {
				all.Go(func() {
					for n := range tries {
						answer := try(t, server, n, form(program.OwnerName, fmt.Sprintf("wrong password %d", n)))
						mu.Lock()
						if answer.Status != http.StatusTooManyRequests {
							looked++
						}
						mu.Unlock()
					}
				})
			}
			for n := range 1000 {
				tries <- n
			}
			close(tries)
			all.Wait()
			if looked > 20 {
				t.Errorf("%d of 1,000 tries were looked at", looked)
			}
			if answer := try(t, server, 1001, form(program.OwnerName, program.OwnerPassword)); answer.Status != http.StatusTooManyRequests {
				t.Errorf("the right password was taken in between, with %d", answer.Status)
			}
			if answer := try(t, server, 1002, form("somebody else", "whatever password")); answer.Status != http.StatusTooManyRequests {
				t.Errorf("the address may go on with other accounts: %d", answer.Status)
			}
		})
	}
}

// try signs in, saying to come from somewhere else each time.
func try(t *testing.T, server *program.Server, n int, f url.Values) program.Answer {
	t.Helper()
	address := fmt.Sprintf("203.0.%d.%d", n/250, n%250+1)
	return program.NewPerson(t, server.URL).Do(t, http.MethodPost, "/sign-in", http.Header{
		"Content-Type": {"application/x-www-form-urlencoded"}, "Origin": {server.URL}, "Sec-Fetch-Site": {"same-origin"},
		"X-Forwarded-For": {address}, "X-Real-Ip": {address}, "Forwarded": {"for=" + address}, "Cf-Connecting-Ip": {address}, "True-Client-Ip": {address},
	}, []byte(f.Encode()))
}

// TestSessionsBeginAnewAndEnd plants a session, signs in over it, and uses both after.
func TestSessionsBeginAnewAndEnd(t *testing.T) {
	server, data := installed(t, "")
	first := program.Claim(t, server, data)
	planted := cookies(t, first)
	victim := program.NewPerson(t, server.URL)
	victim.HTTP.Jar.SetCookies(parsed(t, server.URL), planted)
	if answer := victim.Post(t, "/sign-in", form(program.OwnerName, program.OwnerPassword)); answer.Status != http.StatusSeeOther {
		t.Fatalf("signing in answered %d: %s", answer.Status, answer.Body)
	}
	own := cookies(t, victim)
	if own[0].Value == planted[0].Value {
		t.Error("signing in kept a session that somebody else may know")
	}
	if answer := first.Get(t, "/"); answer.Status != http.StatusSeeOther {
		t.Errorf("the session from before the sign-in is still good: %d", answer.Status)
	}
	if answer := victim.Post(t, "/sign-out", nil); answer.Status != http.StatusSeeOther {
		t.Fatalf("signing out answered %d", answer.Status)
	}
	thief := program.NewPerson(t, server.URL)
	thief.HTTP.Jar.SetCookies(parsed(t, server.URL), own)
	if answer := thief.Get(t, "/"); answer.Status != http.StatusSeeOther || !strings.HasPrefix(answer.Location, "/sign-in") {
		t.Errorf("a session is good after signing out: %d %s", answer.Status, answer.Location)
	}
	if answer := thief.Get(t, "/api/backups"); answer.Status != http.StatusUnauthorized {
		t.Errorf("it opens the API: %d", answer.Status)
	}
}

func cookies(t *testing.T, p *program.Person) []*http.Cookie {
	t.Helper()
	all := p.HTTP.Jar.Cookies(parsed(t, p.URL))
	if len(all) == 0 {
		t.Fatal("there is no session cookie")
	}
	return all
}
