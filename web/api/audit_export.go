package api

import (
	"bufio"
	"encoding/csv"
	"encoding/json"
	"io"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/backupman/backupman/models"
	"github.com/backupman/backupman/web/identity"
	"github.com/backupman/backupman/web/stream"
)

// The formats of an export.
const (
	FormatCSV   = "csv"
	FormatLines = "jsonl" // a JSON object a line
)

// SendAudit sends entries as a file while they are read: as FormatCSV or FormatLines. It is
// written down before the first byte. One that can't be completed is cut off, so that
// nobody takes a part for the whole.
func SendAudit(c *gin.Context, now time.Time, format string, each EachAudit) error {
	identity.Note(c, "audit log", "", "as "+format)
	if err := identity.Record(c); err != nil {
		return err
	}
	write, kind := WriteAuditCSV, "text/csv; charset=utf-8"
	if format == FormatLines {
		write, kind = WriteAuditLines, "application/jsonl; charset=utf-8"
	}
	c.Header("Content-Type", kind)
	c.Header("Content-Disposition", `attachment; filename="backupman-audit-`+now.UTC().Format("20060102")+"."+format+`"`)
	out := bufio.NewWriterSize(stream.Writer(c), chunk)
	if err := write(out, each); err != nil {
		return err
	}
	return out.Flush()
}

// EachAudit calls a function for every entry, and stops at its error.
type EachAudit func(do func(models.AuditEntry) error) error

// WriteAuditLines writes one JSON object a line.
func WriteAuditLines(w io.Writer, each EachAudit) error {
	encoder := json.NewEncoder(w)
	encoder.SetEscapeHTML(false)
	return each(func(e models.AuditEntry) error { return encoder.Encode(NewAuditEntry(e)) })
}

// WriteAuditCSV writes a table with a line of names.
func WriteAuditCSV(w io.Writer, each EachAudit) error {
	table := csv.NewWriter(w)
	if err := table.Write([]string{"Id", "At", "Kind", "Actor", "ActorId", "Action", "Subject", "SubjectId", "Outcome", "Detail", "Address", "Agent"}); err != nil {
		return err
	}
	err := each(func(e models.AuditEntry) error {
		cells := []string{e.ID, e.At.UTC().Format(time.RFC3339Nano), string(e.Kind), e.Actor, e.ActorID, e.Action, e.Subject, e.SubjectID, string(e.Outcome), e.Detail, e.Address, e.Agent}
		for i := range cells {
			cells[i] = defuse(cells[i])
		}
		return table.Write(cells)
	})
	if err != nil {
		return err
	}
	table.Flush()
	return table.Error()
}

// defuse keeps a spreadsheet from taking a cell for a formula. What people and programs
// call themselves is in there.
func defuse(cell string) string {
	if cell == "" {
		return cell
	}
	switch cell[0] {
	case '=', '+', '-', '@', '\t', '\r', '\n':
		return "'" + cell
	}
	return cell
}
