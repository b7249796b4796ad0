package models

import (
	"crypto/subtle"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"regexp"
	"strings"
	"time"
)

// redacted is what a secret prints as.
const redacted = "**redacted**"

var errSecret = errors.New("a secret is not written anywhere")

// Secret is a text that nobody may see by accident: it prints as **redacted** in every
// way that Go prints things, and refuses to be encoded. Reveal is the one way to it.
type Secret struct{ text string }

// NewSecret hides a text.
func NewSecret(text string) Secret { return Secret{text: text} }

// Reveal returns the text, for handing it to what needs it.
func (s Secret) Reveal() string { return s.text }

// Empty reports whether there is no secret.
func (s Secret) Empty() bool { return s.text == "" }

// Equal compares in a time that tells nothing about the texts but their length.
func (s Secret) Equal(other Secret) bool {
	return subtle.ConstantTimeCompare([]byte(s.text), []byte(other.text)) == 1
}

// String returns **redacted**, or nothing when there is no secret.
func (s Secret) String() string {
	if s.text == "" {
		return ""
	}
	return redacted
}

// GoString keeps %#v from printing the text.
func (s Secret) GoString() string { return s.String() }

// Format keeps every other verb from printing the text.
func (s Secret) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, s.String()) }

// LogValue keeps slog from printing the text.
func (s Secret) LogValue() slog.Value { return slog.StringValue(s.String()) }

// MarshalText refuses, which keeps JSON and others from writing the text.
func (s Secret) MarshalText() ([]byte, error) { return nil, errSecret }

// MarshalJSON refuses.
func (s Secret) MarshalJSON() ([]byte, error) { return nil, errSecret }

// MarshalYAML refuses.
func (s Secret) MarshalYAML() (any, error) { return nil, errSecret }

// MarshalBinary refuses, which keeps gob and others from writing the text.
func (s Secret) MarshalBinary() ([]byte, error) { return nil, errSecret }

var secretName = regexp.MustCompile(`^[A-Za-z0-9._/-]{1,128}$`)

// ValidSecretName reports whether a stored secret may have a name.
func ValidSecretName(name string) bool { return secretName.MatchString(name) }

// SecretRef returns the name of the stored secret that a setting refers to, when its
// value is ${secret:NAME}.
func SecretRef(value string) (name string, ok bool) {
	name, ok = strings.CutPrefix(value, "${secret:")
	if !ok {
		return "", false
	}
	name, ok = strings.CutSuffix(name, "}")
	return name, ok && ValidSecretName(name)
}

// StoredSecret is a secret with a name, which settings refer to as ${secret:NAME}.
type StoredSecret struct {
	Name string `gorm:"primaryKey;size:128"`
	// Sealed is the encrypted value, bound to the name.
	Sealed    string     `gorm:"type:mediumtext;not null"`
	SetBy     string     `gorm:"size:255;not null"`
	CreatedAt time.Time  `gorm:"precision:6;not null"`
	UpdatedAt *time.Time `gorm:"precision:6;autoUpdateTime:false"`
}
