package models

import (
	"errors"
	"regexp"
	"strconv"
	"time"
)

var spanForm = regexp.MustCompile(`^([0-9]{1,6}) ?([smhdw])$`)

var spanUnits = map[string]time.Duration{
	"s": time.Second, "m": time.Minute, "h": time.Hour, "d": 24 * time.Hour, "w": 7 * 24 * time.Hour,
}

// longestSpan is a century, which is long enough for a backup and short enough to add.
const longestSpan = 36525 * 24 * time.Hour

// ParseSpan reads a length of time such as "90s", "15m", "6h", "30d" or "2w", in which a
// day has 24 hours, and "0". Its error ends a sentence that begins with the setting's name.
func ParseSpan(text string) (time.Duration, error) {
	if text == "0" {
		return 0, nil
	}
	part := spanForm.FindStringSubmatch(text)
	if part == nil {
		return 0, errors.New("must be a length of time such as 30m, 6h, 30d or 2w")
	}
	number, err := strconv.Atoi(part[1])
	if err != nil || time.Duration(number) > longestSpan/spanUnits[part[2]] {
		return 0, errors.New("must be at most a hundred years")
	}
	return time.Duration(number) * spanUnits[part[2]], nil
}

// SpanText writes a length of time as ParseSpan reads it, in the largest unit that
// leaves nothing over; what is no whole number of seconds is cut.
func SpanText(d time.Duration) string {
	for _, unit := range []string{"d", "h", "m"} {
		if d >= spanUnits[unit] && d%spanUnits[unit] == 0 {
			return strconv.Itoa(int(d/spanUnits[unit])) + unit
		}
	}
	return strconv.Itoa(int(d/time.Second)) + "s"
}

var bytesForm = regexp.MustCompile(`^([0-9]{1,9}(?:\.[0-9]{1,3})?) ?(k|K|M|G|T|Ki|Mi|Gi|Ti)?B$`)

var byteUnits = map[string]float64{
	"": 1, "k": 1e3, "K": 1e3, "M": 1e6, "G": 1e9, "T": 1e12, "Ki": 1 << 10, "Mi": 1 << 20, "Gi": 1 << 30, "Ti": 1 << 40,
}

// ParseBytes reads a size such as "200GB", "1.5 TB" or "512MiB". Its error ends a
// sentence that begins with the setting's name.
func ParseBytes(text string) (int64, error) {
	part := bytesForm.FindStringSubmatch(text)
	if part == nil {
		return 0, errors.New("must be a size such as 200GB or 512MiB, with a large B")
	}
	number, err := strconv.ParseFloat(part[1], 64)
	if err != nil || number*byteUnits[part[2]] > 1<<62 {
		return 0, errors.New("must be a size such as 200GB or 512MiB, and smaller")
	}
	return int64(number * byteUnits[part[2]]), nil
}

// BytesText writes a size as ParseBytes reads it, in the largest unit that leaves nothing
// over; what is too long for that is cut to whole units.
func BytesText(size int64) string {
	for _, unit := range []string{"Ti", "T", "Gi", "G", "Mi", "M", "Ki", "k"} {
		if one := int64(byteUnits[unit]); size >= one && size%one == 0 {
			return strconv.FormatInt(size/one, 10) + unit + "B"
		}
	}
	for _, unit := range []string{"", "k", "M", "G"} {
		if n := size / int64(byteUnits[unit]); n < 1e9 {
			return strconv.FormatInt(n, 10) + unit + "B"
		}
	}
	return strconv.FormatInt(size/1e12, 10) + "TB"
}
