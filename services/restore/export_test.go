package restore

import "github.com/backupman/backupman/models"

// What tests outside of the package look at.
var (
	CompareInventories = func(want, got models.Inventory) []string {
		d := compareInventories(want, got)
		return append(d.contents, d.digests...)
	}
	Judge = judge
)

// SetShared makes another folder than /var/tmp the one that every account can enter.
func (s *Service) SetShared(path string) { s.shared = path }
