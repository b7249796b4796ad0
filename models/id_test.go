package models_test

import (
	"strings"
	"testing"

	"github.com/backupman/backupman/models"
)

func TestShortIDOfAnything(t *testing.T) {
	if got := models.ShortID("0197c9a4-5b1e-7cc0-8b4a-0e1b0e1b0e1b"); got != "7cc00e1b0e1b" {
		t.Errorf("the short form is %s", got)
	}
	for n := range 64 {
		if got := models.ShortID(strings.Repeat("x", n)); len(got) > 18 {
			t.Errorf("of %d bytes it has %d", n, len(got))
		}
	}
}
