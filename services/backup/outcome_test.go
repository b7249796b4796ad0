package backup

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/backupman/backupman/models"
)

func TestOutcome(t *testing.T) {
	good := models.DriveFile{DriveID: "nas", Status: models.StatusFinished}
	bad := models.DriveFile{DriveID: "offsite", Status: models.StatusFailed, Error: "no such bucket"}
	open := models.DriveFile{DriveID: "slow", Status: models.StatusPending}
	named := models.DriveFile{DriveID: "box", Status: models.StatusFailed, Error: `drive "box" is full`}
	for name, c := range map[string]struct {
		err    error
		files  []models.DriveFile
		status models.Status
		says   string
	}{
		"all good":             {nil, []models.DriveFile{good, good}, models.StatusFinished, ""},
		"one copy failed":      {nil, []models.DriveFile{good, bad}, models.StatusFailed, "1 of 2 copies failed (offsite: no such bucket)"},
		"it names its drive":   {nil, []models.DriveFile{good, named}, models.StatusFailed, "1 of 2 copies failed (drive \"box\" is full)"},
		"one copy not settled": {nil, []models.DriveFile{good, open}, models.StatusFailed, "1 of 2 copies failed"},
		"no drive":             {nil, nil, models.StatusFailed, "no drive"},
		"the dump failed":      {models.Conflictf("exit status 2"), []models.DriveFile{good}, models.StatusFailed, "exit status 2"},
		"wrapped":              {fmt.Errorf("dump: %w", models.Conflictf("exit status 2")), nil, models.StatusFailed, "exit status 2"},
		"joined":               {errors.Join(errors.New("a"), models.NoSpacef("the disk is full")), nil, models.StatusFailed, "the disk is full"},
	} {
		status, text := outcome(c.err, c.files, func(id string) string { return id })
		if status != c.status || !strings.Contains(text, c.says) || (text == "") != (c.says == "") {
			t.Errorf("%s: %s, %q", name, status, text)
		}
	}
}
