package notify

import (
	"fmt"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/backupman/backupman/models"
)

// longestTitle is how many characters a title has at most, and longestSentence how many of
// a tool's words are told.
const (
	longestTitle    = 120
	longestSentence = 1500
)

func failedText(b models.Backup, last *models.Backup, heals bool) string {
	text := said(b.Error) + "\n\n"
	switch {
	case heals:
		return text + "The dump itself is good. What is missing is made again by itself as soon as its drive works: see to the drive."
	case b.DumpedAt != nil:
		return text + "The dump itself is good, but not everywhere where it should be, and what is missing is not made again by itself. See to it, and press Heal or Retry on the page of the backup."
	case last != nil:
		text += "The newest good backup is of " + when(last.CreatedAt) + ". What changed since then is in no backup. "
	default:
		text += "There is no good backup of this job. "
	}
	return text + "See to what it says, and retry the backup on its page."
}

func recoveredText(b models.Backup, before models.Event) string {
	was := "The backup before it had failed"
	if before == models.EventOverdue {
		was = "Backups had been overdue"
	}
	return fmt.Sprintf("The backup of %s finished. %s. There is nothing to do.", when(b.CreatedAt), was) + warned(b)
}

func finishedText(b models.Backup) string {
	return fmt.Sprintf("The backup of %s finished, with %s on its drives.", when(b.CreatedAt), size(b.Size)) + warned(b)
}

func warned(b models.Backup) string {
	if strings.TrimSpace(b.Warnings) == "" {
		return ""
	}
	return "\n\nIt has warnings: " + said(b.Warnings)
}

func disprovenText(b models.Backup, d models.Drill) string {
	return fmt.Sprintf("A drill restored the backup of %s and compared it with what was dumped. %s\n\nDo not count on this backup. Nothing of the job is deleted until somebody has looked at the alarm: see the page of the backup, and drill an older one.",
		when(b.CreatedAt), said(d.Reason))
}

func provenText(b models.Backup, d models.Drill) string {
	return fmt.Sprintf("A drill restored the backup of %s. %s", when(b.CreatedAt), said(d.Reason))
}

func alarmText(b models.Backup, a models.Alarm) string {
	return fmt.Sprintf("The backup of %s differs from those before it: %s\n\nThe database may have lost something. Nothing of the job is deleted until somebody has looked at the alarm: see the page of the backup, and say so there when all is well.",
		when(b.CreatedAt), said(a.Sentence))
}

func failingDriveText(c models.DriveCheck, jobs []string) string {
	text := said(c.Error) + "\n\n"
	if len(jobs) > 0 {
		text += "Copies of " + listed(jobs) + " are not made there until it works. "
	}
	if c.NeedsSignIn {
		return text + "Sign in to its provider again on the page of the drive."
	}
	return text + "See to what it says, and check the drive again on its page."
}

func goodDriveText() string {
	return "Its check passed. Copies that are missing there are made again by themselves. There is nothing to do."
}

func overdueText(j models.Job, due time.Time, good *models.Backup) string {
	text := fmt.Sprintf("The schedule asked for a backup at %s, and none was made. ", when(due))
	if good != nil {
		text += "The newest good backup is of " + when(good.CreatedAt) + ". What changed since then is in no backup. "
	} else {
		text += "There is no good backup of this job. "
	}
	if j.LacksKit() {
		return text + "Its backups are encrypted, and none is made before somebody has taken the recovery kit: take it on the page of the job."
	}
	return text + "See on the page of the job what keeps it from running, or run it now."
}

// when is a moment in words that hold anywhere.
func when(t time.Time) string { return t.UTC().Format("Mon 2 January 2006, 15:04 UTC") }

// said makes sentences of what was written down, one a line, of lines of any origin.
func said(text string) string {
	var lines []string
	for line := range strings.Lines(cut(text, longestSentence)) {
		line = strings.TrimSpace(strings.Map(printable, line))
		if line == "" {
			continue
		}
		first, width := utf8.DecodeRuneInString(line)
		line = string(unicode.ToUpper(first)) + line[width:]
		if !strings.ContainsAny(line[len(line)-1:], ".!?:…") && !strings.HasSuffix(line, "…") {
			line += "."
		}
		lines = append(lines, line)
	}
	if len(lines) == 0 {
		return "Why is not known."
	}
	return strings.Join(lines, "\n")
}

// printable leaves out what moves a cursor or the direction of writing.
func printable(r rune) rune {
	if unicode.IsControl(r) && r != '\t' || unicode.Is(unicode.Cf, r) {
		return -1
	}
	return r
}

// listed names a few things.
func listed(labels []string) string {
	const most = 5
	switch n := len(labels); {
	case n == 1:
		return labels[0]
	case n > most:
		return strings.Join(labels[:most], ", ") + fmt.Sprintf(" and %d more jobs", n-most)
	default:
		return strings.Join(labels[:n-1], ", ") + " and " + labels[n-1]
	}
}

// size is a number of bytes in words.
func size(bytes int64) string {
	const step = 1024
	if bytes < step {
		return fmt.Sprintf("%d bytes", bytes)
	}
	value, unit := float64(bytes), ""
	for _, unit = range []string{"KiB", "MiB", "GiB", "TiB", "PiB"} {
		if value /= step; value < step {
			break
		}
	}
	return fmt.Sprintf("%.1f %s", value, unit)
}
