package catalog

import (
	"maps"
	"sync"

	"github.com/backupman/backupman/models"
	"github.com/backupman/backupman/services/drive"
)

// openDrives keeps drives open, so that all who use one share its connections and its
// limits. A drive whose settings changed is opened anew; what still uses the old one
// goes on with it.
type openDrives struct {
	base drive.Place

	mu     sync.Mutex
	drives map[string]openDrive
}

// openDrive is one that was opened, and what it was opened with.
type openDrive struct {
	drive.Drive
	row models.Drive
}

func (o *openDrives) get(kind drive.Kind, row models.Drive) (drive.Drive, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	known, ok := o.drives[row.ID]
	if ok && known.row.Label == row.Label && known.row.Provider == row.Provider && maps.Equal(known.row.Settings, row.Settings) {
		return known.Drive, nil
	}
	bare, err := kind.Open(o.place(row))
	if err != nil {
		return nil, err
	}
	opened, err := drive.Wrap(bare, o.place(row))
	if err != nil {
		return nil, err
	}
	o.drives[row.ID] = openDrive{Drive: opened, row: row}
	return opened, nil
}

// forget lets the next use open a drive anew.
func (o *openDrives) forget(id string) {
	o.mu.Lock()
	defer o.mu.Unlock()
	delete(o.drives, id)
}

// place is the base with a drive's own label and settings.
func (o *openDrives) place(row models.Drive) drive.Place {
	p := o.base
	p.Label, p.Settings = row.Label, row.Settings
	return p
}
