package store_test

import (
	"github.com/backupman/backupman/services/backup"
	"github.com/backupman/backupman/services/store"
)

var _ backup.Store = (*store.Store)(nil)
