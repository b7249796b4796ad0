package models_test

import (
	"strings"
	"testing"

	"github.com/backupman/backupman/models"
)

func TestParseRate(t *testing.T) {
	for text, want := range map[string]int64{
		"20MB/s": 20_000_000, "500 kB/s": 500_000, "500 KB/s": 500_000, "1 MiB/s": 1 << 20, "1.5GB/s": 1_500_000_000,
		"512KiB/s": 512 << 10, "1GiB/s": 1 << 30, "1000B/s": 1000, "0.5MB/s": 500_000,
	} {
		if got, err := models.ParseRate(text); err != nil || got != want {
			t.Errorf("%q: %d, %v; want %d", text, got, err, want)
		}
	}
	for text, want := range map[string]string{
		"": "such as", "fast": "such as", "20": "such as", "20MB": "such as", "MB/s": "such as", "-1MB/s": "such as", "1e3MB/s": "such as", "20  MB/s": "such as",
		"20 mB/s": "such as", "20Mb/s": "large B", "100 Mbit/s": "large B", "20B/s": "at least 1kB/s", "0MB/s": "at least",
	} {
		if got, err := models.ParseRate(text); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %d, %v; want an error with %q", text, got, err, want)
		}
	}
}
