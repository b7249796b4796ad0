package pages

import (
	"fmt"
	"testing"
	"time"

	"github.com/backupman/backupman/models"
)

func TestTypedSecretsAreForOneSessionAndOnePurpose(t *testing.T) {
	typed := NewTyped(func() time.Time { return testNow })
	token := typed.Keep("mine", "source mysql", map[string]models.Secret{"password": models.NewSecret("hunter2"), "key": {}})
	for what, c := range map[string][3]string{
		"another session": {token, "yours", "source mysql"}, "another purpose": {token, "mine", "source postgres"},
		"another token": {token + "x", "mine", "source mysql"}, "no token": {"", "mine", "source mysql"},
	} {
		if got := typed.Look(c[0], c[1], c[2]); got != nil {
			t.Errorf("%s sees %v", what, got)
		}
		if got := typed.Take(c[0], c[1], c[2]); got != nil {
			t.Errorf("%s takes %v", what, got)
		}
	}
	if got := typed.Look(token, "mine", "source mysql"); len(got) != 1 || got["password"].Reveal() != "hunter2" {
		t.Errorf("looked at is %v", got)
	}
	if got := typed.Take(token, "mine", "source mysql"); got["password"].Reveal() != "hunter2" {
		t.Errorf("taken is %v", got)
	}
	if got := typed.Take(token, "mine", "source mysql"); got != nil {
		t.Errorf("taken twice: %v", got)
	}
}

func TestTypedSecretsAreForgotten(t *testing.T) {
	now := testNow
	typed := NewTyped(func() time.Time { return now })
	if got := typed.Keep("mine", "p", map[string]models.Secret{"password": {}}); got != "" {
		t.Errorf("nothing is kept as %q", got)
	}
	secret := func(n int) map[string]models.Secret {
		return map[string]models.Secret{"password": models.NewSecret(fmt.Sprint(n))}
	}
	first := typed.Keep("mine", "p", secret(0))
	now = now.Add(typedLife - time.Second)
	if typed.Look(first, "mine", "p") == nil {
		t.Error("forgotten too early")
	}
	now = now.Add(time.Second)
	if typed.Look(first, "mine", "p") != nil {
		t.Error("remembered for too long")
	}
	var tokens []string
	for n := range typedAtOnce + 1 {
		now = now.Add(time.Second / 10)
		tokens = append(tokens, typed.Keep("mine", "p", secret(n)))
	}
	if len(typed.held) != typedAtOnce || typed.Look(tokens[0], "mine", "p") != nil || typed.Look(tokens[1], "mine", "p") == nil || typed.Look(tokens[typedAtOnce], "mine", "p") == nil {
		t.Errorf("%d are held", len(typed.held))
	}
}
