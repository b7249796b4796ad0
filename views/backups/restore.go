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
	// From are the places that the file is fetched from first; empty when it is on this machine.
	From []CopyPlace
}

// CopyPlace is where a drive keeps a copy.
type CopyPlace struct{ Drive, Path string }

// placesOf are those of the finished copies of a backup of which this machine has none.
func placesOf(copies []models.DriveFile, drives map[string]models.Drive) []CopyPlace {
	var places []CopyPlace
	for _, f := range copies {
		if f.Status != models.StatusFinished {
			continue
		}
		at := CopyPlace{Drive: "a drive that is gone", Path: f.Key}
		if d, ok := drives[f.DriveID]; ok {
			at.Drive = d.Label
		}
		if f.Path != nil {
			at.Path = *f.Path
		}
		places = append(places, at)
	}
	return places
}

// NewByHand writes down how a dump file is restored; locked is nil for one that is not
// encrypted. The provider is the
// source's, file is a path or a name, and inv tells the name of the database
// that was dumped and its defaults; it is empty where the manifest is gone.
func NewByHand(provider, file string, inv models.Inventory, sha256 string, locked *Lock) ByHand {
	h := ByHand{}
	if sha256 != "" {
		h.Check = "echo " + quote(sha256+"  "+file) + " | sha256sum --check"
	}
	target, options := scratchName(inv.Database), createOptions(inv)
	switch provider {
	case "mysql":
		h.Commands = "mariadb -e " + quote("CREATE DATABASE "+target+options) + "\n" + unpack(file, locked) + " | mariadb --comments " + target
		h.Note = "This restores into a new database called " + target + ". Where the server is MySQL, the client is called mysql instead of mariadb."
	case "postgres":
		h.Commands = "createdb" + options + " " + target + "\n" + unpack(file, locked) + " | pg_restore --exit-on-error --dbname " + target
		h.Note = "This restores into a new database called " + target + ". The roles that own things in it must exist on the server; " +
			"without them, add --no-owner --no-privileges to pg_restore. Leave out of createdb a locale that the server does not have."
	case "sqlite":
		h.Commands = unpack(file, locked) + " > restored.sqlite"
		h.Note = "This writes a new file. To use it, stop what uses the database and put it in the old one's place."
	}
	if h.Note != "" {
		h.Note += byHandNote(file, locked)
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
func unpack(file string, locked *Lock) string {
	name, steps := file, []string{}
	if strings.HasSuffix(name, ".age") {
		name = strings.TrimSuffix(name, ".age")
		key := "--identity KEY_FILE "
		if locked != nil && locked.Passphrase && !locked.Key {
			key = "" // it asks for the passphrase
		}
		steps = append(steps, "age --decrypt "+key+operand(file))
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
