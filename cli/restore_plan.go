package cli

import (
	"fmt"
	"io"
	"time"

	"github.com/backupman/backupman/models"
	"github.com/backupman/backupman/views/backups"
)

// toldOverwrites bounds how many tables that would be overwritten are named.
const toldOverwrites = 20

// tellPlan says what a restore would do.
func tellPlan(out io.Writer, p models.RestorePlan) {
	fmt.Fprintf(out, "restore:  %s, %s\n", plain(p.Label), whatWords(p))
	for _, c := range p.Copies {
		if c.DriveFileID == p.Request.DriveFileID || p.Request.DriveFileID == "" && c.Proposed {
			fmt.Fprintf(out, "from:     %s: %s\n", plain(c.Drive), c.Why)
		}
	}
	fmt.Fprintf(out, "into:     %s\n", intoWords(p))
	tellOverwrites(out, p)
	switch {
	case !p.NeedsReplace || !p.Request.Replace:
	case p.Request.WithoutSafety:
		fmt.Fprintln(out, "safety:   nothing is backed up first")
	case p.SafetyJob != "":
		fmt.Fprintf(out, "safety:   job %s backs up first what is there\n", plain(p.SafetyJob))
	default:
		fmt.Fprintf(out, "safety:   %s\n", p.NoSafety)
	}
	for _, w := range p.Warnings {
		fmt.Fprintf(out, "warning:  %s\n", indentLines(w))
	}
	if p.LastTook > 0 {
		fmt.Fprintf(out, "the newest restore of it took %s\n", p.LastTook.Round(time.Millisecond))
	}
}

func whatWords(p models.RestorePlan) string {
	if n := len(p.Request.Tables); n > 0 {
		words := fmt.Sprintf("%d of %d tables:", n, len(p.Inventory.Tables))
		for _, t := range p.Request.Tables {
			words += " " + plain(t.String())
		}
		return words
	}
	return fmt.Sprintf("everything: %d tables, %d rows, %s unpacked", len(p.Inventory.Tables), p.Inventory.Rows(), size(p.RawSize))
}

func intoWords(p models.RestorePlan) string {
	words := plain(p.TargetName)
	if p.TargetLabel != "" {
		words += " of data source " + plain(p.TargetLabel)
	}
	if server := backups.ServerName(p.Provider, p.Target.Server); server != "" {
		words += ", " + server
	}
	switch {
	case !p.Target.Exists:
		return words + ", which is made"
	case p.Target.Empty():
		return words + ", which is empty"
	}
	words += fmt.Sprintf(", which holds %d tables, %d other objects, %s", len(p.Target.Tables), p.Target.Objects, size(p.Target.Size))
	if p.Target.ChangedAt != nil {
		words += ", changed " + p.Target.ChangedAt.UTC().Format(time.RFC3339)
	}
	return words
}

func tellOverwrites(out io.Writer, p models.RestorePlan) {
	for i, t := range p.Overwrites {
		if i == toldOverwrites {
			fmt.Fprintf(out, "OVERWRITES and %d more tables\n", len(p.Overwrites)-toldOverwrites)
			return
		}
		rows := "rows not known"
		if t.Rows >= 0 {
			rows = fmt.Sprintf("about %d rows", t.Rows)
		}
		fmt.Fprintf(out, "OVERWRITES %s: %s, %s\n", plain(t.String()), rows, size(t.Bytes))
	}
}
