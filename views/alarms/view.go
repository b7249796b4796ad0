package alarms

import (
	"net/url"
	"time"

	"github.com/backupman/backupman/models"
	"github.com/backupman/backupman/views/components"
	"github.com/backupman/backupman/views/human"
)

// View is one alarm.
type View struct {
	ID, Title string
	// Lines say what is wrong, a sentence each.
	Lines []string
	When  components.Moment
	// Job is the label of the job whose backups are kept meanwhile.
	Job string
	// BackupPath leads to the backup; empty on its own page.
	BackupPath string
	Seen       components.Action
}

// ofBackup names the backup whose page asked, which the answer leads back to.
const ofBackup = "backup"

// New builds an alarm. On the page of its backup it leads nowhere, and back there.
func New(a models.Alarm, job string, onBackup bool, now time.Time) View {
	v := View{ID: a.ID, Title: title(a.Kind), Job: job, When: components.Ago(now, &a.CreatedAt), Lines: human.Sentences(a.Sentence)}
	v.Seen = components.Action{ID: "seen-" + a.ID, Path: "/alarms/" + a.ID + "/seen", Label: "I have looked", Icon: "check", About: job, Needs: models.ScopeRun}
	if onBackup {
		v.Seen.Path += "?" + url.Values{ofBackup: {a.BackupID}}.Encode()
		return v
	}
	v.BackupPath = "/backups/" + a.BackupID
	return v
}

// BackPath is where a person is led who has looked at an alarm: back to the backup
// whose page asked, or to the overview.
func BackPath(q url.Values) string {
	if id := q.Get(ofBackup); models.CheckID(id) == nil {
		return "/backups/" + id
	}
	return "/"
}

func title(k models.AlarmKind) string {
	switch k {
	case models.AlarmDisproven:
		return "A backup does not hold what was dumped"
	case models.AlarmAnomaly:
		return "A backup holds something else than usual"
	}
	return "Something about a backup wants a look"
}
