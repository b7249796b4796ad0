package upkeep_test

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/backupman/backupman/models"
	"github.com/backupman/backupman/services/drive"
)

const day = 24 * time.Hour

// broken makes a place whose drive works and cannot read some copies.
func (p *place) broken(backups ...models.Backup) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, b := range backups {
		p.unreadable = append(p.unreadable, b.ID)
	}
}

// look checks what is due, lets two replicas read back and returns the backups they read.
func (p *place) look() []string {
	p.t.Helper()
	p.verified = nil
	s, replica := p.service(), p.service()
	must(p.t, errors.Join(s.CheckDue(p.t.Context()), s.SampleDue(p.t.Context()), replica.SampleDue(p.t.Context())))
	return slices.Sorted(slices.Values(p.verified))
}

func TestCopiesThatCannotBeReadHoldNoPlaceOfTheSample(t *testing.T) {
	p := newPlace(t)
	var all []models.Backup
	for i := range 6 {
		all = append(all, p.backup(models.StatusFinished, p.now.Add(time.Duration(i-60)*day)))
	}
	p.broken(all[0], all[1], all[5])
	ids := func(of ...int) []string {
		var want []string
		for _, i := range of {
			want = append(want, all[i].ID)
		}
		return slices.Sorted(slices.Values(want))
	}
	for _, c := range []struct {
		what  string
		after time.Duration
		want  []string
	}{
		{"the first sample", 0, ids(0, 1, 5)},
		{"soon after", time.Hour, nil},
		{"half a day later", 12 * time.Hour, ids(0, 1, 5)},
		{"a week later", 7 * day, ids(0, 1, 2, 3, 4, 5)},
	} {
		p.pass(c.after)
		if got := p.look(); !slices.Equal(got, c.want) {
			t.Errorf("%s: read %v, want %v", c.what, got, c.want)
		}
	}
}

func TestCopiesThatCannotBeReadAreLeftAloneWhereNothingIsReadOrTheDriveIsDown(t *testing.T) {
	for name, spoil := range map[string]func(p *place){
		"never":          func(p *place) { p.row.Settings = models.Settings{drive.SettingSample: drive.SampleNever} },
		"a drive is bad": func(p *place) { p.checkErr = errors.New("no route to host") },
	} {
		t.Run(name, func(t *testing.T) {
			p := newPlace(t)
			b := p.backup(models.StatusFinished, p.now)
			must(t, p.store.UnreadCopy(context.Background(), b.DriveFiles[0].ID, p.now.Add(-30*day), "input/output error"))
			spoil(p)
			if got := p.look(); len(got) != 0 {
				t.Errorf("read %v", got)
			}
		})
	}
}
