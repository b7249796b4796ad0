package models

import "time"

// ObjectKind names what a database object is.
type ObjectKind string

// The kinds of object that an inventory counts. An engine may use further
// words; these are the ones pages know how to order.
const (
	ObjectTable      ObjectKind = "table"
	ObjectView       ObjectKind = "view"
	ObjectTrigger    ObjectKind = "trigger"
	ObjectRoutine    ObjectKind = "routine"
	ObjectEvent      ObjectKind = "event"
	ObjectSequence   ObjectKind = "sequence"
	ObjectIndex      ObjectKind = "index"
	ObjectConstraint ObjectKind = "constraint"
	ObjectExtension  ObjectKind = "extension"
	ObjectType       ObjectKind = "type"
	ObjectSchema     ObjectKind = "schema"
	ObjectBlobs      ObjectKind = "large objects"
)

// Object is one thing in a database.
type Object struct {
	Kind ObjectKind
	// Schema is empty where the engine has none below the database.
	Schema string `json:",omitempty"`
	Name   string
	// Definition is the SHA-256 of the statement that makes the object, as the dump
	// has it; empty where the kind of source does not tell, and in manifests of older
	// versions, which list no indexes and constraints of MySQL and MariaDB either.
	Definition string `json:",omitempty"`
}

// Identity returns the object without its definition, which tells whether two
// databases hold an object of the same name.
func (o Object) Identity() Object {
	o.Definition = ""
	return o
}

// TableDigest is what a dump holds of one table.
type TableDigest struct {
	Schema string `json:",omitempty"`
	Name   string
	Rows   int64
	// Bytes is the length of the table's data section in the dump.
	Bytes int64
	// SHA256 is the digest of that section. Two dumps made with the same tool
	// and options have equal digests where the table's rows are equal.
	SHA256 string
}

// Inventory is what a dump says about itself, computed while it streamed.
type Inventory struct {
	// Database is the database's name, or the file's path for SQLite.
	Database string
	// ServerVersion, Tool and ToolVersion tell what made the dump.
	ServerVersion string
	Tool          string
	ToolVersion   string
	Tables        []TableDigest
	Objects       []Object
	// Options are the database's own defaults, such as its character set, which
	// a dump does not hold: words for CREATE DATABASE of MySQL and MariaDB, or for
	// createdb of PostgreSQL.
	Options string `json:",omitempty"`
	// Warnings are sentences about what the dump does not hold or promise.
	Warnings []string `json:",omitempty"`
}

// Rows returns the rows of all tables.
func (i Inventory) Rows() int64 {
	var n int64
	for _, t := range i.Tables {
		n += t.Rows
	}
	return n
}

// Count returns how many objects of a kind there are.
func (i Inventory) Count(kind ObjectKind) int {
	n := 0
	for _, o := range i.Objects {
		if o.Kind == kind {
			n++
		}
	}
	return n
}

// Public is the part of an inventory that may be read where the dump is encrypted: what
// restoring by hand needs.
func (i Inventory) Public() Inventory {
	return Inventory{Database: i.Database, ServerVersion: i.ServerVersion, Tool: i.Tool, ToolVersion: i.ToolVersion, Options: i.Options}
}

// The versions of the manifest format. Manifests of encrypted dumps have the second,
// because older programs would take them for those of empty databases.
const (
	ManifestVersion       = 1
	SealedManifestVersion = 2
)

// Manifest describes one backup fully. It is written as JSON beside every copy,
// so that a catalogue can be rebuilt from a drive alone.
type Manifest struct {
	// Format is always "backupman-manifest".
	Format  string
	Version int
	// Backup, Job, Source and Provider tell whose backup it is.
	BackupID  string
	Job       string
	Source    string
	Provider  string
	CreatedAt time.Time
	DumpedAt  time.Time
	File      FileFacts
	Inventory Inventory
	// Sealed is the Inventory of an encrypted dump as an age file in base64, encrypted as
	// the dump is: what lies on a drive tells nobody what the tables are called, and
	// digests of small tables can be guessed. Inventory then has there only what
	// restoring by hand needs: the versions, the database's name and its defaults.
	Sealed string `json:",omitempty"`
}

// Hidden reports whether what the dump holds is not known, because it is sealed and
// nobody has opened it here.
func (m Manifest) Hidden() bool {
	return m.Sealed != "" && len(m.Inventory.Tables)+len(m.Inventory.Objects) == 0
}

// FileFacts describe the dump file itself.
type FileFacts struct {
	Name        string
	Size        int64
	SHA256      string
	Compression Compression
	// Encryption is EncryptionAge when the file is encrypted, and Recipients are the
	// public keys that it is encrypted to; none when a passphrase opens it.
	Encryption string   `json:",omitempty"`
	Recipients []string `json:",omitempty"`
	// RawSize is the length of the dump before compression.
	RawSize int64
}

// SourceReport is what a source's check found, before any backup runs.
type SourceReport struct {
	ServerVersion string
	Tool          string
	ToolVersion   string
	// Tables counts what the account can see; Size is the database's own estimate in bytes.
	Tables int
	Size   int64
	// Problems keep a backup from being made; each says how to mend it.
	Problems []string
	// Warnings do not.
	Warnings []string
	// Grants are the statements that give the account what it lacks, each ready to be
	// run by an administrator of the server.
	Grants []string
}
