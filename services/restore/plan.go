package restore

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/backupman/backupman/models"
)

// Plan tells what a restore would do, and touches nothing. Its error is for a request
// that makes no sense, or that nothing could be found out about; what keeps the restore
// from being made is in the plan.
func (s *Service) Plan(ctx context.Context, req models.RestoreRequest) (models.RestorePlan, error) {
	p, _, _, err := s.plan(ctx, req)
	return p, err
}

func (s *Service) plan(ctx context.Context, req models.RestoreRequest) (models.RestorePlan, subject, target, error) {
	sub, err := s.subject(ctx, req.BackupID, req.UploadID, req.Unlock)
	if err != nil {
		return models.RestorePlan{}, sub, target{}, err
	}
	req.Unlock = models.Unlock{} // nobody needs it any more
	if !sub.manifest.Hidden() {
		if req.Tables, err = tablesOf(sub.manifest.Inventory, req.Tables); err != nil {
			return models.RestorePlan{}, sub, target{}, err
		}
	}
	to, err := s.findTarget(ctx, req, sub)
	if err != nil {
		return models.RestorePlan{}, sub, to, err
	}
	m := sub.manifest
	p := models.RestorePlan{Request: req, Label: sub.label, Provider: m.Provider, Inventory: m.Inventory, Size: m.File.Size, RawSize: m.File.RawSize,
		TargetLabel: to.row.Label, TargetName: to.name, Confirm: to.confirm(), LastTook: sub.backup.RestoreTook,
		File: m.File, Locked: sub.locked, Hidden: m.Hidden()}
	if p.Target, err = to.look(ctx); err != nil {
		return p, sub, to, err
	}
	overwrites(&p)
	p.Problems = append(p.Problems, p.Target.Problems...)
	p.Warnings = append(p.Warnings, m.Inventory.Warnings...)
	if err := s.planCopies(ctx, sub, &p); err != nil {
		return p, sub, to, err
	}
	return p, sub, to, s.planSafety(ctx, sub, to, &p)
}

// overwrites fills in what is in the way.
func overwrites(p *models.RestorePlan) {
	asked := p.Request.Tables
	for _, t := range p.Target.Tables {
		if len(asked) == 0 || slices.Contains(asked, t.TableName) {
			p.Overwrites = append(p.Overwrites, t)
		}
	}
	p.NeedsReplace = len(p.Overwrites) > 0
	if len(asked) == 0 && p.Request.Target.Kind != models.TargetFile {
		p.NeedsReplace = !p.Target.Empty()
	}
}

// planCopies lists the copies, and what speaks against the backup.
func (s *Service) planCopies(ctx context.Context, sub subject, p *models.RestorePlan) error {
	if sub.uploadID != "" {
		return nil
	}
	var err error
	if p.Copies, err = s.copies(ctx, sub.backup); err != nil {
		return err
	}
	_, err = chosen(sub.backup, p.Copies, p.Request.DriveFileID)
	if errors.Is(err, models.ErrNotFound) {
		return err
	}
	if err != nil {
		p.Problems = append(p.Problems, sentence(err))
	}
	if sub.backup.DisprovenAt != nil {
		p.Warnings = append(p.Warnings, fmt.Sprintf("a drill found on %s that this backup does not hold what was dumped: restore another one if you can", sub.backup.DisprovenAt.UTC().Format("2006-01-02")))
	}
	return nil
}

// tablesOf finds the tables that were asked for in what a dump holds. One that is named
// without its schema is found when only one schema has it.
func tablesOf(inv models.Inventory, asked []models.TableName) ([]models.TableName, error) {
	var found []models.TableName
	for _, want := range asked {
		var fits []models.TableName
		for _, t := range inv.Tables {
			if t.Name == want.Name && (t.Schema == want.Schema || want.Schema == "") {
				fits = append(fits, models.TableName{Schema: t.Schema, Name: t.Name})
			}
		}
		switch {
		case len(fits) == 0:
			return nil, models.Invalidf("the backup has no table %s", want)
		case len(fits) > 1:
			return nil, models.Invalidf("the backup has more than one table %s: write SCHEMA.TABLE, such as %s", want, fits[0])
		case !slices.Contains(found, fits[0]):
			found = append(found, fits[0])
		}
	}
	return found, nil
}

// refusal says why a restore that was planned so can't be started; nil when it can. The
// word is asked for before it is looked at whether it is right.
func refusal(p models.RestorePlan) error {
	req := p.Request
	switch {
	case len(p.Problems) > 0:
		return models.Conflictf("%s", listed(p.Problems))
	case p.Locked != "":
		return models.Conflictf("%s", p.Locked)
	case p.NeedsReplace && !req.Replace:
		return models.Conflictf("%s holds %s that would be overwritten: ask for that to be replaced, or choose another target", p.TargetName, inTheWay(p))
	case needsSafety(req, p) && p.SafetyJob == "":
		return models.Conflictf("%s: make a backup by hand and ask for a restore without a safety backup", p.NoSafety)
	case req.Confirm != p.Confirm:
		return models.Invalidf("type %s to confirm that the backup is restored there", p.Confirm)
	}
	return nil
}

// inTheWay says what a restore would overwrite: how many tables, and where there are none
// the other objects that are there.
func inTheWay(p models.RestorePlan) string {
	if len(p.Overwrites) == 0 {
		return counted(p.Target.Objects, "view, routine or other object", "views, routines and other objects")
	}
	return counted(len(p.Overwrites), "table", "tables")
}

func counted(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}
