package models

import "strings"

// Remedy is what kind of thing mends a failure, as far as its sentence tells.
type Remedy string

// The remedies. RemedyNone says that a sentence names none that is known here: trying again may
// help.
const (
	RemedyNone Remedy = ""
	// RemedySettings says that a setting is wrong, such as a password, a name or an address.
	RemedySettings Remedy = "settings"
	// RemedyRights says that an account may not do what is needed.
	RemedyRights Remedy = "rights"
	// RemedyProgram says that a program of this machine is missing or too old.
	RemedyProgram Remedy = "program"
	// RemedyReach says that a server does not answer, which may pass by itself.
	RemedyReach Remedy = "reach"
	// RemedyRoom says that a drive is full.
	RemedyRoom Remedy = "room"
	// RemedySignIn says that somebody must sign in to a provider.
	RemedySignIn Remedy = "sign-in"
	// RemedyKey says that a server shows a key which nobody has accepted.
	RemedyKey Remedy = "key"
)

// remedies have words of the sentences that data sources and drives write, the more particular
// ones first. The tests of both hold them to that.
var remedies = []struct {
	remedy Remedy
	words  []string
}{
	{RemedyKey, []string{"shows another key", "does not know the server"}},
	{RemedyRoom, []string{" is full", "and the backup needs about", "takes no more files", "has no storage of its own"}},
	{RemedySignIn, []string{"sign in again on the Drives page", "sign in on the Drives page"}},
	{RemedyProgram, []string{"install the package", "which is too old", "the tool is too old", "needs rclone, and there is no program"}},
	{RemedySettings, []string{"(Unknown database "}},
	{RemedyRights, []string{"mend it with: ", "may not open", "may not read", "account's grants", "its access key may not", "the account may not", "may not do that", "let its user write"}},
	{RemedySettings, []string{"refuses user", "there is no database", "no such host", "hostname resolving error", "no machine is known by the name", "check the name", "tls_ca", "correct db_path", "is not an SQLite database",
		" is refused", "does not let the account", "broke off the sign-in", "correct the ", "correct user", "correct access_key", "has expired", "does not open the key", "nothing to sign in"}},
	{RemedyReach, []string{"no connection to the server", "did not answer", "does not answer", "refuses the connection", "there is no way to", "cannot be looked up", "broke off"}},
}

// RemedyOf tells what mends a failure of a data source or of a drive, by its sentence.
func RemedyOf(sentence string) Remedy {
	for _, r := range remedies {
		for _, w := range r.words {
			if strings.Contains(sentence, w) {
				return r.remedy
			}
		}
	}
	return RemedyNone
}
