package source

import "github.com/backupman/backupman/models"

// maxSocketPath is the longest path of a socket that systems take.
const maxSocketPath = 103

// socketFits wants the path of a private server's socket to be short enough.
func socketFits(path string) error {
	if len(path) > maxSocketPath {
		return Incapablef("the path %s is too long for the socket of a private server: use a data folder with a shorter path", path)
	}
	return nil
}

// inherit gives the settings of a private server those of the source that name programs
// or choose what a dump holds.
func inherit(to, from models.Settings, names ...string) {
	for _, name := range names {
		if value := from[name]; value != "" {
			to[name] = value
		}
	}
}
