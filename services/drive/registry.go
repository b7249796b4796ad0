package drive

import (
	"strings"

	"github.com/backupman/backupman/models"
)

// Kinds returns every kind of drive, in the order forms show them, each with the
// settings that all have in common.
func Kinds() []Kind {
	return withCommon(localKind, s3Kind, googleDriveKind, sftpKind, rcloneKind, webdavKind)
}

// Lookup returns the kind that a provider's name stands for, or ErrNotFound.
func Lookup(provider string) (Kind, error) {
	for _, k := range Kinds() {
		if k.Provider == provider {
			return k, nil
		}
	}
	return Kind{}, models.NotFoundf("there is no kind of drive called %q: use one of %s", provider, strings.Join(providers(), ", "))
}

// providers are the names that Lookup knows.
func providers() []string {
	var names []string
	for _, k := range Kinds() {
		names = append(names, k.Provider)
	}
	return names
}
