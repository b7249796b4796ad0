package backup

import (
	"context"
	"path/filepath"
	"time"

	"github.com/backupman/backupman/models"
	"github.com/backupman/backupman/services/disk"
)

// nodePatience is how long a dump that lies in the spool of another node is left to that
// node: after a server of it was seen, after its runner died, and after it was handed
// over. A machine starts again within that.
const nodePatience = 2 * time.Minute

// nodeOf returns the id of a data folder, which is made by whoever comes first.
func nodeOf(dataDir string) (string, error) {
	return disk.Once(filepath.Join(dataDir, "node"), models.NewID())
}

func (s *Service) node() string { return s.runner.row.Node }

func (s *Service) here() models.Place { return models.Place{Node: s.node(), Patience: nodePatience} }

// liesElsewhere reports whether the spool of a backup is on another node.
func (s *Service) liesElsewhere(b models.Backup) bool {
	return b.SpoolNode != "" && b.SpoolNode != s.node()
}

// isLeftElsewhere reports whether the copies of a backup are made by the servers of
// another node, which has its spool.
func (s *Service) isLeftElsewhere(ctx context.Context, b models.Backup) (bool, error) {
	if b.DumpedAt == nil || !s.liesElsewhere(b) {
		return false, nil
	}
	return s.store.NodeSeenWithin(ctx, b.SpoolNode, nodePatience)
}

// hostOf is the machine that a source is on, as it is named in its settings; empty for
// what this machine has itself: a file, or what a socket leads to.
func hostOf(s models.Source) string {
	host := s.Settings["host"]
	if host == "" || host[0] == '/' || host[0] == '@' {
		return ""
	}
	return host
}
