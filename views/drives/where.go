package drives

import (
	"strings"

	"github.com/backupman/backupman/models"
)

// Where says in a short phrase where a drive is, from settings that are no secrets;
// empty for a kind that is not known here.
func Where(d models.Drive) string {
	s := d.Settings
	switch d.Provider {
	case "local":
		return s["folder"]
	case "s3":
		return whereS3(s)
	case "google_drive":
		return whereGoogle(s)
	case "sftp":
		return whereSFTP(s)
	case "webdav":
		return joined(models.WithoutUser(s["url"]), s["folder"])
	case "rclone":
		return whereRclone(s)
	}
	return ""
}

func whereS3(s models.Settings) string {
	place := "bucket " + joined(s["bucket"], s["prefix"])
	switch {
	case s["endpoint"] != "":
		return place + " at " + models.WithoutUser(s["endpoint"])
	case s["region"] != "":
		return place + " in " + s["region"]
	}
	return place
}

func whereGoogle(s models.Settings) string {
	if s["shared_drive"] != "" {
		return s["folder"] + " in shared drive " + s["shared_drive"]
	}
	return s["folder"] + " in My Drive"
}

func whereSFTP(s models.Settings) string {
	host := s["host"]
	if port := s["port"]; port != "" && port != "22" {
		host += ":" + port
	}
	if s["user"] != "" {
		host = s["user"] + "@" + host
	}
	return host + ":" + s["folder"]
}

func whereRclone(s models.Settings) string {
	remote := s["remote"]
	if folder := strings.Trim(s["folder"], "/"); folder != "" {
		if !strings.HasSuffix(remote, ":") {
			remote += "/"
		}
		remote += folder
	}
	return remote
}

func joined(place, folder string) string {
	folder = strings.Trim(folder, "/")
	if folder == "" {
		return place
	}
	return strings.TrimRight(place, "/") + "/" + folder
}
