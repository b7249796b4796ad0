package config

import (
	"net/netip"
	"slices"
	"time"

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
	Accounts      Accounts
	OIDC          OIDC
	Secrets       Secrets
	Audit         Audit
	Outgoing      Outgoing
	// Limits bound how many databases are dumped at once.
	Limits Limits
	// ShutdownGrace is how long what runs may go on after a server was asked to end.
	ShutdownGrace time.Duration
	Sources       []models.Source
	Drives        []models.Drive
	// Jobs name their source and drives by label.
	Jobs []models.PlannedJob
	// Notifiers tell people of events.
	Notifiers []models.Notifier
	// Notes are sentences, each with its file and line, about what was read but
	// is not carried out by this version.
	Notes []string

	// shared is for jobs without their own, also for those that are set up on pages.
	shared forAll
	// lines are where things are named in the file.
	lines map[place]int
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
	Password models.Secret
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
	APIKeys []models.Secret
	// SigningKey signs download links; empty takes one that is made once and kept.
	SigningKey models.Secret
	// TrustedProxies are the networks whose X-Forwarded-For and X-Forwarded-Proto are
	// believed.
	TrustedProxies []netip.Prefix
	// TLSCert and TLSKey are files in PEM; empty serves without TLS.
	TLSCert, TLSKey string
}

// Accounts is how people sign in.
type Accounts struct {
	// Enabled is false where whoever reaches the server on this machine may do everything,
	// and nobody else sees a page.
	Enabled bool
	// Idle and Longest end a session: so long after its newest request, and after its begin.
	Idle, Longest time.Duration
}

// OIDC is an identity provider that vouches for people; without an Issuer there is none.
type OIDC struct {
	// Name is what the button says.
	Name         string
	Issuer       string
	ClientID     string
	ClientSecret models.Secret
	Scopes       []string
	// GroupsClaim names the claim with a person's groups, of which Roles has, by the role,
	// those that give it. DefaultRole is for people in none of them; empty refuses them.
	GroupsClaim string
	Roles       map[models.Role][]string
	DefaultRole models.Role
}

// Secrets is where the key comes from that seals secrets in the metadata database: one
// of the three, or a file in the data folder when all are empty.
type Secrets struct {
	Key     models.Secret
	KeyFile string
	// KeyCommand is a program and its arguments, run without a shell, that prints the key.
	KeyCommand []string
}

// Audit is how long the audit log is kept.
type Audit struct {
	Keep time.Duration
}

// Outgoing says which addresses this server connects to for drives, identity providers
// and webhooks. Link-local addresses and those of clouds' metadata services are never.
type Outgoing struct {
	// Private is false where addresses of private networks and of this machine are refused.
	Private bool
	// Allow are networks that are let through all the same.
	Allow []netip.Prefix
}

// Plan returns what the store and the catalog hold: sources, drives, jobs and notifiers,
// with their secrets.
func (c Config) Plan() models.Plan {
	return models.Plan{
		Sources:   slices.Clone(c.Sources),
		Drives:    slices.Clone(c.Drives),
		Jobs:      slices.Clone(c.Jobs),
		Notifiers: slices.Clone(c.Notifiers),
	}
}
