package kit

import (
	"path/filepath"
	"strings"
	"unicode"

	"github.com/backupman/backupman/models"
)

// place is a drive, as somebody finds it who has lost the server.
type place struct {
	Label string
	// Where says where it is, Before what to do before the commands that list what it holds.
	Where, Before, List string
	// Fetch are words, and Commands the commands, that fetch from it once it was listed.
	Fetch, Commands string
	packages        []string
}

// placeOf tells of a drive what its settings say, which have no secrets; folder is the
// job's own below it.
func placeOf(d models.Drive, folder string) place {
	p := place{Label: shown(d.Label)}
	switch s := d.Settings; d.Provider {
	case "local":
		p.local(s, folder)
	case "s3":
		p.s3(s, folder)
	case "sftp":
		p.sftp(s, folder)
	case "webdav":
		p.webdav(s, folder)
	case "rclone":
		p.rclone(s, folder)
	case "google_drive":
		p.google(s, folder)
	default:
		p.Where = "a drive of a kind that is not known any more"
	}
	return p
}

func (p *place) local(s models.Settings, folder string) {
	from := whole(s["folder"])
	p.Where = "the folder " + shown(from) + " of the server"
	p.Before = "Where it is now somewhere else, such as on a disk that you have mounted, write\nthat in the first line."
	p.List = "FROM=" + word(from) + "\n" + `ls "$FROM"/` + folder
	p.Commands = `cp "$FROM"/` + folder + `/"$FILE" "$FROM"/` + folder + `/"$FILE.json" .`
}

func (p *place) s3(s models.Settings, folder string) {
	p.packages = []string{"rclone"}
	p.Where = "the bucket " + shown(path(s["bucket"], s["prefix"]))
	if s["endpoint"] != "" {
		p.Where += " at " + shown(models.WithoutUser(s["endpoint"]))
	} else if s["region"] != "" {
		p.Where += " of Amazon in " + shown(s["region"])
	}
	p.Before = "With an access key that may read the bucket in AWS_ACCESS_KEY_ID and\nAWS_SECRET_ACCESS_KEY, both exported."
	if s["tls_ca"] != "" {
		p.Before += "\n" + ownAuthority + "in RCLONE_CA_CERT, exported, too."
	}
	env := "export RCLONE_S3_PROVIDER=AWS\n"
	if s["endpoint"] != "" {
		env = "export RCLONE_S3_PROVIDER=Other RCLONE_S3_ENDPOINT=" + word(models.WithoutUser(s["endpoint"])) + "\n"
	}
	if s["address_style"] == "virtual" {
		env += "export RCLONE_S3_FORCE_PATH_STYLE=false\n"
	}
	if s["region"] != "" {
		env += "export RCLONE_S3_REGION=" + word(s["region"]) + "\n"
	}
	p.rcloned(env, ":s3,env_auth:"+path(s["bucket"], s["prefix"], folder))
}

func (p *place) sftp(s models.Settings, folder string) {
	p.packages = []string{"openssh-client"}
	host := strings.Trim(s["host"], "[]")
	if strings.Contains(host, ":") {
		host = "[" + host + "]"
	}
	host = s["user"] + "@" + host
	p.Where = "the SFTP server " + shown(host+":"+s["folder"])
	p.Before = "With the password or the key of that account."
	port := ""
	if s["port"] != "" && s["port"] != "22" {
		port = "-P " + word(s["port"]) + " "
		p.Where += ", port " + shown(s["port"])
	}
	from := "sftp " + port + word(host+":"+strings.TrimRight(strings.TrimPrefix(s["folder"], "~/"), "/")+"/"+folder)
	p.List, p.Commands = from+" <<< 'ls -1'", from+`/"$FILE*" .`
}

func (p *place) webdav(s models.Settings, folder string) {
	p.packages = []string{"curl"}
	address := path(models.WithoutUser(s["url"]), s["folder"])
	p.Where = "WebDAV at " + shown(address)
	user := ""
	if s["user"] != "" {
		p.Before = "It asks for the password of that account."
		user = "--user " + word(s["user"]) + " "
	} else {
		p.Before = "Where it takes a token, add --header \"Authorization: Bearer TOKEN\" to each curl."
	}
	if s["tls_ca"] != "" {
		p.Before += "\n" + ownAuthority + "behind --cacert, with each curl."
	}
	base := word(path(address, folder))
	p.List = "curl --fail " + user + "--silent --show-error --request PROPFIND --header 'Depth: 1' " + base + `/ | grep -oP '[^/>]+\.age(?=<)' | sort -u`
	p.Commands = "curl --fail " + user + "--remote-name " + base + `/"$FILE" --remote-name ` + base + `/"$FILE.json"`
}

func (p *place) rclone(s models.Settings, folder string) {
	p.packages = []string{"rclone"}
	remote := s["remote"]
	if !strings.HasSuffix(remote, ":") {
		remote += "/"
	}
	if inner := strings.Trim(s["folder"], "/"); inner != "" {
		remote += inner + "/"
	}
	p.Where = "what rclone calls " + shown(remote)
	p.Before = "rclone must know the remote: bring its configuration back, or set it up again\nwith rclone config."
	p.rcloned("", remote+folder)
}

func (p *place) rcloned(env, from string) {
	p.List = env + "rclone lsf --include '*.age' " + word(from)
	p.Commands = `rclone copy --include "$FILE*" ` + word(from) + " ."
}

func (p *place) google(s models.Settings, folder string) {
	p.Where = "the folder " + shown(s["folder"]) + " in Google Drive"
	if s["shared_drive"] != "" {
		p.Where += ", in the shared drive " + shown(s["shared_drive"])
	}
	p.Before = "Its pages, https://drive.google.com, show them in the folder\n" + folder + " there."
	p.Fetch = "Download both files of the backup."
}

// ownAuthority begins a sentence about servers whose certificate no machine knows.
const ownAuthority = "Its certificate is of an authority of your own: give the file of that\n"

// whole is a path of this machine from its root: nobody knows later where it began.
func whole(name string) string {
	if found, err := filepath.Abs(name); err == nil {
		return found
	}
	return name
}

// path joins parts with slashes.
func path(parts ...string) string {
	joined := ""
	for _, part := range parts {
		if part = strings.Trim(part, "/"); part == "" {
			continue
		}
		if joined != "" {
			joined += "/"
		}
		joined += part
	}
	return joined
}

// shown is a text in one line without what a terminal would carry out.
func shown(text string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsPrint(r) {
			return r
		}
		return '?'
	}, text)
}
