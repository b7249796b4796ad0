package upkeep_test

import (
	"testing"
	"time"

	"github.com/backupman/backupman/models"
)

func (p *place) usages() []models.DriveUsage {
	p.t.Helper()
	found, err := p.store.DriveUsages(p.t.Context(), p.row.ID, "")
	if err != nil {
		p.t.Fatal(err)
	}
	return found
}

func TestUsageIsWrittenDownOnceADayAndAfterChecks(t *testing.T) {
	p := newPlace(t)
	p.now = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	s := p.service()
	must(t, s.UsageDue(t.Context()))
	if got := p.usages(); len(got) != 1 || got[0].Day != "2026-11-23" || got[0].Free != -1 || got[0].Total != -1 {
		t.Fatalf("before the first check: %+v", got)
	}
	_, err := s.Check(t.Context(), p.row.ID)
	must(t, err)
	if got := p.usages(); len(got) != 1 || got[0].Free != 7 || got[0].Total != 9 {
		t.Fatalf("after a check: %+v", got)
	}
	p.pass(11 * time.Hour)
	must(t, s.UsageDue(t.Context()))
	if got := p.usages(); len(got) != 1 {
		t.Fatalf("later that day: %+v", got)
	}
	p.pass(2 * time.Hour)
	must(t, s.UsageDue(t.Context()))
	if got := p.usages(); len(got) != 2 || got[1].Day != "2026-11-24" || got[1].Free != 7 {
		t.Fatalf("the day after: %+v", got)
	}
	p.checkErr = &models.Fault{Kind: models.ErrUnauthorized, Sentence: "sign in again"}
	_, err = s.Check(t.Context(), p.row.ID)
	must(t, err)
	if got := p.usages(); got[1].Free != 7 {
		t.Fatalf("a check that failed took away what was known of the day: %+v", got[1])
	}
	p.pass(24 * time.Hour)
	must(t, s.UsageDue(t.Context()))
	if got := p.usages(); len(got) != 3 || got[2].Free != -1 {
		t.Fatalf("while it fails: %+v", got)
	}
	p.pass(410 * 24 * time.Hour)
	must(t, s.UsageDue(t.Context()))
	if got := p.usages(); len(got) != 1 {
		t.Fatalf("more than a year later: %+v", got)
	}
}
