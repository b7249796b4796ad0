package cli

import (
	"bytes"
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/backupman/backupman/models"
	"github.com/backupman/backupman/services/drive"
)

// keyedServer is a server that shows a key.
type keyedServer struct {
	trusted []drive.HostKey
	earlier []drive.EarlierKey
}

func (s *keyedServer) EarlierKeys() ([]drive.EarlierKey, error) { return s.earlier, nil }

func (s *keyedServer) HostKey(context.Context) (drive.HostKey, error) { return drive.HostKey{}, nil }

func (s *keyedServer) Trust(key drive.HostKey) error {
	s.trusted = append(s.trusted, key)
	return nil
}

func TestAKeyIsTrustedOnlyByWhoKnowsIt(t *testing.T) {
	shown := drive.HostKey{Host: "backup.example", Fingerprint: "SHA256:abc"}
	known := shown
	known.Known = true
	for name, c := range map[string]struct {
		truster truster
		key     drive.HostKey
		trusts  bool
		says    string
	}{
		"yes":                    {truster{asks: true, in: strings.NewReader("yes\n")}, shown, true, "is trusted now"},
		"yes without a new line": {truster{asks: true, in: strings.NewReader("yes")}, shown, true, "is trusted now"},
		"y":                      {truster{asks: true, in: strings.NewReader("y\n")}, shown, false, "nothing was trusted"},
		"nothing":                {truster{asks: true, in: strings.NewReader("")}, shown, false, "nothing was trusted"},
		"nobody to ask":          {truster{in: strings.NewReader("yes\n")}, shown, false, `backupman trust "nas" --fingerprint SHA256:abc`},
		"the right fingerprint":  {truster{fingerprint: "SHA256:abc"}, shown, true, "is trusted now"},
		"another fingerprint":    {truster{fingerprint: "SHA256:abd"}, shown, false, "shows the key SHA256:abc, and not SHA256:abd"},
		"known":                  {truster{}, known, false, "was trusted already"},
		"known as another":       {truster{fingerprint: "SHA256:abd"}, known, false, "nothing was trusted"},
		"in JSON by nobody":      {truster{asks: true, in: strings.NewReader("yes\n"), flags: &flags{json: true}}, shown, false, "nobody to ask"},
		"in JSON":                {truster{fingerprint: "SHA256:abc", flags: &flags{json: true}}, shown, true, `{"Drive":"nas","Host":"backup.example","Fingerprint":"SHA256:abc"}`},
	} {
		t.Run(name, func(t *testing.T) {
			var out bytes.Buffer
			server := &keyedServer{}
			c.truster.out = &out
			if c.truster.flags == nil {
				c.truster.flags = &flags{}
			}
			err := c.truster.decide("nas", server, c.key)
			said := out.String()
			if err != nil {
				said += err.Error()
			}
			if trusts := len(server.trusted) == 1; trusts != c.trusts || !strings.Contains(said, c.says) {
				t.Errorf("trusted %v, said %q", server.trusted, said)
			}
			if !c.trusts && !c.key.Known && !errors.Is(err, models.ErrConflict) {
				t.Errorf("the error is %v", err)
			}
		})
	}
}

// Who is used to say yes to first keys must see that a key is another than before.
func TestAnotherKeyThanBeforeIsNoFirstKey(t *testing.T) {
	key := drive.HostKey{Host: "backup.example", Fingerprint: "SHA256:new"}
	replaced := drive.EarlierKey{Fingerprint: "SHA256:old", Where: "/data/known_hosts, line 1"}
	stays := drive.EarlierKey{Fingerprint: "SHA256:mine", Where: "/root/.ssh/known_hosts, line 3", Stays: true}
	left := "The old key SHA256:mine of backup.example is trusted too as long as it stands in /root/.ssh/known_hosts, line 3: remove it there."
	for name, c := range map[string]struct {
		truster truster
		earlier []drive.EarlierKey
		trusts  bool
		says    []string
		never   string
	}{
		"first key": {truster{asks: true, in: strings.NewReader("yes\n")}, nil, true, []string{"Is this the fingerprint of your server?"}, "ANOTHER"},
		"confirmed": {truster{asks: true, in: strings.NewReader("yes\n")}, []drive.EarlierKey{replaced}, true,
			[]string{"ANOTHER key", "between you and the server", "SHA256:old (/data/known_hosts, line 1)", "SHA256:new", "is trusted now"}, "remove it"},
		"not confirmed": {truster{asks: true, in: strings.NewReader("no\n")}, []drive.EarlierKey{replaced, stays}, false,
			[]string{"SHA256:old", "SHA256:mine", "nothing was trusted"}, "remove it"},
		"an old key stays": {truster{asks: true, in: strings.NewReader("yes\n")}, []drive.EarlierKey{replaced, stays}, true, []string{left}, "old key SHA256:old"},
		"nobody to ask": {truster{in: strings.NewReader("yes\n")}, []drive.EarlierKey{replaced}, false,
			[]string{"ANOTHER key than before, SHA256:new and not SHA256:old", "between", `backupman trust "nas" --fingerprint SHA256:new`}, "remove it"},
		"by a script that knows": {truster{fingerprint: "SHA256:new"}, []drive.EarlierKey{stays}, true, []string{"is trusted now", left}, "yes"},
		"in JSON":                {truster{fingerprint: "SHA256:new", flags: &flags{json: true}}, []drive.EarlierKey{stays}, true, []string{`"Fingerprint":"SHA256:new"`}, "old"},
	} {
		t.Run(name, func(t *testing.T) {
			var out bytes.Buffer
			server := &keyedServer{earlier: c.earlier}
			c.truster.out = &out
			if c.truster.flags == nil {
				c.truster.flags = &flags{}
			}
			err := c.truster.decide("nas", server, key)
			said := out.String()
			if err != nil {
				said += err.Error()
			}
			if trusts := len(server.trusted) == 1; trusts != c.trusts {
				t.Errorf("trusted %v", server.trusted)
			}
			for _, part := range c.says {
				if !strings.Contains(said, part) {
					t.Errorf("%q does not say %q", said, part)
				}
			}
			if strings.Contains(said, c.never) {
				t.Errorf("%q says %q", said, c.never)
			}
		})
	}
}
