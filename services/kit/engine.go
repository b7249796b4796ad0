package kit

import (
	"strings"

	"github.com/backupman/backupman/models"
)

// engine is how dumps of one kind of database are restored by hand.
type engine struct {
	extension string
	// packages are those of Debian that hold the client.
	packages []string
	// ServerWords tell of the server, RestoreWords what the commands of Restore do.
	ServerWords, RestoreWords, Restore string
	// Unpacked are further files that the commands leave, as words for rm.
	Unpacked string
	newName  string
	newWord  string
}

// engineOf returns how dumps of a source are restored; unpack is the program that
// unpacks them.
func engineOf(s models.Source, unpack string) engine {
	switch s.Provider {
	case "mysql":
		return mysqlEngine(s, unpack)
	case "postgres":
		return postgresEngine(s, unpack)
	case "sqlite":
		return sqliteEngine(unpack)
	}
	return engine{extension: "dump", newName: "restored", newWord: "database",
		ServerWords:  "The data source of this job is not known any more: install the client of its kind\nof database, too.",
		RestoreWords: "This unpacks the dump. How it is restored depends on the kind of database.",
		Restore:      unpack + ` "${FILE%.age}" > "$NEW"`}
}

func mysqlEngine(s models.Source, unpack string) engine {
	return engine{extension: "sql", packages: []string{"mariadb-client"}, newName: restored(s), newWord: "database",
		ServerWords: `Where the database server is gone as well, install mariadb-server, too, at least
of the version that made the dump (.Inventory.ServerVersion in the manifest).
Where it was MySQL, take MySQL's own packages, and write mysql for mariadb.`,
		RestoreWords: `A new database with the defaults of the old one, and everything into it. The
client finds host, account and password in ~/.my.cnf; root on the server's own
machine needs none.`,
		Restore: "mariadb -e \"CREATE DATABASE $NEW $(jq -r '.Inventory.Options // \"\"' \"$FILE.json\")\"\n" +
			unpack + ` "${FILE%.age}" | mariadb --comments "$NEW"`}
}

func postgresEngine(s models.Source, unpack string) engine {
	return engine{extension: "dump", packages: []string{"postgresql-client"}, newName: restored(s), newWord: "database", Unpacked: " unpacked.dump roles.txt",
		ServerWords: `Where the database server is gone as well, install postgresql, too. Client and
server must be at least of the version that made the dump (.Inventory.ToolVersion
in the manifest).`,
		RestoreWords: `The programs find the server by PGHOST, PGPORT, PGUSER and ~/.pgpass; the
account postgres on the server's own machine needs none. A dump names the roles
that own things and does not hold them, so those that are missing are made
first. Leave the locale out of createdb where this server does not have it.`,
		Restore: unpack + ` "${FILE%.age}" > unpacked.dump` + `
pg_restore --schema-only --file - unpacked.dump | sed -nE 's/^(ALTER|GRANT) .* (OWNER )?TO "?([^"]*)"?;$/\3/p' | sort -u > roles.txt
while read -r role; do createuser -- "$role" 2>/dev/null || true; done < roles.txt
createdb $(jq -r '.Inventory.Options // ""' "$FILE.json") "$NEW"
pg_restore --exit-on-error --dbname "$NEW" unpacked.dump`}
}

func sqliteEngine(unpack string) engine {
	return engine{extension: "sqlite", packages: []string{"sqlite3"}, newName: "restored.sqlite", newWord: "file",
		ServerWords:  "SQLite needs no server.",
		RestoreWords: "The unpacked dump is the database. To use it, end every program that uses the\nold one, and put it in its place. The second command must say ok.",
		Restore:      unpack + " \"${FILE%.age}\" > \"$NEW\"\nsqlite3 \"$NEW\" \"PRAGMA integrity_check\""}
}

// restored is a name for a new database, of characters that no client takes for an
// option or an address.
func restored(s models.Source) string {
	plain := strings.Map(func(r rune) rune {
		if r == '_' || r >= '0' && r <= '9' || r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' {
			return r
		}
		return -1
	}, s.Settings["db_name"])
	if plain == "" {
		return "restored"
	}
	return plain + "_restored"
}

// sourceWords say what a job backs up.
func sourceWords(s models.Source) string {
	switch s.Provider {
	case "mysql":
		return "the database " + shown(s.Settings["db_name"]) + " of MySQL or MariaDB at " + shown(s.Settings["host"])
	case "postgres":
		return "the database " + shown(s.Settings["db_name"]) + " of PostgreSQL at " + shown(s.Settings["host"])
	case "sqlite":
		return "the SQLite database " + shown(whole(s.Settings["db_path"]))
	}
	return "a data source that is not known any more"
}
