package restore

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/backupman/backupman/models"
)

func TestRank(t *testing.T) {
	day := func(n int) *time.Time {
		at := time.Date(2026, 3, n, 0, 0, 0, 0, time.UTC)
		return &at
	}
	made := func(id, provider string, verified *time.Time, failing bool) candidate {
		return candidate{file: models.DriveFile{ID: id, Provider: provider, VerifiedAt: verified}, drive: id, failing: failing}
	}
	unread := func(c candidate) candidate {
		c.file.Status, c.file.UnreadSince, c.file.UnreadAt = models.StatusFinished, day(3), day(4)
		return c
	}
	for name, c := range map[string]struct {
		of   []candidate
		want string
	}{
		"none": {nil, ""},
		"by speed": {[]candidate{made("rclone", "rclone", nil, false), made("google", "google_drive", nil, false), made("dav", "webdav", nil, false),
			made("s3", "s3", nil, false), made("nas", "local", nil, false), made("new", "tape", nil, false)}, "nas s3 dav google rclone new"},
		"sftp is as fast as webdav": {[]candidate{made("b", "sftp", nil, false), made("a", "webdav", nil, false)}, "a b"},
		"read back last":            {[]candidate{made("old", "s3", day(1), false), made("never", "s3", nil, false), made("new", "s3", day(2), false)}, "new old never"},
		"failing drives come last":  {[]candidate{made("nas", "local", day(9), true), made("rclone", "rclone", nil, false)}, "rclone nas"},
		"what could not be read":    {[]candidate{unread(made("nas", "local", day(9), false)), made("down", "local", nil, true), made("rclone", "rclone", nil, false)}, "rclone nas down"},
	} {
		t.Run(name, func(t *testing.T) {
			var got []string
			for i, copied := range rank(slices.Clone(c.of)) {
				got = append(got, copied.Drive)
				if copied.Proposed != (i == 0) || copied.Why == "" {
					t.Errorf("%+v", copied)
				}
			}
			if text := strings.Join(got, " "); text != c.want {
				t.Errorf("got %s, want %s", text, c.want)
			}
		})
	}
	why := rank([]candidate{made("nas", "local", day(9), true)})[0].Why
	if why != "a folder of this machine; found identical on 2026-03-09; its drive failed its newest check" {
		t.Errorf("why: %s", why)
	}
	if why := rank([]candidate{unread(made("nas", "local", day(2), false))})[0].Why; !strings.HasSuffix(why, "; could not be read on 2026-03-04") {
		t.Errorf("why of a copy that could not be read: %s", why)
	}
}

func TestManifestsOfOlderVersionsListLess(t *testing.T) {
	object := func(kind models.ObjectKind, name, definition string) models.Object {
		return models.Object{Kind: kind, Name: name, Definition: definition}
	}
	table, index := object(models.ObjectTable, "t", ""), object(models.ObjectIndex, "t_a", "")
	constraint := object(models.ObjectConstraint, "t_b", "beef")
	for name, c := range map[string]struct {
		want, got []models.Object
		contents  int
	}{
		"no indexes were listed":      {[]models.Object{table}, []models.Object{table, index, constraint}, 0},
		"indexes were, and one went":  {[]models.Object{table, index}, []models.Object{table}, 1},
		"constraints were not":        {[]models.Object{table, index}, []models.Object{table, index, constraint}, 0},
		"with definitions all counts": {[]models.Object{object(models.ObjectTable, "t", "ab")}, []models.Object{table, index}, 1},
		"definitions are no contents": {[]models.Object{object(models.ObjectTable, "t", "ab")}, []models.Object{object(models.ObjectTable, "t", "cd")}, 0},
	} {
		d := compareInventories(models.Inventory{Objects: c.want}, models.Inventory{Objects: c.got})
		if len(d.contents) != c.contents {
			t.Errorf("%s: %q", name, d.contents)
		}
	}
}

func TestTurnsAreTakenInOrder(t *testing.T) {
	turns := newTurns(1)
	first, second, third := turns.join(), turns.join(), turns.join()
	has := func(who *turn) bool {
		select {
		case <-who.has:
			return true
		default:
			return false
		}
	}
	if !has(first) || has(second) || has(third) {
		t.Error("not one and the first has the turn")
	}
	second.leave() // gives up waiting
	first.leave()
	if !has(third) {
		t.Error("who waited longest has no turn")
	}
	third.leave()
	if !has(turns.join()) {
		t.Error("a turn is lost")
	}
}
