package config

import (
	"slices"

	"github.com/backupman/backupman/models"
)

// Defaults of what a file need not say.
const (
	DefaultData   = "./data"
	DefaultListen = "127.0.0.1:8080"
	databaseFile  = "backupman.db"
)

// Config is everything a process is configured with, secrets included. It
// prints without them.
type Config struct {
	// File is the file that was read; empty when there was none.
	File string
	// Data is the folder of spools and of the embedded database.
	Data string
	// ScratchFolder is where the temporary servers of drills live; empty for the
	// default.
	ScratchFolder string
	Database      Database
	HTTP          HTTP
	Sources       []models.Source
	Drives        []models.Drive
	// Jobs name their source and drives by label.
	Jobs []models.PlannedJob
	// Notes are sentences, each with its file and line, about what was read but
	// is not carried out by this version.
	Notes []string

	// sum is the digest of the file's bytes, for noticing a change.
	sum digest
}

// Database is where the metadata is kept.
type Database struct {
	// Provider is "sqlite" or "mysql".
	Provider string
	// Path is the file of an embedded database.
	Path     string
	Host     string
	Port     int
	DBName   string
	User     string
	Password string
	TLS      bool
}

// HTTP is how the pages and the API are served.
type HTTP struct {
	// Listen is HOST:PORT; port 0 takes a free one.
	Listen string
	// AppURL is the address people reach the pages under, without a slash at
	// its end; empty when it was not said.
	AppURL string
	// APIKeys are accepted on /api; none means that none was configured.
	APIKeys []string
}

// Plan returns what the store and the catalog hold: sources, drives and jobs,
// with their secrets.
func (c Config) Plan() models.Plan {
	return models.Plan{
		Sources: slices.Clone(c.Sources),
		Drives:  slices.Clone(c.Drives),
		Jobs:    slices.Clone(c.Jobs),
	}
}
