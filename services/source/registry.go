package source

import (
	"context"
	"io"

	"github.com/backupman/backupman/models"
)

// Kind is one kind of source: what it declares and how one is opened.
type Kind struct {
	models.Kind
	// Extension is what a dump file of this kind ends in, before compression,
	// without a dot.
	Extension string
	// Open makes a source from settings that were already checked against the
	// declaration. It does not connect.
	Open func(label string, settings models.Settings) (Source, error)
	// Database is the name of the setting that says which database it is.
	Database string
	// Read reads an unpacked dump to its end and returns what it holds, in the words of
	// the inventory that Dump returned. It refuses a dump that is not whole, and one
	// that holds what no dump tool writes: client commands, programs, other databases.
	// dir is a private folder for kinds that must have the dump in a file.
	Read func(ctx context.Context, dump io.Reader, dir string) (models.Inventory, error)
	// OpenTarget makes a target from the settings of a source. It does not connect.
	OpenTarget func(label string, settings models.Settings) (Target, error)
	// StartScratch starts a private server of this kind. It returns an *IncapableError
	// when the programs that it needs are not installed or not fit.
	StartScratch func(ctx context.Context, req ScratchRequest) (Scratch, error)
}

// Kinds returns every kind of source, in the order forms show them.
func Kinds() []Kind {
	return []Kind{mysqlKind, postgresKind, sqliteKind}
}

// Lookup returns the kind that a provider's name stands for, or ErrNotFound.
func Lookup(provider string) (Kind, error) {
	for _, k := range Kinds() {
		if k.Provider == provider {
			return k, nil
		}
	}
	return Kind{}, models.NotFoundf("there is no kind of data source called %q: use mysql (also for mariadb), postgres or sqlite", provider)
}
