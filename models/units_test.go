package models_test

import (
	"strings"
	"testing"
	"time"

	"github.com/backupman/backupman/models"
)

func TestParseSpan(t *testing.T) {
	const day = 24 * time.Hour
	for text, want := range map[string]time.Duration{
		"90s": 90 * time.Second, "15m": 15 * time.Minute, "6h": 6 * time.Hour, "30d": 30 * day, "2w": 14 * day, "1 d": day, "0s": 0, "0": 0, "36525d": 36525 * day,
	} {
		got, err := models.ParseSpan(text)
		if err != nil || got != want {
			t.Errorf("%q: %s, %v; want %s", text, got, err, want)
		}
		if again, err := models.ParseSpan(models.SpanText(got)); err != nil || again != got {
			t.Errorf("%q is written as %q, which reads as %s, %v", text, models.SpanText(got), again, err)
		}
	}
	for text, want := range map[string]string{
		"": "such as", "30": "such as", "d": "such as", "-1d": "such as", "1.5h": "such as", "1h30m": "such as", "1y": "such as", "1  d": "such as",
		"36526d": "a hundred years", "999999w": "a hundred years",
	} {
		if got, err := models.ParseSpan(text); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %s, %v; want an error with %q", text, got, err, want)
		}
	}
}

func TestParseBytes(t *testing.T) {
	for text, want := range map[string]int64{
		"200GB": 200_000_000_000, "1.5 TB": 1_500_000_000_000, "512MiB": 512 << 20, "1kB": 1000, "1KB": 1000, "7B": 7, "2TiB": 2 << 40, "0B": 0,
	} {
		if got, err := models.ParseBytes(text); err != nil || got != want {
			t.Errorf("%q: %d, %v; want %d", text, got, err, want)
		}
	}
	for text, want := range map[string]string{
		"": "such as", "200": "such as", "200G": "such as", "200Gb": "such as", "-1GB": "such as", "1e3MB": "such as", "999999999TiB": "smaller",
	} {
		if got, err := models.ParseBytes(text); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %d, %v; want an error with %q", text, got, err, want)
		}
	}
}

func TestBytesText(t *testing.T) {
	for size, want := range map[int64]string{
		1_500_000_000_000: "1500GB", 512 << 20: "512MiB", 1000: "1kB", 7: "7B", 2 << 40: "2TiB", 0: "0B", 123_456_789: "123456789B",
	} {
		text := models.BytesText(size)
		if again, err := models.ParseBytes(text); text != want || err != nil || again != size {
			t.Errorf("%d is written as %q, want %q, and reads as %d, %v", size, text, want, again, err)
		}
	}
	if text := models.BytesText(1_234_567_890_123); text != "1234567MB" {
		t.Errorf("what is too long is written as %q", text)
	}
}
