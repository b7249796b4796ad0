package drive

import (
	"fmt"

	"github.com/backupman/backupman/models"
)

// defaultUploads is how many copies are made on a drive at once.
const defaultUploads = 4

// commonSettings are what every kind of drive takes besides its own.
var commonSettings = []models.Setting{
	{Name: SettingRateLimit, Decides: models.DecidesHow, Label: "Rate limit", Type: models.SettingRate, Advanced: true,
		Help: "How fast the drive is written, and how fast it is read, at most, such as 20MB/s; no limit when empty."},
	{Name: SettingMaxUploads, Decides: models.DecidesHow, Label: "Uploads at once", Type: models.SettingInt, Default: "4", Least: 1, Advanced: true,
		Help: "How many copies are made on the drive at one time; others wait."},
	{Name: SettingVerify, Decides: models.DecidesHow, Label: "Proof of a copy", Type: models.SettingChoice, Default: VerifyAuto, Choices: []string{VerifyAuto, VerifyReadBack}, Advanced: true,
		Words: map[string]string{VerifyAuto: "The provider's checksum, or read back", VerifyReadBack: "Always read back"},
		Help:  "What shows that a copy is whole: a checksum that the provider itself computed over all of it, or else the copy, read back."},
	{Name: SettingSample, Decides: models.DecidesHow, Label: "Reading back", Type: models.SettingChoice, Default: SampleWeekly, Choices: []string{SampleWeekly, SampleMonthly, SampleNever}, Advanced: true,
		Words: map[string]string{SampleWeekly: "Every week", SampleMonthly: "Every month", SampleNever: "Never"},
		Help:  "How often the newest copy and the two that were read longest ago are read back whole and compared. Choose every month or never where what is read costs money."},
}

// withCommon adds the common settings to those that kinds declare.
func withCommon(kinds ...Kind) []Kind {
	for i, k := range kinds {
		kinds[i].Settings = append(k.Settings[:len(k.Settings):len(k.Settings)], commonSettings...)
	}
	return kinds
}

// Wrap puts around a drive what its place asks for: from the outside, tries again,
// slots, the rate limit, the watchdog.
//
// The order matters. Trying again is outermost, so that a try that was given up is
// repeated, and its slot is free for others during the pause. Waits for a slot and
// for the rate limit are outside of the watchdog, which sees the limit as content
// that comes slowly: neither counts as a stall of the drive.
//
// A driver that carries on by itself notices a silent connection after
// Policy.Stall. The watchdog is the net under all drivers, and comes after twice
// that, so as not to end a whole Put whose driver is about to mend it.
//
// The limits hold for those who share the returned drive.
func Wrap(d Drive, p Place) (Drive, error) {
	limit, err := rateLimit(p)
	if err != nil {
		return nil, err
	}
	uploads := p.Settings.Int(SettingMaxUploads, defaultUploads)
	if uploads < 1 {
		return nil, models.Invalidf("drive %q: %s must be at least 1, not %d", p.Label, SettingMaxUploads, uploads)
	}
	d = Limited(Watched(d, p.Label, 2*p.Policy.Stall), limit)
	return Retrying(Slotted(d, uploads), p.Policy), nil
}

// rateLimit returns the place's limit in bytes per second, 0 for none.
func rateLimit(p Place) (int64, error) {
	text := p.Settings[SettingRateLimit]
	if text == "" {
		return 0, nil
	}
	limit, err := models.ParseRate(text)
	if err != nil {
		return 0, fmt.Errorf("drive %q: %w", p.Label, models.Invalidf("%s %v, not %q", SettingRateLimit, err, text))
	}
	return limit, nil
}
