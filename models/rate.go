package models

import (
	"errors"
	"regexp"
	"strconv"
)

// leastRate is the smallest rate that is taken, in bytes per second: below it, a
// unit was forgotten.
const leastRate = 1000

var rateForm = regexp.MustCompile(`^([0-9]{1,9}(?:\.[0-9]{1,3})?) ?(k|K|M|G|Ki|Mi|Gi)?(B|b|bit)/s$`)

var rateUnits = map[string]float64{"": 1, "k": 1e3, "K": 1e3, "M": 1e6, "G": 1e9, "Ki": 1 << 10, "Mi": 1 << 20, "Gi": 1 << 30}

// ParseRate reads a SettingRate, such as "20MB/s", "1.5 GB/s" or "512 KiB/s", as
// bytes per second. Its error ends a sentence that begins with the setting's name.
func ParseRate(text string) (int64, error) {
	part := rateForm.FindStringSubmatch(text)
	if part == nil {
		return 0, errors.New("must be a rate such as 20MB/s or 512KiB/s")
	}
	if part[3] != "B" {
		return 0, errors.New("must be in bytes, such as 20MB/s with a large B")
	}
	number, err := strconv.ParseFloat(part[1], 64)
	if err != nil {
		return 0, errors.New("must be a rate such as 20MB/s or 512KiB/s")
	}
	rate := number * rateUnits[part[2]]
	if rate < leastRate {
		return 0, errors.New("must be at least 1kB/s")
	}
	return int64(rate), nil
}
