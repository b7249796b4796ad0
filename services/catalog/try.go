package catalog

import (
	"context"
	"fmt"

	"github.com/backupman/backupman/models"
	"github.com/backupman/backupman/services/drive"
	"github.com/backupman/backupman/services/source"
)

// TrySource opens a source that need not be configured, as OpenSource would open it if it
// were.
func (c *Catalog) TrySource(ctx context.Context, s models.Source) (source.Source, error) {
	kind, err := c.sourceKind(s.Provider)
	if err != nil {
		return nil, err
	}
	settings, err := c.RevealSettings(ctx, fmt.Sprintf("the data source %q", s.Label), kind.Kind, s.Settings)
	if err != nil {
		return nil, err
	}
	return kind.Open(s.Label, settings)
}

// TryDrive opens a drive that need not be configured, as OpenDrive would open it if it
// were. It is tried as a policy says, and is nobody else's.
func (c *Catalog) TryDrive(ctx context.Context, d models.Drive, p drive.Policy) (drive.Drive, error) {
	kind, err := c.driveKind(d.Provider)
	if err != nil {
		return nil, err
	}
	if d.Settings, err = c.RevealSettings(ctx, fmt.Sprintf("the drive %q", d.Label), kind.Kind, d.Settings); err != nil {
		return nil, err
	}
	place := c.opened.place(d)
	place.Policy = p
	bare, err := kind.Open(place)
	if err != nil {
		return nil, err
	}
	return drive.Wrap(bare, place)
}
