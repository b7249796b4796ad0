package drive

import "github.com/backupman/backupman/models"

// The kinds below can be read from a configuration file, so that existing files
// load unchanged, but this version has no driver for them. A copy that is asked
// of one fails with the sentence in Unsupported; copies on other drives are made.

var s3Kind = unsupported(models.Kind{
	Provider:    "s3",
	Name:        "S3",
	Unsupported: "this version cannot store on S3 yet: use a local drive",
	Settings: []models.Setting{
		{Name: "bucket", Label: "Bucket", Help: "Name of the bucket.", Type: models.SettingText, Required: true},
		{Name: "region", Label: "Region", Help: "Region of the bucket.", Type: models.SettingText},
		{Name: "endpoint", Label: "Endpoint", Help: "Address of the service; empty for AWS.", Type: models.SettingText},
		{Name: "access_key", Label: "Access key", Help: "Id of the access key.", Type: models.SettingText},
		{Name: "secret_key", Label: "Secret key", Help: "Secret of the access key.", Type: models.SettingText, Secret: true},
		{Name: "prefix", Label: "Prefix", Help: "Folder inside the bucket.", Type: models.SettingText},
		{Name: "force_path_style", Label: "Path style", Help: "Put the bucket into the path instead of the host name.", Type: models.SettingBool, Default: "false", Advanced: true},
	},
})

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
