package cron_test

import (
	"archive/zip"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/backupman/backupman/services/cron"
)

// zoneNames are those of the tz database, as Go's own copy or the system's has them.
func zoneNames(t *testing.T) []string {
	t.Helper()
	var names []string
	root, _ := exec.Command("go", "env", "GOROOT").Output() // -trimpath takes it out of the program
	if archive, err := zip.OpenReader(filepath.Join(strings.TrimSpace(string(root)), "lib", "time", "zoneinfo.zip")); err == nil {
		defer archive.Close()
		for _, f := range archive.File {
			names = append(names, f.Name)
		}
	} else if table, err := os.ReadFile("/usr/share/zoneinfo/tzdata.zi"); err == nil {
		for line := range strings.Lines(string(table)) {
			switch f := strings.Fields(line); {
			case len(f) > 1 && f[0] == "Z":
				names = append(names, f[1])
			case len(f) > 2 && f[0] == "L":
				names = append(names, f[2])
			}
		}
	}
	names = slices.DeleteFunc(names, func(name string) bool {
		_, err := cron.Zone(name)
		return err != nil || strings.HasSuffix(name, "/")
	})
	if len(names) < 400 {
		t.Fatalf("neither Go nor the system has a list of all zones, only of %d: install tzdata", len(names))
	}
	return names
}

// walked are expressions with the times of the wall that they name, told without
// the package under test.
var walked = []struct {
	expr, window string
	elapsed      bool
	names        func(wall time.Time) bool
}{
	{"daily at 02:30", "", false, func(w time.Time) bool { return w.Hour() == 2 && w.Minute() == 30 }},
	{"0 0 * * *", "", false, func(w time.Time) bool { return w.Hour() == 0 && w.Minute() == 0 }},
	{"17,47 0-4 * * *", "", false, func(w time.Time) bool { return w.Hour() <= 4 && w.Minute()%30 == 17 }},
	{"*/20 1,2,3,23 * * *", "01:30-03:10", false, func(w time.Time) bool {
		at := w.Hour()*60 + w.Minute()
		return slices.Contains([]int{1, 2, 3, 23}, w.Hour()) && w.Minute()%20 == 0 && at >= 90 && at < 190
	}},
	{"*/30 * * * *", "", true, func(w time.Time) bool { return w.Minute()%30 == 0 }},
	{"hourly at :10", "22:00-02:30", true, func(w time.Time) bool {
		at := w.Hour()*60 + w.Minute()
		return w.Minute() == 10 && (at >= 22*60 || at < 150)
	}},
	{"weekly on sun, mon at 02:05", "", false, func(w time.Time) bool {
		return (w.Weekday() == time.Sunday || w.Weekday() == time.Monday) && w.Hour() == 2 && w.Minute() == 5
	}},
	{"monthly on the last day at 00:15", "", false, func(w time.Time) bool {
		return w.AddDate(0, 0, 1).Day() == 1 && w.Hour() == 0 && w.Minute() == 15
	}},
}

// On the days on which the clocks of any zone change, each slot comes once: a walk
// through every minute, looking at the clock on the wall, finds the same ones.
func TestSlotsInEveryZone(t *testing.T) {
	changes, seen := 0, map[string]bool{}
	for _, name := range zoneNames(t) {
		loc := zone(t, name)
		for _, change := range changesOf(loc, moment(t, "1973-01-01T00:00:00Z"), moment(t, "2038-01-01T00:00:00Z")) {
			_, before := change.Add(-time.Second).In(loc).Zone()
			_, after := change.In(loc).Zone()
			// Zones that change alike have the same slots then.
			if key := fmt.Sprint(change.Unix(), before, after); !seen[key] || change.Year() >= 2026 && change.Year() <= 2027 {
				seen[key] = true
				walk(t, name, loc, change)
				changes++
			}
		}
		if t.Failed() {
			return
		}
	}
	t.Logf("%d changes of clocks", changes)
}

// changesOf returns when a zone changes its offset.
func changesOf(loc *time.Location, from, until time.Time) []time.Time {
	var changes []time.Time
	for at := from.In(loc); ; {
		_, end := at.ZoneBounds()
		if end.IsZero() || end.After(until) {
			return changes
		}
		_, before := at.Zone()
		if _, after := end.Zone(); before != after {
			changes = append(changes, end.UTC())
		}
		at = end
	}
}

// walk compares the slots around one change.
func walk(t *testing.T, name string, loc *time.Location, change time.Time) {
	t.Helper()
	from := change.Add(-26 * time.Hour).Truncate(time.Minute)
	until := change.Add(26 * time.Hour).Truncate(time.Minute)
	found := make([][]time.Time, len(walked))
	shown := onWall(from, loc)
	for at := from.Add(time.Minute); !at.After(until); at = at.Add(time.Minute) {
		wall := onWall(at, loc)
		for i, w := range walked {
			if w.elapsed && w.names(wall) || !w.elapsed && reached(shown, wall, w.names) {
				found[i] = append(found[i], at)
			}
		}
		if wall.After(shown) {
			shown = wall
		}
	}
	for i, w := range walked {
		s := parse(t, w.expr, name).Within(window(t, w.window))
		var got []time.Time
		for at := s.Next(from); !at.After(until); at = s.Next(at) {
			got = append(got, at)
		}
		if !slices.Equal(got, found[i]) {
			t.Errorf("%q within %q in %s around %s has the slots\n%v, want\n%v", w.expr, w.window, name, change, got, found[i])
			continue
		}
		if newest, ok := s.Latest(from, until); ok != (len(got) > 0) || ok && !newest.Equal(got[len(got)-1]) {
			t.Errorf("%q in %s: Latest is %s, %v, want the last of %v", w.expr, name, newest, ok, got)
		}
	}
}

// reached reports whether the clock on the wall has come to, or skipped, a time that is
// named, and for the first time.
func reached(shown, wall time.Time, names func(time.Time) bool) bool {
	for at := shown.Add(time.Minute); !at.After(wall); at = at.Add(time.Minute) {
		if names(at) {
			return true
		}
	}
	return false
}

// onWall is what the clock on the wall shows, written as UTC.
func onWall(at time.Time, loc *time.Location) time.Time {
	l := at.In(loc)
	return time.Date(l.Year(), l.Month(), l.Day(), l.Hour(), l.Minute(), 0, 0, time.UTC)
}
