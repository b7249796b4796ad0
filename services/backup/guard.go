package backup

import (
	"errors"
	"fmt"
	"runtime/debug"
)

// errMistake is what a backup says that met a mistake of this program.
var errMistake = errors.New("this program made a mistake and gave up what it was doing: the server's log has the details, please report them")

// guarded makes an error of a panic: one backup's misfortune must neither end the
// server, and with it all others, nor leave the backup pending for ever.
func (r *run) guarded(what string, do func() error) (err error) {
	defer func() {
		if p := recover(); p != nil {
			r.service.log.Error("a backup met a mistake of this program", "backup_id", r.backup.ID, "work", what,
				"panic", fmt.Sprint(p), "stack", string(debug.Stack()))
			err = errMistake
		}
	}()
	return do()
}
