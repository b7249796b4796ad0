package drive

import (
	"errors"
	"fmt"
	"regexp"
	"strings"

	"github.com/backupman/backupman/models"
)

// rcloneError is a command of rclone that failed.
type rcloneError struct {
	// status is the exit status, https://rclone.org/docs/#exit-code; -1 when a
	// signal ended rclone.
	status int
	told   string
}

// The exit statuses that every version of rclone means the same by.
const (
	rcloneNoFolder = 3
	rcloneNoFile   = 4
	rclonePassing  = 5
)

var (
	// rcloneStamp begins the lines of rclone's log.
	rcloneStamp = regexp.MustCompile(`^\d{4}/\d\d/\d\d \d\d:\d\d:\d\d (ERROR|CRITICAL|NOTICE)?[ :]*`)
	// rcloneFailed begins its last word.
	rcloneFailed = regexp.MustCompile(`^Failed to [a-z]+( with \d+ errors)?: (last error was: )?`)
	// rcloneLogin is the account and password in an address.
	rcloneLogin = regexp.MustCompile(`://[^/@\s"]+@`)
	// rcloneNoise is what libraries put before and behind what happened: the request
	// with its address, which may be as good as a key, the ends of the connection,
	// queries, and answers in JSON.
	rcloneNoise = regexp.MustCompile(`\b[A-Z][A-Za-z]+ "[^"]*://[^"]*": |\b(dial|read|write) (tcp|udp)[46]? \S+: |\b(connect|read|write): |\?[^\s"'?]+=[^\s"']*|\s*(Response: )?\{.*$`)
	// rcloneLookup is the failed search for a machine.
	rcloneLookup = regexp.MustCompile(`(dial tcp: )?lookup (\S+)( on \S+)?: no such host`)
)

// Error returns rclone's last word, without what is for programmers and without secrets.
func (e *rcloneError) Error() string {
	word := rcloneLogin.ReplaceAllString(e.word(), "://")
	word = rcloneNoise.ReplaceAllString(rcloneLookup.ReplaceAllString(word, "no such host $2"), "")
	switch {
	case word == "" && e.status < 0:
		return "rclone was ended by a signal"
	case word == "":
		return fmt.Sprintf("rclone ended with status %d", e.status)
	}
	return word
}

// word returns rclone's last word without its decoration.
func (e *rcloneError) word() string {
	word := ""
	for line := range strings.Lines(e.told) {
		line = rcloneStamp.ReplaceAllString(strings.TrimSpace(line), "")
		if line != "" && (word == "" || !rcloneFailed.MatchString(word)) {
			word = line
		}
	}
	return rcloneFailed.ReplaceAllString(word, "")
}

// rcloneMissing reports whether a command failed because what it names is not there.
func rcloneMissing(err error) bool {
	var e *rcloneError
	if !errors.As(err, &e) {
		return false
	}
	return e.status == rcloneNoFolder || e.status == rcloneNoFile || strings.Contains(e.told, "is a directory or doesn't exist")
}

// What providers say through rclone, which has no exit status for it. All is
// compared in lower case.
var (
	rcloneOldWords    = []string{"unknown flag", "unknown command", "unknown shorthand"}
	rcloneConfigWords = []string{"didn't find section in config file", "decrypt configuration", "config file"}
	rcloneFullWords   = []string{"no space left", "quota", "insufficient storage", "storage full", "disk full", "over_storage", "not enough space", "507 "}
	rcloneLoginWords  = []string{"accessdenied", "access denied", "unauthorized", "invalid_grant", "invalidaccesskeyid", "signaturedoesnotmatch",
		"unable to authenticate", "authentication failed", "token expired", "401 ", "403 "}
	rclonePassingWords = []string{"timeout", "timed out", "connection refused", "connection reset", "broken pipe", "unexpected eof", "no such host",
		"network is unreachable", "no route to host", "temporar", "too many requests", "rate limit", "ratelimit", "slowdown", "slow down",
		"internal server error", "bad gateway", "service unavailable", "gateway time", "429 ", "500 ", "502 ", "503 ", "504 ", "try again"}
)

// fault puts an error of rclone into words that name the drive.
func (d *Rclone) fault(doing string, err error) error {
	var e *rcloneError
	if !errors.As(err, &e) {
		return err
	}
	label, word := d.place.Label, d.redact(e.Error())
	said := " " + strings.ToLower(e.word()) + " "
	switch {
	case rcloneMissing(err):
		return models.NotFoundf("drive %q could not %s: it is not there in %s", label, doing, d.remote)
	case rcloneSays(said, rcloneOldWords):
		return models.Invalidf("drive %q: the installed rclone does not know what it is asked for (%s): update it; 1.60 is new enough", label, word)
	case rcloneSays(said, rcloneConfigWords):
		return models.Invalidf("drive %q: rclone cannot use its configuration for %s: %s; check remote, config_file and config_password", label, d.remote, word)
	case rcloneSays(said, rcloneFullWords) && !rcloneSays(said, rclonePassingWords):
		return models.NoSpacef("drive %q is full: free space in %s, or buy more (%s)", label, d.remote, word)
	case e.status == rclonePassing, e.status < 0, rcloneSays(said, rclonePassingWords):
		return &PassingError{Cause: models.Conflictf("drive %q could not %s: rclone says %q of %s: see whether that works, and try again", label, doing, word, d.remote)}
	case rcloneSays(said, rcloneLoginWords):
		return &models.Fault{Kind: models.ErrUnauthorized, Sentence: fmt.Sprintf(
			"drive %q could not %s: %s does not let rclone in (%s): sign in again with rclone config reconnect, or mend its keys", label, doing, d.remote, word)}
	default:
		return models.Conflictf("drive %q could not %s: rclone says %q of %s: try that with rclone itself", label, doing, word, d.remote)
	}
}

func rcloneSays(said string, words []string) bool {
	for _, word := range words {
		if strings.Contains(said, word) {
			return true
		}
	}
	return false
}

// redact takes the secrets of the settings out of a text.
func (d *Rclone) redact(text string) string {
	for _, secret := range d.place.Settings.Secrets(rcloneKind.Kind) {
		text = strings.ReplaceAll(text, secret, "…")
	}
	return text
}
