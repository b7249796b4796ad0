package source

import (
	"slices"
	"strings"
	"testing"

	"github.com/backupman/backupman/models"
)

func grantsOf(lines ...string) mysqlGrants {
	var all mysqlGrants
	for _, line := range lines {
		if g, ok := parseGrant(line); ok {
			all = append(all, g)
		}
	}
	return all
}

func TestMySQLGrants(t *testing.T) {
	for name, c := range map[string]struct {
		lines []string
		want  bool // whether SELECT is held on all of my_shop
	}{
		"global":                {[]string{"GRANT SELECT, INSERT ON *.* TO `u`@`%` IDENTIFIED BY PASSWORD '*A'"}, true},
		"everything":            {[]string{"GRANT ALL PRIVILEGES ON *.* TO `u`@`%` WITH GRANT OPTION"}, true},
		"usage":                 {[]string{"GRANT USAGE ON *.* TO `u`@`%`"}, false},
		"database":              {[]string{"GRANT SELECT, SHOW VIEW ON `my_shop`.* TO `u`@`%`"}, true},
		"escaped":               {[]string{"GRANT SELECT ON `my\\_shop`.* TO `u`@`%`"}, true},
		"escaped other":         {[]string{"GRANT SELECT ON `my\\_s%p2`.* TO `u`@`%`"}, false},
		"pattern":               {[]string{"GRANT SELECT ON `%shop`.* TO `u`@`%`"}, true},
		"closer pattern rules":  {[]string{"GRANT SELECT ON `%`.* TO `u`@`%`", "GRANT INSERT ON `my\\_shop`.* TO `u`@`%`"}, false},
		"each grantee apart":    {[]string{"GRANT SELECT ON `%`.* TO `r`", "GRANT INSERT ON `my\\_shop`.* TO `u`@`%`"}, true},
		"columns":               {[]string{"GRANT SELECT (`a`, `b`), INSERT ON `my_shop`.* TO `u`@`%`"}, false},
		"table":                 {[]string{"GRANT SELECT ON `my_shop`.`t` TO `u`@`%`"}, false},
		"procedure":             {[]string{"GRANT SELECT ON PROCEDURE `my_shop`.`p` TO `u`@`%`"}, false},
		"role":                  {[]string{"GRANT `SELECT`@`%` TO `u`@`%`", "GRANT `r` TO `u`@`%` WITH ADMIN OPTION"}, false},
		"revoked":               {[]string{"GRANT SELECT ON *.* TO `u`@`%`", "REVOKE SELECT ON `my_shop`.* FROM `u`@`%`"}, false},
		"revoked elsewhere":     {[]string{"GRANT SELECT ON *.* TO `u`@`%`", "REVOKE SELECT ON `mysql`.* FROM `u`@`%`"}, true},
		"revoked, then granted": {[]string{"GRANT SELECT ON *.* TO `u`@`%`", "REVOKE SELECT ON `my_shop`.* FROM `u`@`%`", "GRANT SELECT ON `my_shop`.* TO `u`@`%`"}, true},
	} {
		t.Run(name, func(t *testing.T) {
			if got := grantsOf(c.lines...).on("SELECT", "my_shop"); got != c.want {
				t.Errorf("%v, not %v", got, c.want)
			}
		})
	}
}

// TestMySQLGrantKeepsWhatIsHeld wants the mending statement to name a database
// as the account's own grant does.
func TestMySQLGrantKeepsWhatIsHeld(t *testing.T) {
	for held, want := range map[string]string{
		"GRANT SELECT ON `my_shop`.* TO `u`@`%`": "GRANT EVENT ON `my_shop`.* TO 'u'@'%'",
		"GRANT SELECT ON `my%`.* TO `u`@`%`":     "GRANT EVENT ON `my%`.* TO 'u'@'%'",
		"GRANT SELECT ON *.* TO `u`@`%`":         "GRANT EVENT ON `my\\_shop`.* TO 'u'@'%'",
	} {
		a := mysqlAccount{grants: grantsOf(held), server: mysqlServer{account: "u@%"}, database: "my_shop"}
		if got := a.grant("EVENT"); got != want {
			t.Errorf("%s: %s, not %s", held, got, want)
		}
	}
}

func TestMissingFrom(t *testing.T) {
	a, b, c := models.Object{Kind: models.ObjectTable, Name: "A"}, models.Object{Kind: models.ObjectTable, Name: "b"}, models.Object{Kind: models.ObjectRoutine, Name: "c"}
	before, after := []models.Object{a, b, c, c}, []models.Object{a, c, c}
	got := missingFrom(before, after, []models.Object{{Kind: models.ObjectTable, Name: "a"}, c}, false)
	if want := []string{"table A", "routine c"}; !slices.Equal(got, want) {
		t.Errorf("missing %q, not %q", got, want)
	}
	if got := strings.Join(missingFrom(before, after, []models.Object{{Kind: models.ObjectTable, Name: "a"}, c, c}, true), ""); got != "" {
		t.Errorf("missing %q although names are folded", got)
	}
}
