package sources

import (
	"net"
	"strings"

	"github.com/backupman/backupman/models"
)

// Where says in a short phrase where a source is, from settings that are no secrets.
func Where(s models.Source) string {
	if s.Provider == "sqlite" {
		return s.Settings["db_path"]
	}
	name, host := s.Settings["db_name"], s.Settings["host"]
	switch {
	case host == "":
		return name
	case strings.HasPrefix(host, "/") || s.Settings["port"] == "":
		return name + " at " + host
	}
	return name + " at " + net.JoinHostPort(host, s.Settings["port"])
}
