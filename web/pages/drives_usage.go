package pages

import (
	"context"
	"fmt"
	"time"

	"github.com/a-h/templ"

	"github.com/backupman/backupman/views/drives"
)

// usage tells what a drive held day by day; nil where nothing is known of that.
func (h *Handlers) usage(ctx context.Context, driveID string) (templ.Component, error) {
	since := h.Now().UTC().AddDate(0, 0, -drives.UsageDays).Format(time.DateOnly)
	days, err := h.Drives.DriveUsages(ctx, driveID, since)
	if err != nil {
		return nil, fmt.Errorf("read what the drive %s held: %w", driveID, err)
	}
	if u := drives.NewUsage(days); u != nil {
		return drives.ShowUsage(u), nil
	}
	return nil, nil
}
