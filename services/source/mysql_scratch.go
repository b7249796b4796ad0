package source

import (
	"context"
	"strings"

	"github.com/backupman/backupman/models"
)

func startMySQLScratch(context.Context, ScratchRequest) (Scratch, error) { return Scratch{}, nil }

// inMariaDB tells whether a dump is of a MariaDB server. MySQL never had a version 10.
func inMariaDB(inv models.Inventory) bool {
	v, _ := parseVersion(inv.ServerVersion)
	return strings.Contains(strings.ToLower(inv.ServerVersion), "mariadb") || v.major >= 10
}
