package drive

import "github.com/backupman/backupman/models"

// The kinds below can be read from a configuration file, so that existing files
// load unchanged, but this version has no driver for them. A copy that is asked
// of one fails with the sentence in Unsupported; copies on other drives are made.

var googleDriveKind = unsupported(models.Kind{
	Provider:    "google_drive",
	Name:        "Google Drive",
	Unsupported: "this version cannot store on Google Drive yet: use a local drive",
	Settings: []models.Setting{
		{Name: "folder", Label: "Folder", Help: "Name of the folder.", Type: models.SettingText, Required: true},
		{Name: "client_secret_file", Label: "Client secret file", Help: "Path of the OAuth client's JSON file.", Type: models.SettingPath},
		{Name: "token_file", Label: "Token file", Help: "Path of the file with the signed-in account's token.", Type: models.SettingPath},
	},
})

func unsupported(k models.Kind) Kind {
	return Kind{Kind: k, Open: func(p Place) (Drive, error) {
		return nil, models.Invalidf("drive %q: %s", p.Label, k.Unsupported)
	}}
}
