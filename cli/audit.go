package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/backupman/backupman/models"
	"github.com/backupman/backupman/web/api"
)

// auditFlags narrow the audit log and say how it is shown.
type auditFlags struct {
	actor, action, outcome, since, until string
	limit                                int
	csv, lines                           bool
}

func newAudit(f *flags) *cobra.Command {
	var q auditFlags
	cmd := &cobra.Command{
		Use:   "audit",
		Short: "Show who did what, or export it",
		Long: `Shows who did what to what, from where, and what became of it, newest first. --csv and
--jsonl export it, whole unless --limit says otherwise.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if q.csv && q.lines {
				return models.Invalidf("choose one of --csv and --jsonl")
			}
			if !cmd.Flags().Changed("limit") && (q.csv || q.lines) {
				q.limit = 0
			}
			return withApp(cmd, f, looking, func(ctx context.Context, a *app) error {
				return a.audit(ctx, cmd.OutOrStdout(), f.json, q)
			})
		},
	}
	cmd.Flags().StringVar(&q.actor, "actor", "", "only what this person, key or account did")
	cmd.Flags().StringVar(&q.action, "action", "", "only this action, such as user.role, or all of a noun, such as user")
	cmd.Flags().StringVar(&q.outcome, "outcome", "", "only what was begun, done, refused or failed")
	cmd.Flags().StringVar(&q.since, "since", "", "only since a day or a time, such as 2027-03-01, or a length of time ago, such as 24h")
	cmd.Flags().StringVar(&q.until, "until", "", "only before a day or a time")
	cmd.Flags().IntVar(&q.limit, "limit", 100, "how many entries at most; 0 is all")
	cmd.Flags().BoolVar(&q.csv, "csv", false, "export as a table")
	cmd.Flags().BoolVar(&q.lines, "jsonl", false, "export as a JSON object a line")
	_ = cmd.RegisterFlagCompletionFunc("outcome", func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
		return []string{string(models.AuditBegun), string(models.AuditDone), string(models.AuditRefused), string(models.AuditFailed)}, cobra.ShellCompDirectiveNoFileComp
	})
	return cmd
}

func (a *app) audit(ctx context.Context, out io.Writer, inJSON bool, q auditFlags) error {
	filter, err := q.filter(models.Now())
	if err != nil {
		return err
	}
	each := a.eachEntry(ctx, filter, q.limit)
	switch {
	case q.csv:
		return a.audited(ctx, "audit.export", "audit log", func() error { return api.WriteAuditCSV(out, each) })
	case q.lines:
		return a.audited(ctx, "audit.export", "audit log", func() error { return api.WriteAuditLines(out, each) })
	case inJSON:
		told := api.AuditEntries{Results: []api.AuditEntry{}}
		if err := each(func(e models.AuditEntry) error { told.Results = append(told.Results, api.NewAuditEntry(e)); return nil }); err != nil {
			return err
		}
		return json.NewEncoder(out).Encode(told)
	}
	return tellAudit(out, each)
}

// errEnough ends a walk through the audit log.
var errEnough = errors.New("enough")

// eachEntry walks through the entries, newest first, up to a limit; 0 is none.
func (a *app) eachEntry(ctx context.Context, filter models.AuditFilter, limit int) api.EachAudit {
	return func(do func(models.AuditEntry) error) error {
		left := limit
		err := a.auth.EachAuditEntry(ctx, filter, func(e models.AuditEntry) error {
			if err := do(e); err != nil {
				return err
			}
			if left--; left == 0 {
				return errEnough
			}
			return nil
		})
		if errors.Is(err, errEnough) {
			return nil
		}
		return err
	}
}

func (q auditFlags) filter(now time.Time) (models.AuditFilter, error) {
	filter := models.AuditFilter{Actor: q.actor, Action: q.action, Outcome: models.AuditOutcome(q.outcome)}
	if !slices.Contains(append([]models.AuditOutcome{""}, models.AuditOutcomes...), filter.Outcome) {
		return filter, models.Invalidf("--outcome must be begun, done, refused or failed, not %q", q.outcome)
	}
	if q.limit < 0 {
		return filter, models.Invalidf("--limit must be 0 or more, not %d", q.limit)
	}
	var err error
	if filter.Since, err = moment("--since", q.since, now); err != nil {
		return filter, err
	}
	filter.Until, err = moment("--until", q.until, now)
	return filter, err
}

// moment reads a day or a time, in UTC, or a length of time before now; the zero time for
// nothing.
func moment(flag, text string, now time.Time) (time.Time, error) {
	if text == "" {
		return time.Time{}, nil
	}
	for _, form := range []string{time.RFC3339, "2006-01-02 15:04:05Z", "2006-01-02"} {
		if at, err := time.Parse(form, text); err == nil {
			return at.UTC(), nil
		}
	}
	if length, err := models.ParseSpan(text); err == nil {
		return now.Add(-length), nil
	}
	return time.Time{}, models.Invalidf("%s must be a day such as 2027-03-01, a time such as 2027-03-01T12:00:00Z, or a length of time such as 24h, not %q", flag, text)
}

func tellAudit(out io.Writer, each api.EachAudit) error {
	table := tabwriter.NewWriter(out, 0, 4, 2, ' ', 0)
	n := 0
	err := each(func(e models.AuditEntry) error {
		if n++; n == 1 {
			fmt.Fprintln(table, "AT\tWHO\tACTION\tSUBJECT\tOUTCOME\tFROM")
		}
		from := e.Address
		if from == "" {
			from = string(e.Kind)
		}
		_, err := fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%s\t%s\n", when(&e.At), plain(e.Actor), e.Action, plain(withDetail(e)), e.Outcome, plain(from))
		return err
	})
	if err != nil {
		return err
	}
	if n == 0 {
		_, err := fmt.Fprintln(out, "There is no such entry in the audit log.")
		return err
	}
	return table.Flush()
}

func withDetail(e models.AuditEntry) string {
	if e.Detail == "" {
		return e.Subject
	}
	return e.Subject + ": " + e.Detail
}
