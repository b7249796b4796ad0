package source

import (
	"bytes"
	"context"
	"errors"
	"io"
	"regexp"
	"strings"

	"github.com/backupman/backupman/models"
)

// restoreLog passes on what pg_restore says, without the statements that it repeats, for
// these may hold passwords of other servers and rows. It is given whole lines.
type restoreLog struct {
	out io.Writer
	// first is the first error, and detail what the server adds to it.
	first, detail string
	quiet         bool
}

func (l *restoreLog) Write(p []byte) (int, error) {
	for line := range bytes.Lines(p) {
		if err := l.line(line); err != nil {
			return 0, err
		}
	}
	return len(p), nil
}

func (l *restoreLog) line(line []byte) error {
	text := strings.TrimRight(string(line), "\n")
	switch _, said, ok := strings.Cut(text, ": error: "); {
	case ok && l.first == "":
		l.first, l.quiet = bounded(said), false
	case strings.HasPrefix(text, "DETAIL:") && l.detail == "":
		l.detail = bounded(strings.TrimSpace(strings.TrimPrefix(text, "DETAIL:")))
	case strings.HasPrefix(text, "Command was:"):
		l.quiet = true
	case strings.HasPrefix(text, "pg_restore:"):
		l.quiet = false
	}
	if l.quiet {
		return nil
	}
	_, err := l.out.Write(line)
	return err
}

// lacking are errors that lie with the server or the tool: something is not installed, or
// is older than what the dump was made with.
var lacking = regexp.MustCompile(`extension "[^"]*" is not available|could not open extension control file|unrecognized configuration parameter|unsupported version \([0-9.]+\) in file header|` +
	`could not access file "\$libdir|could not create locale|collation "[^"]*" for encoding|access method "[^"]*" does not exist|language "[^"]*" does not exist|tablespace "[^"]*" does not exist|` +
	`shared_preload_libraries|unrecognized (?:table|index|storage) parameter|unrecognized parameter`)

// troubled are errors of a server that went away, is full or was stopped by somebody.
var troubled = regexp.MustCompile(`server closed the connection|terminating connection|connection to server|the database system is |worker process died|` +
	`No space left on device|could not extend file|out of memory|out of shared memory|remaining connection slots|too many clients|canceling statement due to`)

// explain turns what pg_restore said into a sentence, and tells when the error lies with
// the server.
func (r *postgresRestore) explain(log *restoreLog, err error) error {
	if err == nil || errors.Is(err, context.Canceled) || log.first == "" || !errors.Is(err, models.ErrInvalid) {
		return err
	}
	said := strings.TrimPrefix(log.first, "could not execute query: ")
	if log.detail != "" {
		said += " (" + log.detail + ")"
	}
	switch {
	case lacking.MatchString(log.first), strings.Contains(said, "syntax error") && r.older():
		return Incapablef("pg_restore could not restore into the server at %s, PostgreSQL %s: %s; the backup was made on %s with pg_dump %s", r.where(), r.of.text, said,
			bounded(r.archive.head.server), bounded(r.archive.head.tool))
	case strings.Contains(said, "cannot drop") && strings.Contains(said, "depend"):
		return models.Conflictf("a table can't be replaced alone, because other objects need it: %s; restore those as well, or the whole backup", said)
	case len(r.req.Tables) > 0 && strings.Contains(said, "violates foreign key constraint"):
		return models.Conflictf("the tables of the backup do not fit those that are there: %s; restore those as well, or the whole backup", said)
	case troubled.MatchString(said):
		return Incapablef("pg_restore could not restore into the server at %s: %s", r.where(), said)
	case strings.Contains(said, "permission denied") || strings.Contains(said, "must be owner") || strings.Contains(said, "ust be superuser"):
		return &IncapableError{models.Invalidf("role %q may not make everything that the backup holds: %s; set restore_user to a role that may, such as a superuser", r.of.role, said)}
	}
	return models.Invalidf("pg_restore failed; it said: %s", said)
}

// older tells whether the server is older than the one that was dumped.
func (r *postgresRestore) older() bool {
	made, ok := parseVersion(r.archive.head.server)
	return ok && r.of.major < made.major
}
