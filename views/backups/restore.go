package backups

import (
	"path/filepath"
	"strings"

	"github.com/backupman/backupman/models"
)

// ByHand is how a backup is restored with stock tools alone.
type ByHand struct {
	// Check compares the file with its digest; empty while that is unknown.
	Check string
	// Commands restore the file beside what is there, never over it.
	Commands string
	// Note says in a sentence what the commands do.
	Note string
}

// NewByHand writes down how a dump file is restored. The provider is the
// source's, file is a path or a name, and inv tells the name of the database
// that was dumped and its defaults; it is empty where the manifest is gone.
func NewByHand(provider, file string, inv models.Inventory, sha256 string) ByHand {
	h := ByHand{}
	if sha256 != "" {
		h.Check = "echo " + quote(sha256+"  "+file) + " | sha256sum --check"
	}
	target, options := scratchName(inv.Database), createOptions(inv)
	switch provider {
	case "mysql":
		h.Commands = "mariadb -e " + quote("CREATE DATABASE "+target+options) + "\n" + unpack(file) + " | mariadb --comments " + target
		h.Note = "This restores into a new database called " + target + ". Where the server is MySQL, the client is called mysql instead of mariadb."
	case "postgres":
		h.Commands = "createdb" + options + " " + target + "\n" + unpack(file) + " | pg_restore --exit-on-error --dbname " + target
		h.Note = "This restores into a new database called " + target + ". The roles that own things in it must exist on the server; " +
			"without them, add --no-owner --no-privileges to pg_restore. Leave out of createdb a locale that the server does not have."
	case "sqlite":
		h.Commands = unpack(file) + " > restored.sqlite"
		h.Note = "This writes a new file. To use it, stop what uses the database and put it in the old one's place."
	}
	return h
}

// createOptions are the defaults that a new database needs to be as the old one
// was. They come from a file on a drive, so only plain words are taken.
func createOptions(inv models.Inventory) string {
	if inv.Options == "" || strings.Trim(inv.Options, plainLetters+"=@, ") != "" {
		return ""
	}
	return " " + inv.Options
}

// unpack is the command that writes the dump to its standard output. The file's
// own endings tell how it is packed, so a changed job does not matter.
func unpack(file string) string {
	name, steps := file, []string{}
	if strings.HasSuffix(name, ".age") {
		name = strings.TrimSuffix(name, ".age")
		steps = append(steps, "age --decrypt --identity KEY_FILE "+operand(file))
	}
	from := ""
	if len(steps) == 0 {
		from = " " + operand(file)
	}
	switch filepath.Ext(name) {
	case ".zst":
		steps = append(steps, "zstd -dc"+from)
	case ".gz":
		steps = append(steps, "gzip -dc"+from)
	default:
		if len(steps) == 0 {
			steps = append(steps, "cat"+from)
		}
	}
	return strings.Join(steps, " | ")
}

// scratchName is a name for a new database, after the old one's, of characters
// that no client takes for an option or a connection string.
func scratchName(database string) string {
	plain := strings.Map(func(r rune) rune {
		if r == '_' || r >= '0' && r <= '9' || r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' {
			return r
		}
		return -1
	}, database)
	if plain == "" || strings.ContainsAny(database, "/\\") {
		return "restored"
	}
	return plain + "_restored"
}

// operand quotes a word that a command must not take for an option.
func operand(word string) string {
	if strings.HasPrefix(word, "-") {
		return "-- " + quote(word)
	}
	return quote(word)
}

// plainLetters mean nothing to a shell.
const plainLetters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-"

// quote makes one shell word of any text.
func quote(word string) string {
	if word != "" && strings.Trim(word, plainLetters+"/") == "" {
		return word
	}
	return "'" + strings.ReplaceAll(word, "'", `'\''`) + "'"
}

// handFile is the path under which a person on this machine finds the dump, or
// else its bare name.
func handFile(b models.Backup) string {
	if b.DumpPath != nil {
		return *b.DumpPath
	}
	for _, f := range b.DriveFiles {
		if f.Provider == "local" && f.Status == models.StatusFinished && f.Path != nil {
			return *f.Path
		}
	}
	return b.FileName
}
