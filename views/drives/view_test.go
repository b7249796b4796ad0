package drives

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/backupman/backupman/models"
	"github.com/backupman/backupman/views/components"
	"github.com/backupman/backupman/views/layout"
)

var now = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)

func TestTheChipSaysHowADriveStands(t *testing.T) {
	earlier := now.Add(-time.Hour)
	good := &models.DriveCheck{CheckedAt: now, GoodAt: &now, Free: 5, Total: 10}
	bad := &models.DriveCheck{CheckedAt: now, GoodAt: &earlier, Error: "it is full"}
	out := &models.DriveCheck{CheckedAt: now, GoodAt: &earlier, Error: "the sign-in has ended", NeedsSignIn: true}
	never := &models.DriveCheck{CheckedAt: now, Error: "nobody has signed in", NeedsSignIn: true}
	for name, c := range map[string]struct {
		facts Facts
		want  string
	}{
		"checking":                  {Facts{Checking: true, Check: bad}, "Checking"},
		"never":                     {Facts{}, "Not checked yet"},
		"good":                      {Facts{Check: good}, "Works"},
		"bad":                       {Facts{Check: bad}, "Failed"},
		"signed out":                {Facts{Check: out, SignsIn: true}, "Sign in again"},
		"never signed in":           {Facts{Check: never, SignsIn: true}, "Sign in"},
		"refused without a sign-in": {Facts{Check: out}, "Failed"},
		"not recorded":              {Facts{Check: good, Problem: "the metadata is away"}, "Not checked"},
	} {
		if got := NewCard(c.facts, now).Chip.Text; got != c.want {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
}

func TestTheCardDoesNotSayTheNameTwice(t *testing.T) {
	f := Facts{Drive: models.Drive{Label: "nas"}, Check: &models.DriveCheck{Error: `drive "nas": it is full`}}
	if got := NewCard(f, now).Error; got != "It is full." {
		t.Errorf("got %q", got)
	}
}

func TestRoomIsToldAsFarAsItIsKnown(t *testing.T) {
	for want, c := range map[string]*models.DriveCheck{
		"not known":                nil,
		"412 GB of 1.0 TB":         {Free: 412e9, Total: 1e12},
		"412 GB":                   {Free: 412e9, Total: -1},
		"not told by the provider": {Free: -1, Total: -1},
	} {
		if got := room(c); got != want {
			t.Errorf("%+v: %q, want %q", c, got, want)
		}
	}
	if got := room(&models.DriveCheck{Error: "away", Free: 5, Total: 10}); got != "not known" {
		t.Errorf("after a failed check: %q", got)
	}
}

func TestAKeyIsComparedWhereOneIsInTheWay(t *testing.T) {
	for name, c := range map[string]struct {
		facts Facts
		want  bool
	}{
		"never checked": {Facts{Trusts: true}, true},
		"failed":        {Facts{Trusts: true, Check: &models.DriveCheck{Error: "unknown key"}}, true},
		"works":         {Facts{Trusts: true, Check: &models.DriveCheck{}}, false},
		"being checked": {Facts{Trusts: true, Checking: true}, false},
		"without a key": {Facts{Check: &models.DriveCheck{Error: "full"}}, false},
	} {
		if got := NewCard(c.facts, now).KeyPath != ""; got != c.want {
			t.Errorf("%s: %v, want %v", name, got, c.want)
		}
	}
}

func TestSignInIsThePrimaryActionOnlyWhenItIsNeeded(t *testing.T) {
	primary := func(c *models.DriveCheck) bool {
		found := actions(Facts{Drive: models.Drive{ID: "1", Provider: "google_drive"}, SignsIn: true, Check: c})
		i := slices.IndexFunc(found, func(a components.Action) bool { return a.Path == "/drives/1/sign-in" })
		if len(found) != 2 || i < 0 || found[i].Label != "Sign in with Google" || found[i].Swap != "" || found[i].Primary != (i == 0) {
			t.Fatalf("the actions are %+v", found)
		}
		return found[i].Primary
	}
	if !primary(nil) || !primary(&models.DriveCheck{Error: "x", NeedsSignIn: true}) || primary(&models.DriveCheck{}) {
		t.Error("the sign-in stands out at the wrong time")
	}
}

func TestOnlyTheDriveThatWasSignedInToIsWelcomed(t *testing.T) {
	all := []Facts{{Drive: models.Drive{ID: "a", Label: "one"}}, {Drive: models.Drive{ID: "b", Label: "two"}, Check: &models.DriveCheck{}, SignsIn: true}}
	v := NewView(layout.Page{}, all, "b", now)
	if v.Welcome == nil || !strings.Contains(v.Welcome.Sentence, "two was checked and works") {
		t.Errorf("the welcome is %+v", v.Welcome)
	}
	if v := NewView(layout.Page{}, all, "a", now); v.Welcome != nil {
		t.Error("a drive that nobody signs in to greets")
	}
	if v := NewView(layout.Page{}, all, "c", now); v.Welcome != nil || len(v.Cards) != 2 {
		t.Errorf("nobody signed in, and the view is %+v", v)
	}
}

func TestWhatWantsALookComesFirst(t *testing.T) {
	bad := &models.DriveCheck{Error: "it is full"}
	all := []Facts{
		{Drive: models.Drive{Label: "a"}, Check: &models.DriveCheck{}}, {Drive: models.Drive{Label: "b"}, Check: bad},
		{Drive: models.Drive{Label: "c"}}, {Drive: models.Drive{Label: "d"}, Check: bad, Checking: true},
	}
	order := ""
	for _, c := range NewView(layout.Page{}, all, "", now).Cards {
		order += c.Label
	}
	if order != "bdac" {
		t.Errorf("the order is %s", order)
	}
}

func TestAKeyThatChangedIsToldAsOne(t *testing.T) {
	d, shown := models.Drive{ID: "1", Label: "colo"}, HostKey{Host: "h", Fingerprint: "SHA256:new"}
	for name, c := range map[string]struct {
		check   *models.DriveCheck
		known   bool
		changed bool
		words   string
	}{
		"first seen":           {nil, false, false, ""},
		"first check":          {&models.DriveCheck{Error: "its key is SHA256:new: trust it"}, false, false, ""},
		"another trouble":      {&models.DriveCheck{Error: "it is away"}, false, false, "It is away."},
		"worked with another":  {&models.DriveCheck{Error: `drive "colo": it shows SHA256:new`, GoodAt: &now}, false, true, "It shows SHA256:new."},
		"changed since it was": {&models.DriveCheck{GoodAt: &now}, false, true, ""},
		"trusted":              {&models.DriveCheck{GoodAt: &now}, true, false, ""},
	} {
		key := shown
		key.Known = c.known
		if v := NewKeyView(layout.Page{}, d, c.check, key); v.Changed != c.changed || v.Error != c.words {
			t.Errorf("%s: changed %v, and it says %q", name, v.Changed, v.Error)
		}
	}
}
