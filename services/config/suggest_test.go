package config

import "testing"

func TestWrittenLeavesOutNothing(t *testing.T) {
	choices := []string{"", "AES256", "aws:kms"}
	if got := oneOf(written(choices)); got != "AES256 or aws:kms" {
		t.Errorf("the choices are said to be %q", got)
	}
	if choices[0] != "" || len(choices) != 3 {
		t.Errorf("the declared choices were changed to %q", choices)
	}
}
