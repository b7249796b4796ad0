package catalog

import (
	"context"
	"errors"
	"fmt"

	"github.com/backupman/backupman/models"
	"github.com/backupman/backupman/services/drive"
	"github.com/backupman/backupman/services/source"
)

// OpenSource opens the source of a row with what the configuration says of it
// now. The returned models.Source has the row's id and the configuration's
// settings, secrets included. The error is models.ErrNotFound when the source
// is no longer configured.
func (c *Catalog) OpenSource(ctx context.Context, id string) (source.Source, source.Kind, models.Source, error) {
	row, err := c.store.Source(ctx, id)
	if err != nil {
		return nil, source.Kind{}, models.Source{}, lost(err, "data source", id)
	}
	set, ok := c.snapshot().sources[row.Label]
	if !ok {
		return nil, source.Kind{}, row, models.NotFoundf("the data source %q of this job is no longer in the configuration: add it again or remove the job", row.Label)
	}
	row.Provider, row.Settings = set.Provider, set.Settings
	kind, err := c.sourceKind(row.Provider)
	if err != nil {
		return nil, source.Kind{}, row, fmt.Errorf("the data source %q: %w", row.Label, err)
	}
	if row.Settings, err = c.RevealSettings(ctx, fmt.Sprintf("the data source %q", row.Label), kind.Kind, row.Settings); err != nil {
		return nil, kind, row, err
	}
	opened, err := kind.Open(row.Label, row.Settings)
	if err != nil {
		return nil, kind, row, fmt.Errorf("open the data source %q: %w", row.Label, err)
	}
	return opened, kind, row, nil
}

// OpenDrive opens the drive of a row, as OpenSource does for sources.
func (c *Catalog) OpenDrive(ctx context.Context, id string) (drive.Drive, models.Drive, error) {
	kind, row, err := c.findDrive(ctx, id)
	if err != nil {
		return nil, row, err
	}
	opened, err := c.opened.get(kind, row)
	if err != nil {
		return nil, row, fmt.Errorf("open the drive %q: %w", row.Label, err)
	}
	return opened, row, nil
}

// findDrive returns the row of a drive with what the configuration says of it now, and
// its kind.
func (c *Catalog) findDrive(ctx context.Context, id string) (drive.Kind, models.Drive, error) {
	row, err := c.store.Drive(ctx, id)
	if err != nil {
		return drive.Kind{}, models.Drive{}, lost(err, "drive", id)
	}
	set, ok := c.snapshot().drives[row.Label]
	if !ok {
		return drive.Kind{}, row, models.NotFoundf("the drive %q of this job is no longer in the configuration: add it again or remove it from the job", row.Label)
	}
	row.Provider, row.Settings = set.Provider, set.Settings
	kind, err := c.driveKind(row.Provider)
	if err != nil {
		return kind, row, fmt.Errorf("the drive %q: %w", row.Label, err)
	}
	row.Settings, err = c.RevealSettings(ctx, fmt.Sprintf("the drive %q", row.Label), kind.Kind, row.Settings)
	return kind, row, err
}

// Reopen lets the next use of a drive open it anew, because what it reads besides its
// settings, such as a token, has changed.
func (c *Catalog) Reopen(id string) { c.opened.forget(id) }

// SignIn prepares a sign-in to a drive's provider. It returns models.ErrInvalid for a
// drive that nobody signs in to.
func (c *Catalog) SignIn(ctx context.Context, id string) (drive.SignIn, models.Drive, error) {
	kind, row, err := c.findDrive(ctx, id)
	if err != nil {
		return nil, row, err
	}
	if kind.SignIn == nil {
		return nil, row, models.Invalidf("the drive %q is a %s, which nobody signs in to", row.Label, kind.Name)
	}
	signIn, err := kind.SignIn(c.opened.place(row))
	return signIn, row, err
}

// lost tells a row that was never there from a store that cannot answer.
func lost(err error, noun, id string) error {
	if errors.Is(err, models.ErrNotFound) {
		return models.NotFoundf("the %s of this job is not known any more: add it to the configuration again or remove the job", noun)
	}
	return fmt.Errorf("find the %s %s: %w", noun, id, err)
}
