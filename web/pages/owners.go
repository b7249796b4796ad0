package pages

import (
	"context"
	"fmt"
	"strconv"

	"github.com/backupman/backupman/models"
	"github.com/backupman/backupman/views/backups"
)

// owners tells what the failure of a backup can be about; nothing of one that has not failed.
// source is the label of its source, empty once that has left the configuration.
func (h *Handlers) owners(ctx context.Context, b models.Backup, source string) (known backups.Owners, err error) {
	if b.Status != models.StatusFailed || b.Cancelled() {
		return known, nil
	}
	if b.DumpedAt == nil {
		if source == "" {
			return known, nil
		}
		o, err := h.owner(ctx, models.PlanSource, b.SourceID, source)
		known.Source = &o
		return known, err
	}
	drives, err := h.Catalog.Drives(ctx)
	if err != nil {
		return known, err
	}
	known.Drives = map[string]backups.Owner{}
	for _, d := range drives {
		if known.Drives[d.ID], err = h.owner(ctx, models.PlanDrive, d.ID, d.Label); err != nil {
			return known, err
		}
	}
	return known, nil
}

// sourceLabel is empty for a source that has left the configuration.
func (h *Handlers) sourceLabel(ctx context.Context, id string) (string, error) {
	all, err := h.Plans.Sources(ctx)
	if err != nil {
		return "", fmt.Errorf("list sources: %w", err)
	}
	for _, s := range all {
		if s.ID == id && s.RemovedAt == nil {
			return s.Label, nil
		}
	}
	return "", nil
}

func (h *Handlers) owner(ctx context.Context, kind models.PlanKind, id, label string) (o backups.Owner, err error) {
	o = backups.Owner{ID: id, Label: label, Place: h.place(kind, label), Pages: h.Planner != nil}
	o.Origin, err = h.origin(ctx, kind, label)
	return o, err
}

// place says where the configuration file names something; empty where it does not.
func (h *Handlers) place(kind models.PlanKind, label string) string {
	if h.Planner == nil {
		return ""
	}
	file, line := h.Planner.Place(kind, label)
	if file != "" && line > 0 {
		return file + ", line " + strconv.Itoa(line)
	}
	return file
}
