package source

import (
	"cmp"
	"slices"

	"github.com/backupman/backupman/models"
)

// maxVersions bounds how many versions the comments of one statement may distinguish;
// the tools write two or three.
const maxVersions = 16

// readings returns one way to read a statement's version comments for each group of
// servers that differ on them: a statement must be good for all.
func (t sqlText) readings(text []byte) ([]func(versionComment) bool, error) {
	versions := t.conditions(text)
	if len(versions) == 0 {
		return []func(versionComment) bool{everyComment}, nil
	}
	if len(versions) > maxVersions {
		return nil, models.Invalidf("a statement has more version comments than any dump tool writes")
	}
	var readings []func(versionComment) bool
	for _, of := range append([]versionComment{{}}, versions...) {
		readings = append(readings, readsMySQL(max(of.least, 50700)), readsMariaDB(max(of.least, 50700)))
	}
	return append(readings, everyComment), nil
}

// conditions returns the version comments of a statement on which servers differ.
func (t sqlText) conditions(text []byte) []versionComment {
	var found []versionComment
	for at := 0; at < len(text); {
		kind, end := t.next(text, at, true)
		if kind == pieceVersion {
			if v := parseVersionComment(text[at:end]); !v.always() {
				found = append(found, v)
			}
		}
		at = end
	}
	slices.SortFunc(found, func(a, b versionComment) int { return cmp.Compare(a.least, b.least) })
	return slices.Compact(found)
}

// readsMySQL returns which comments a MySQL server reads.
func readsMySQL(server int) func(versionComment) bool {
	return func(c versionComment) bool { return !c.mariadb && c.least <= server }
}

// readsMariaDB returns which comments a MariaDB server reads: those for versions of
// MySQL that came after the two went apart mean nothing to it.
func readsMariaDB(server int) func(versionComment) bool {
	return func(c versionComment) bool {
		return c.least <= server && (c.mariadb || c.least <= 50700 || c.least >= 100000)
	}
}

// reads returns which version comments the server reads.
func (s mysqlServer) reads() func(versionComment) bool {
	number := s.version.major*10000 + s.version.minor*100 + s.version.patch
	if s.mariadb {
		return readsMariaDB(number)
	}
	return readsMySQL(number)
}
