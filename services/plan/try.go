package plan

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/backupman/backupman/models"
	"github.com/backupman/backupman/services/drive"
)

// tryTime bounds how long something is tried: a person waits for it.
const tryTime = 30 * time.Second

// tryPolicy tries what failed in passing once more, within that time.
var tryPolicy = drive.Policy{Attempts: 2, First: time.Second, Most: 2 * time.Second, Stall: tryTime}

// Try connects as the draft of a source or a drive says, with the secrets that are stored
// where none was typed. The error is for a draft with mistakes; what it found is in the Trial.
func (s *Service) Try(ctx context.Context, draft models.PlanDraft) (models.Trial, error) {
	if draft.Kind != models.PlanSource && draft.Kind != models.PlanDrive {
		return models.Trial{}, models.Invalidf("a %s can't be tried: try a source or a drive", draft.Kind)
	}
	st, err := s.present(ctx)
	if err != nil {
		return models.Trial{}, err
	}
	f, err := s.fill(st, draft)
	if err != nil {
		return models.Trial{}, err
	}
	plan, err := st.file.ReadItem(models.PlanItem{Kind: f.kind, Label: f.label, Fields: f.fields}, models.Plan{}, s.Options.Kinds)
	if err != nil {
		return models.Trial{}, err
	}
	begun := time.Now()
	within, cancel := context.WithTimeout(ctx, tryTime)
	defer cancel()
	var trial models.Trial
	if draft.Kind == models.PlanSource {
		trial = s.trySource(within, plan.Sources[0])
	} else {
		trial = s.tryDrive(within, plan.Drives[0])
	}
	trial.Took = time.Since(begun)
	return trial, ctx.Err()
}

func (s *Service) trySource(ctx context.Context, row models.Source) models.Trial {
	opened, err := s.Catalog.TrySource(ctx, row)
	if err != nil {
		return models.Trial{Error: sentence(err)}
	}
	report, err := opened.Check(ctx)
	if err != nil {
		return models.Trial{Error: sentence(err)}
	}
	if report.ServerVersion == "" && len(report.Problems) > 0 {
		return models.Trial{Error: strings.Join(report.Problems, " ")} // it was not reached
	}
	return models.Trial{Source: &report}
}

func (s *Service) tryDrive(ctx context.Context, row models.Drive) models.Trial {
	found := models.DriveCheck{Free: -1, Total: -1}
	opened, err := s.Catalog.TryDrive(ctx, row, tryPolicy)
	if err == nil {
		var report drive.Report
		if report, err = opened.Check(ctx); err == nil {
			found.Free, found.Total = report.Free, report.Total
		}
	}
	found.CheckedAt = models.Now()
	if err != nil {
		found.Error, found.NeedsSignIn = sentence(err), errors.Is(err, models.ErrUnauthorized)
	} else {
		found.GoodAt = &found.CheckedAt
	}
	return models.Trial{Drive: &found, Error: found.Error}
}

func sentence(err error) string {
	var fault *models.Fault
	switch {
	case errors.As(err, &fault):
		return fault.Sentence
	case errors.Is(err, context.DeadlineExceeded):
		return fmt.Sprintf("it did not answer within %s: see whether it can be reached from this machine", tryTime)
	default:
		return err.Error()
	}
}
