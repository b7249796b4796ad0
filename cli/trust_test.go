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
type keyedServer struct{ trusted []drive.HostKey }

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
