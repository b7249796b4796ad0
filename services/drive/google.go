package drive

import (
	"context"
	"fmt"
	"net/http"
	"path"
	"strings"
	"sync"

	gdrive "google.golang.org/api/drive/v3"
	"google.golang.org/api/option"

	"github.com/backupman/backupman/models"
	"github.com/backupman/backupman/services/outgoing"
)

const (
	// googleAPI is where the API is; the paths below it are the same everywhere.
	googleAPI = "https://www.googleapis.com"
	// googleBlock is what every chunk of a resumable upload but the last must be a
	// multiple of, in bytes.
	googleBlock = 256 << 10
	// googleChunk is how much is kept in memory where content can be read only
	// once, and so how much is sent at a time.
	googleChunk = 8 << 20
	// googleEnough is how much content must be there before it is sent while more
	// is being made. It is read again from where it is kept, so it costs no memory.
	googleEnough = 32 << 20
)

// The scopes that a drive may ask for, by the word in the settings.
var googleScopes = map[string]string{
	"drive.file": gdrive.DriveFileScope,
	"drive":      gdrive.DriveScope,
}

var googleDriveKind = Kind{
	Kind: models.Kind{Provider: "google_drive", Name: "Google Drive", Settings: []models.Setting{
		{Name: "folder", Decides: models.DecidesPlace, Label: "Folder", Type: models.SettingText, Required: true,
			Help: "Folder that keeps the copies, such as backups or team/backups; it is made when it is missing."},
		{Name: "client_secret_file", Decides: models.DecidesHow, Label: "Client secret file", Type: models.SettingPath,
			Help: "Path of the OAuth client's JSON file, downloaded from the Google Cloud console."},
		{Name: "token_file", Decides: models.DecidesPlace, Label: "Token file", Type: models.SettingPath,
			Help: "Path of the file that keeps the sign-in of the account; signing in writes it."},
		{Name: "service_account_file", Decides: models.DecidesPlace, Label: "Service account file", Type: models.SettingPath,
			Help: "Path of a service account's JSON key, in place of the client and the token."},
		{Name: "shared_drive", Decides: models.DecidesPlace, Label: "Shared drive", Type: models.SettingText,
			Help: "Id of the shared drive that the folder is in; empty for My Drive."},
		{Name: "folder_id", Decides: models.DecidesPlace, Label: "Folder id", Type: models.SettingText, Advanced: true,
			Help: "Id of the folder that the path of the folder begins in; empty for the top."},
		{Name: "subject", Decides: models.DecidesPlace, Label: "Act as", Type: models.SettingText, Advanced: true,
			Help: "Address of the person that a service account acts as, where the domain allows it."},
		{Name: "scope", Decides: models.DecidesHow, Label: "Permission", Type: models.SettingChoice, Default: "auto", Choices: []string{"auto", "drive.file", "drive"}, Advanced: true,
			Words: map[string]string{"auto": "What the account needs", "drive.file": "Only what Backupman made", "drive": "Everything in the drive"},
			Help:  "What is asked of Google. A service account needs everything, others only what Backupman made."},
		{Name: "api_endpoint", Decides: models.DecidesForFiles, Label: "API address", Type: models.SettingText, Advanced: true,
			Help: "Address of the API, for a proxy in between; empty for Google's own."},
	}},
	Open: func(p Place) (Drive, error) { return NewGoogleDrive(p) },
	SignIn: func(p Place) (SignIn, error) {
		return newGoogleSignIn(p)
	},
}

// GoogleDrive keeps copies in a folder of Google Drive: in an account's own, or in
// a shared drive. Google allows several files of one name in a folder; of those
// the one that was published last is the copy.
type GoogleDrive struct {
	label string
	// folder is the path of the drive's folder below top.
	folder string
	// top is the id of the folder that the path begins in; "root" for My Drive.
	top string
	// shared is the id of a shared drive, or empty.
	shared string
	// robot says that a service account in its own name is signed in.
	robot        bool
	installation string
	endpoint     string
	policy       Policy
	account      *googleAccount
	client       *http.Client
	api          *gdrive.Service

	chunk, enough int64

	mu sync.Mutex
	// folders are the ids of folders by their path below the drive's folder.
	folders map[string]string
	// recent are the ids of copies that this value has published, by key: a list
	// may be a moment behind.
	recent map[string]string
}

var (
	_ Drive   = (*GoogleDrive)(nil)
	_ Scanner = (*GoogleDrive)(nil)
)

// Scans says that the content is read ahead of what is sent.
func (d *GoogleDrive) Scans() {}

// NewGoogleDrive returns the drive at a place. It does not connect, and does not
// read the files with credentials, which may come later.
func NewGoogleDrive(p Place) (*GoogleDrive, error) {
	account, err := newGoogleAccount(p)
	if err != nil {
		return nil, err
	}
	folder := path.Clean(strings.Trim(p.Settings["folder"], "/"))
	if folder == "." || strings.HasPrefix(folder, "..") {
		return nil, models.Invalidf("drive %q: folder must be a path of names below the top of the drive, such as backups", p.Label)
	}
	d := &GoogleDrive{
		label: p.Label, folder: folder, top: googleTop(p.Settings), shared: p.Settings["shared_drive"],
		robot: p.Settings["service_account_file"] != "" && p.Settings["subject"] == "", installation: p.Installation,
		endpoint: googleEndpoint(p.Settings), policy: p.Policy, account: account,
		chunk: googleChunk, enough: googleEnough, folders: map[string]string{}, recent: map[string]string{},
	}
	d.client = &http.Client{Transport: &googleTransport{account: account, stall: p.Policy.Stall, reach: p.Outgoing}, CheckRedirect: outgoing.NoRedirect}
	d.api, err = gdrive.NewService(context.Background(), option.WithHTTPClient(d.client), option.WithEndpoint(d.endpoint+"/drive/v3/"))
	if err != nil {
		return nil, fmt.Errorf("prepare drive %q: %w", p.Label, err)
	}
	return d, nil
}

func googleTop(s models.Settings) string {
	for _, id := range []string{s["folder_id"], s["shared_drive"]} {
		if id != "" {
			return id
		}
	}
	return "root"
}

func googleEndpoint(s models.Settings) string {
	if own := strings.TrimRight(s["api_endpoint"], "/"); own != "" {
		return own
	}
	return googleAPI
}

// googleScope is what is asked of Google.
func googleScope(s models.Settings) string {
	if scope, ok := googleScopes[s["scope"]]; ok {
		return scope
	}
	if s["service_account_file"] != "" {
		return gdrive.DriveScope
	}
	return gdrive.DriveFileScope
}

// where is the place of a copy in words that a person finds it by.
func (d *GoogleDrive) where(key, id string) string {
	top := "My Drive"
	switch {
	case d.top != "root" && d.top != d.shared:
		top = "folder " + d.top
	case d.shared != "":
		top = "shared drive " + d.shared
	}
	return fmt.Sprintf("%s/%s/%s (id %s)", top, d.folder, key, id)
}
