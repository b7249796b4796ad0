package models_test

import (
	"testing"

	"github.com/backupman/backupman/models"
)

func TestChoice(t *testing.T) {
	plain := models.Setting{Choices: []string{"auto", "on"}}
	spelled := models.Setting{Choices: []string{"true", "false"}, Also: map[string]string{"yes": "true", "": "false"}}
	for _, c := range []struct {
		setting    models.Setting
		word, want string
		ok         bool
	}{
		{plain, "auto", "auto", true}, {plain, "AUTO", "", false}, {plain, "off", "", false},
		{spelled, "Yes", "true", true}, {spelled, "TRUE", "true", true}, {spelled, "", "false", true}, {spelled, "maybe", "", false},
	} {
		if got, ok := c.setting.Choice(c.word); ok != c.ok || ok && got != c.want {
			t.Errorf("%q means %q (%v), not %q (%v)", c.word, got, ok, c.want, c.ok)
		}
	}
}
