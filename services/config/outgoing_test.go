package config_test

import (
	"net/netip"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/backupman/backupman/services/config"
)

func TestOutgoing(t *testing.T) {
	for name, test := range map[string]struct {
		text string
		want config.Outgoing
	}{
		"not said": {"version: 1\n", config.Outgoing{Private: true}},
		"empty":    {"outgoing:\n", config.Outgoing{Private: true}},
		"true":     {"outgoing: {private: true}\n", config.Outgoing{Private: true}},
		"false":    {"outgoing: {private: false}\n", config.Outgoing{}},
		"as text":  {"outgoing: {private: \"no\"}\n", config.Outgoing{}},
		"networks": {"outgoing:\n  private: false\n  allow: [10.1.2.3/8, \"fd00::/8\", 192.168.1.7, \"::1\", \"::ffff:10.0.0.0/104\"]\n", config.Outgoing{Allow: []netip.Prefix{
			netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("fd00::/8"), netip.MustParsePrefix("192.168.1.7/32"),
			netip.MustParsePrefix("::1/128"), netip.MustParsePrefix("10.0.0.0/8")}}},
	} {
		t.Run(name, func(t *testing.T) {
			c, err := config.Load(write(t, filepath.Join(t.TempDir(), "c.yaml"), test.text), options(nil))
			if err != nil || !reflect.DeepEqual(c.Outgoing, test.want) {
				t.Errorf("%+v, %v, want %+v", c.Outgoing, err, test.want)
			}
		})
	}
	c, err := config.Load("", options(nil))
	if err != nil || !c.Outgoing.Private {
		t.Errorf("without a file: %+v, %v", c.Outgoing, err)
	}
}

func TestOutgoingMistakes(t *testing.T) {
	for text, want := range map[string]string{
		"outgoing:\n  private: perhaps\n":               `:2: outgoing.private must be true or false, not "perhaps"`,
		"outgoing:\n  allow:\n    - 10.0.0.0/33\n":      `:3: an element of outgoing.allow must be a network`,
		"outgoing:\n  allow:\n    - nas.local\n":        `:3: an element of outgoing.allow must be a network`,
		"outgoing:\n  allow: [\"::ffff:0:0/16\"]\n":     `:2: an element of outgoing.allow must be a network`,
		"outgoing:\n  allow: 10.0.0.0/8\n":              `:2: outgoing.allow must be a list`,
		"outgoing:\n  allow:\n    - \"\"\n":             `:3: an element of outgoing.allow is empty`,
		"outgoing:\n  privat: false\n":                  `:2: outgoing.privat is not a key that is known here`,
		"version: 1\noutgoing: false\n":                 `:2: outgoing must hold keys and values`,
		"outgoing:\n  allow:\n    - \"fe80::1%eth0\"\n": `:3: an element of outgoing.allow must be a network`,
	} {
		_, err := config.Load(write(t, filepath.Join(t.TempDir(), "c.yaml"), text), options(nil))
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q gave %v, want %q", text, err, want)
		}
	}
}
