package cli

import (
	"context"
	"errors"
	"os"
	"os/user"
	"strconv"
	"time"

	"github.com/backupman/backupman/models"
)

// auditTime bounds how long an entry of the audit log may take to be written.
const auditTime = 10 * time.Second

// audited does something and adds to the audit log what became of it. subject is what it
// is done to, in words; where the command was given an id, that.
func (a *app) audited(ctx context.Context, action, subject string, do func() error) error {
	err := do()
	a.record(ctx, models.AuditEntry{Action: action, Subject: subject}, err)
	return err
}

// auditedBackup does something to the backup of an id, or to the newest one.
func (a *app) auditedBackup(ctx context.Context, action, id string, do func(id string) error) error {
	b, err := a.findBackup(ctx, id)
	if err != nil {
		a.record(ctx, models.AuditEntry{Action: action, Subject: "backup " + id}, err)
		return err
	}
	err = do(b.ID)
	a.record(ctx, models.AuditEntry{Action: action, Subject: "backup of " + b.Label, SubjectID: b.ID}, err)
	return err
}

// record adds an entry of somebody at the command line; err is what became of it.
func (a *app) record(ctx context.Context, e models.AuditEntry, err error) {
	if e.SubjectID == "" && models.CheckID(e.Subject) == nil {
		e.SubjectID = e.Subject
	}
	e.Kind, e.Actor, e.Agent = models.ActorCommand, account(), "backupman "+versionText()
	var detail string
	if e.Outcome, detail = outcome(err); detail != "" {
		e.Detail = detail
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), auditTime)
	defer cancel()
	if lost := a.auth.Record(ctx, e); lost != nil {
		a.log.Error("AUDIT ENTRY LOST: something was done and could not be recorded", "actor", e.Actor, "action", e.Action, "subject", e.Subject, "error", lost)
	}
}

// outcome tells what became of something by its error. Only sentences for people are kept.
func outcome(err error) (models.AuditOutcome, string) {
	var told *models.Fault
	switch {
	case err == nil:
		return models.AuditDone, ""
	case errors.As(err, &told):
		return models.AuditRefused, told.Sentence
	}
	return models.AuditFailed, ""
}

// account is the account of this machine that runs the command, with the one that became
// it by sudo.
func account() string {
	name := "user " + strconv.Itoa(os.Getuid())
	if u, err := user.Current(); err == nil {
		name = u.Username
	}
	if by := os.Getenv("SUDO_USER"); by != "" && os.Getuid() == 0 {
		name += " (sudo by " + by + ")"
	}
	return name
}
