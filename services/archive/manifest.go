package archive

import (
	"encoding/json"
	"fmt"

	"github.com/backupman/backupman/models"
)

// manifestFormat is the first thing a manifest says about itself.
const manifestFormat = "backupman-manifest"

// EncodeManifest returns a manifest as the JSON that is kept beside every copy. Of what a
// sealed one holds it tells only what restoring by hand needs.
func EncodeManifest(m models.Manifest) ([]byte, error) {
	m.Format, m.Version = manifestFormat, models.ManifestVersion
	if m.Sealed != "" {
		m.Version, m.Inventory = models.SealedManifestVersion, m.Inventory.Public()
	}
	text, err := json.MarshalIndent(m, "", "  ")
	if err != nil {
		return nil, fmt.Errorf("write the manifest: %w", err)
	}
	return append(text, '\n'), nil
}

// DecodeManifest reads a manifest. It returns models.ErrInvalid for text that is
// none, or that a newer Backupman wrote in a form this one does not know.
func DecodeManifest(text []byte) (models.Manifest, error) {
	var m models.Manifest
	if err := json.Unmarshal(text, &m); err != nil {
		return m, models.Invalidf("this is not a manifest: %v", err)
	}
	if m.Format != manifestFormat {
		return m, models.Invalidf("this is not a manifest: its Format is %q and not %q", m.Format, manifestFormat)
	}
	if m.Version > models.SealedManifestVersion {
		return m, models.Invalidf("this manifest has version %d, and this program knows up to %d: use a newer Backupman", m.Version, models.SealedManifestVersion)
	}
	return m, nil
}
