package adopt

import (
	"context"
	"fmt"
	"path"
	"strings"

	"github.com/backupman/backupman/services/archive"
	"github.com/backupman/backupman/services/drive"
)

const (
	// sideBySide is how many manifests are read at once.
	sideBySide = 8
	// manifestsHeld is how many bytes of manifests are held at once; a single one may
	// be longer.
	manifestsHeld = 16 << 20
	// longestManifest is the longest that is read. One of a hundred thousand tables has
	// some fifty megabytes.
	longestManifest = 256 << 20
)

// candidate is a file on the drive that may be a copy of a backup.
type candidate struct {
	file drive.Stored
	// described is the length of the manifest beside it; -1 when there is none.
	described int64
	// lone says that there is a manifest and not the file.
	lone bool
	// named says that the file is called as dump files are.
	named bool
}

// list returns what on the drive may be copies of backups, in the order of their keys.
// Only names and lengths are held, some hundred bytes a file.
func (r *run) list(ctx context.Context) ([]candidate, error) {
	var files []drive.Stored
	sizes := map[string]int64{}
	err := r.drive.List(ctx, "", func(s drive.Stored) error {
		files = append(files, s)
		sizes[s.Key] = s.Size
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("list the drive %q: %w", r.row.Label, err)
	}
	var found []candidate
	for _, f := range files {
		if c, ok := candidateOf(f, sizes); ok {
			found = append(found, c)
		}
	}
	return found, nil
}

// candidateOf leaves out what is half written, what belongs to another file, and what
// has nothing to do with backups.
func candidateOf(f drive.Stored, sizes map[string]int64) (candidate, bool) {
	c := candidate{file: f, described: -1}
	if size, ok := sizes[archive.ManifestKey(f.Key)]; ok {
		c.described = size
	}
	_, c.named = archive.ParseFileName(path.Base(f.Key))
	base, isManifest := strings.CutSuffix(f.Key, archive.ManifestKey(""))
	if isManifest && !c.named {
		_, there := sizes[base]
		_, c.named = archive.ParseFileName(path.Base(base))
		c.lone, c.described = true, f.Size
		return c, !there && c.named
	}
	if strings.HasSuffix(f.Key, archive.PartialSuffix) {
		return c, false
	}
	return c, c.named || c.described >= 0
}

// batches cuts the files into lots whose manifests are read side by side.
func batches(files []candidate) [][]candidate {
	var all [][]candidate
	var held int64
	for _, c := range files {
		last := len(all) - 1
		if last < 0 || len(all[last]) == sideBySide || held+c.described > manifestsHeld {
			all, held, last = append(all, nil), 0, last+1
		}
		all[last] = append(all[last], c)
		held += max(c.described, 0)
	}
	return all
}
