package api

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"

	"github.com/backupman/backupman/models"
)

// chunk is how many bytes of a list are gathered before they are sent.
const chunk = 32 << 10

// Each calls a function for every backup of a list, and stops at its error.
type Each func(fn func(models.Backup) error) error

// WriteList writes a list of backups as {"Results":[…]} while it is read, so
// that its length costs no memory. After an error what was written is not
// whole, and nothing of it was written when the list failed within its first
// few kilobytes.
func WriteList(w io.Writer, each Each) error {
	out := bufio.NewWriterSize(w, chunk)
	if _, err := out.WriteString(`{"Results":[`); err != nil {
		return err
	}
	first := true
	err := each(func(b models.Backup) error {
		if !first {
			if err := out.WriteByte(','); err != nil {
				return err
			}
		}
		first = false
		return writeBackup(out, b)
	})
	if err != nil {
		return err
	}
	if _, err := out.WriteString("]}\n"); err != nil {
		return err
	}
	return out.Flush()
}

func writeBackup(w io.Writer, b models.Backup) error {
	text, err := json.Marshal(NewBackup(b))
	if err != nil {
		return fmt.Errorf("encode backup %s: %w", b.ID, err)
	}
	_, err = w.Write(text)
	return err
}
