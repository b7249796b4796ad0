package config_test

import (
	"maps"
	"path/filepath"
	"testing"
	"time"

	"github.com/backupman/backupman/models"
)

const placesOfTwo = `data_sources: [{provider: sqlite, label: a, db_path: /a.db}]
drives: [{provider: local, label: nas, folder: /b}, {provider: local, label: "off.site", folder: /c}]
`

func TestRetention(t *testing.T) {
	const day = 24 * time.Hour
	path := filepath.Join(t.TempDir(), "c.yaml")
	for name, tc := range map[string]struct {
		yaml   string
		want   models.Retention
		drives map[string]models.Retention
	}{
		"none":                    {"jobs: [{label: j, data_source: a}]\n", models.Retention{}, nil},
		"older form":              {"retention: {enabled: true, by: age, value: 30}\njobs: [{label: j, data_source: a}]\n", models.Retention{Within: 30 * day}, nil},
		"older form without jobs": {"retention: {enabled: true, value: 7}\n", models.Retention{Within: 7 * day}, nil},
		"older form switched off": {"retention: {enabled: false, by: age, value: 30}\n", models.Retention{}, nil},
		"own rules": {"retention: {enabled: true, by: age, value: 30}\njobs: [{label: j, data_source: a, retention: {keep_last: 3, daily: 7}}]\n",
			models.Retention{Last: 3, Daily: 7}, nil},
		"every rule": {"jobs: [{label: j, data_source: a, retention: {keep_last: 1, hourly: 2, daily: 3, weekly: 4, monthly: 5, yearly: 6, keep_within: 2w, max_size: 200GB}}]\n",
			models.Retention{Last: 1, Hourly: 2, Daily: 3, Weekly: 4, Monthly: 5, Yearly: 6, Within: 14 * day, MaxSize: 200e9}, nil},
		"a drive of its own": {"jobs: [{label: j, data_source: a, retention: {daily: 7, drives: {off.site: {monthly: 12, max_size: 1TB}}}}]\n",
			models.Retention{Daily: 7}, map[string]models.Retention{"off.site": {Monthly: 12, MaxSize: 1e12}}},
		"only one drive": {"retention: {enabled: true, value: 7}\njobs: [{label: j, data_source: a, retention: {drives: {nas: {keep_last: 2}}}}]\n",
			models.Retention{}, map[string]models.Retention{"nas": {Last: 2}}},
	} {
		t.Run(name, func(t *testing.T) {
			c := load(t, write(t, path, placesOfTwo+tc.yaml), options(nil))
			if len(c.Notes) != 0 {
				t.Errorf("notes %q", c.Notes)
			}
			j := c.Plan().Jobs[0]
			if j.Job.Retention != tc.want || !maps.Equal(j.DriveRetention, tc.drives) {
				t.Errorf("got %+v and %+v", j.Job.Retention, j.DriveRetention)
			}
		})
	}
}
