package source

import (
	"maps"
	"slices"
	"strings"

	"github.com/backupman/backupman/models"
)

// The words of the setting "tls", shared by every kind of server.
const (
	tlsOff        = "false"
	tlsPreferred  = "preferred"
	tlsVerify     = "true"
	tlsSkipVerify = "skip-verify"
	// tlsVerifyCA is PostgreSQL's alone: whoever vouches for the server is verified, and its
	// name is not.
	tlsVerifyCA = "verify-ca"
)

// tlsSetting is the setting, with the words of YAML and of both vendors.
var tlsSetting = models.Setting{
	Name: "tls", Decides: models.DecidesReceiver, Label: "TLS", Help: "Whether the connection is encrypted, and the server's certificate verified.",
	Type: models.SettingChoice, Default: tlsPreferred, Choices: []string{tlsPreferred, tlsVerify, tlsSkipVerify, tlsOff},
	Words: map[string]string{
		tlsPreferred:  "When the server has it",
		tlsVerify:     "Always, and verify the certificate",
		tlsSkipVerify: "Always, without verifying",
		tlsOff:        "Never",
		tlsVerifyCA:   "Always, and verify the certificate but not its name",
	},
	Also: map[string]string{
		"": tlsPreferred, "prefer": tlsPreferred, "allow": tlsPreferred,
		"no": tlsOff, "off": tlsOff, "0": tlsOff, "disable": tlsOff, "disabled": tlsOff,
		"yes": tlsVerify, "on": tlsVerify, "1": tlsVerify, "verify-full": tlsVerify,
		"verify_identity": tlsVerify, tlsVerifyCA: tlsVerify, "verify_ca": tlsVerify,
		"require": tlsSkipVerify, "required": tlsSkipVerify,
	},
}

// tlsPostgresSetting is tlsSetting with verify-ca as a choice of its own.
func tlsPostgresSetting() models.Setting {
	s := tlsSetting
	s.Choices = append(slices.Clone(s.Choices), tlsVerifyCA)
	s.Also = maps.Clone(s.Also)
	s.Also[tlsVerifyCA], s.Also["verify_ca"] = tlsVerifyCA, tlsVerifyCA
	return s
}

// tlsMode reads the setting "tls", in the words of YAML and of both vendors.
func tlsMode(label, word string) (string, error) {
	choice, ok := tlsSetting.Choice(word)
	if !ok {
		return "", models.Invalidf("data source %q: tls is true, false, skip-verify or preferred, not %q", label, word)
	}
	return choice, nil
}

// sslMode reads the setting "tls" and returns libpq's word for it.
func sslMode(label, word string) (string, error) {
	switch strings.ToLower(word) {
	case "", tlsPreferred, "prefer", "allow":
		return "prefer", nil
	case tlsOff, "no", "off", "0", "disable":
		return "disable", nil
	case tlsVerify, "yes", "on", "1", "verify-full":
		return "verify-full", nil
	case tlsSkipVerify, "require", "required":
		return "require", nil
	case "verify-ca":
		return "verify-ca", nil
	}
	return "", models.Invalidf("data source %q: tls is true, false, skip-verify, preferred or one of PostgreSQL's sslmodes, not %q", label, word)
}
