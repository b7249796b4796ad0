package drives

import (
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/backupman/backupman/e2e/servers"
	"github.com/backupman/backupman/models"
)

func webdavStages() []stage {
	return []stage{
		{name: "make the folder", method: "MKCOL", size: small},
		{name: "put", method: "PUT", path: ".partial", size: small, sends: true},
		{name: "look", method: "PROPFIND", path: ".bin", size: small},
		{name: "publish", method: "MOVE", path: ".bin", size: small},
		{name: "read back", method: "GET", path: ".bin", size: small, reads: true},
		{name: "manifest", method: "PUT", path: ".json", size: small},
	}
}

func webdavMishaps() []mishap {
	return mishaps(servers.Answer(http.StatusUnauthorized, nil, "who are you?"), servers.Answer(http.StatusInsufficientStorage, nil, "full"))
}

func TestWebDAVWithstandsFaults(t *testing.T) {
	t.Parallel()
	server := servers.WebDAV(t)
	proxy := servers.HTTPProxy(t, strings.TrimSuffix(server.URL, "/"))
	settings := models.Settings{"url": proxy.URL + "/", "user": server.User, "password": server.Password}
	l := newLab(t, folderPlace("webdav", settings, server.Root))
	n := l.withstands(t, httpFaults(proxy, webdavStages(), webdavMishaps()))
	t.Logf("%d faults struck", n)
}

// TestRcloneWithstandsFaults puts the faults between rclone and a server of its own.
func TestRcloneWithstandsFaults(t *testing.T) {
	t.Parallel()
	rclone, server := servers.Rclone(t), servers.WebDAV(t)
	proxy := servers.HTTPProxy(t, strings.TrimSuffix(server.URL, "/"))
	hidden, err := exec.Command(rclone, "obscure", server.Password).Output()
	must(t, err)
	config := filepath.Join(t.TempDir(), "rclone.conf")
	must(t, os.WriteFile(config, []byte(fmt.Sprintf("[far]\ntype = webdav\nvendor = other\nurl = %s\nuser = %s\npass = %s\n",
		proxy.URL, server.User, strings.TrimSpace(string(hidden)))), 0o600))
	l := newLab(t, folderPlace("rclone", models.Settings{"remote": "far:", "config_file": config}, server.Root))
	var some []mishap
	for _, m := range webdavMishaps() {
		if !strings.Contains(m.name, "stall") && !strings.Contains(m.name, "200") && !strings.Contains(m.name, "success") {
			m.always = m.always && m.name == "503"
			some = append(some, m)
		}
	}
	stages := []stage{
		{name: "put", method: "PUT", path: ".partial", size: small, sends: true},
		{name: "publish", method: "MOVE", path: ".bin", size: small},
		{name: "read back", method: "GET", path: ".bin", size: small, reads: true},
	}
	n := l.withstands(t, httpFaults(proxy, stages, some))
	t.Logf("%d faults struck", n)
}
