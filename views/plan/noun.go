package plan

import (
	"net/url"

	"github.com/backupman/backupman/models"
)

// Noun is one of the kinds of things that are set up alike.
type Noun struct {
	Kind models.PlanKind
	// One is what it is called where its entry in the configuration is meant, Thing and
	// Many what it is. Path is where the list of them is.
	One, Thing, Many, Path string
	// Connect is what trying and saving one is called.
	Connect string
}

// The three. Notifiers are known by their labels, which stand in addresses instead of ids.
var (
	Sources = Noun{Kind: models.PlanSource, One: "source", Thing: "database", Many: "databases", Path: "/sources", Connect: "Connect and save"}
	Drives  = Noun{Kind: models.PlanDrive, One: "drive", Thing: "drive", Many: "drives", Path: "/drives", Connect: "Test and save"}

	Notifiers = Noun{Kind: models.PlanNotifier, One: "notifier", Thing: "notifier", Many: "notifiers", Path: "/notifiers", Connect: "Save"}
)

// New is where one is made.
func (n Noun) New() string { return n.Path + "/new" }

// NewOf is where one of a kind is made.
func (n Noun) NewOf(provider string) string {
	return n.New() + "?" + url.Values{"provider": {provider}}.Encode()
}

// Copy is where one is made that is like another.
func (n Noun) Copy(id string) string { return n.New() + "?" + url.Values{"from": {id}}.Encode() }

// Show is the page of one; below it are Edit and Delete.
func (n Noun) Show(id string) string { return n.Path + "/" + id }

// Edit is where one is changed.
func (n Noun) Edit(id string) string { return n.Show(id) + "/edit" }

// Delete is where one is taken out of the configuration.
func (n Noun) Delete(id string) string { return n.Show(id) + "/delete" }

// Check is where a field of a form is checked while it is filled in.
func (n Noun) Check() string { return n.Path + "/field" }

// SetupPath is where the guided set-up begins, and BackUp where it goes on with a source
// that is there.
const SetupPath = "/setup"

// BackUp is the step of the guided set-up that chooses where copies of a source go.
func BackUp(sourceID string) string {
	return SetupPath + "/drives?" + url.Values{"source": {sourceID}}.Encode()
}

// about says in a few words what each kind of source or drive is for.
var about = map[string]string{
	"mysql": "Dumped with the vendor's own tool.", "postgres": "Dumped with pg_dump.", "sqlite": "A database file on this machine.",
	"local": "A disk, or a network share that is mounted.", "s3": "Amazon's, or any that speaks the same.", "google_drive": "You sign in with Google.",
	"sftp": "Any server that you reach by SSH.", "webdav": "Nextcloud, and other servers.", "rclone": "Whatever a remote of rclone leads to.",
	"webhook": "Slack, Discord, ntfy, or any program that takes a POST.", "mail": "Sent by a mail server of yours.",
}

// icons are the signs of kinds.
func icon(n Noun, provider string) string {
	switch {
	case n.Kind == models.PlanSource:
		return "database"
	case provider == "mail":
		return "file"
	case provider == "local":
		return "folder"
	}
	return "upload"
}
