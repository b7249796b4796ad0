package compare_test

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/backupman/backupman/models"
	"github.com/backupman/backupman/services/compare"
)

// counts is a database of one moment: rows by table.
type counts map[string]int64

func (c counts) manifest() models.Manifest {
	var tables []models.TableDigest
	for name, rows := range c {
		tables = append(tables, table(name, rows, ""))
	}
	return manifest(tables...)
}

// anomalies judges the last of the databases by the ten before it.
func anomalies(days ...counts) []models.Anomaly {
	var earlier []models.Manifest
	for i := len(days) - 2; i >= max(0, len(days)-11); i-- {
		earlier = append(earlier, days[i].manifest())
	}
	return compare.Anomalies(days[len(days)-1].manifest(), earlier)
}

// days is one table over time, oldest first.
func days(rows ...int64) []counts {
	var all []counts
	for _, n := range rows {
		all = append(all, counts{"t": n, "other": 5})
	}
	return all
}

func TestOneTableOverTime(t *testing.T) {
	for name, c := range map[string]struct {
		rows []int64
		want string
	}{
		"the first backup":                        {[]int64{5000}, ""},
		"as always":                               {[]int64{48_210, 48_500, 48_950, 48_900}, ""},
		"a third is purged":                       {[]int64{48_210, 48_500, 48_950, 32_500}, ""},
		"nearly all is gone":                      {[]int64{48_210, 48_500, 48_950, 12}, "table t has 12 rows; the 3 backups before had 48,210 to 48,950"},
		"half is gone":                            {[]int64{5000, 5000, 5000, 2500}, "table t has 2,500 rows; the 3 backups before had 5,000"},
		"one row is left":                         {[]int64{5000, 5000, 5000, 1}, "table t has 1 row; the 3 backups before had 5,000"},
		"emptied":                                 {[]int64{150, 150, 150, 0}, "table t has 0 rows; the 3 backups before had 150"},
		"half of little":                          {[]int64{900, 900, 900, 450}, ""},
		"a tiny table is emptied":                 {[]int64{40, 40, 40, 0}, ""},
		"emptied after one backup":                {[]int64{5000, 0}, "table t has 0 rows; the backup before had 5,000"},
		"a small table is emptied after one":      {[]int64{500, 0}, ""},
		"half of much is gone after one":          {[]int64{50_000, 20_000}, "table t has 20,000 rows; the backup before had 50,000"},
		"half of some is gone after one":          {[]int64{5000, 2500}, ""},
		"it was told already":                     {[]int64{5000, 5000, 5000, 2500, 2500}, ""},
		"it was told already, emptied":            {[]int64{5000, 5000, 5000, 0, 0}, ""},
		"after the loss everything goes":          {[]int64{50_000, 50_000, 50_000, 25_000, 25_000, 25_000, 0}, "table t has 0 rows; the 6 backups before had 25,000 to 50,000"},
		"it comes back":                           {[]int64{50_000, 50_000, 50_000, 0, 50_000}, ""},
		"emptied every week":                      {[]int64{0, 7000, 14_000, 21_000, 28_000, 35_000, 42_000, 0, 7000, 14_000, 21_000, 28_000, 35_000, 42_000, 0}, ""},
		"the end of a peak":                       {[]int64{48_000, 48_000, 48_000, 200_000, 48_000}, ""},
		"the end of a longer peak":                {[]int64{48_000, 48_000, 48_000, 48_000, 200_000, 200_000, 48_000}, ""},
		"up and down":                             {[]int64{10_000, 2000, 50_000, 800, 12_000, 600}, ""},
		"a queue that is mostly empty":            {[]int64{0, 0, 0, 0, 0, 0, 0, 0, 150, 0}, ""},
		"grown from nothing and then all gone":    {[]int64{0, 1000, 2000, 3000, 4000, 5000, 6000, 7000, 8000, 9000, 0}, "table t has 0 rows; the 10 backups before had 0 to 9,000"},
		"an import doubles it":                    {[]int64{50_000, 50_000, 50_000, 100_000}, ""},
		"a loop fills it":                         {[]int64{50_000, 50_000, 50_000, 900_000}, "table t has 900,000 rows; the 3 backups before had 50,000"},
		"a loop fills it after one":               {[]int64{50_000, 900_000}, ""},
		"a small table grows":                     {[]int64{10, 10, 10, 5000}, ""},
		"a new table fills up":                    {[]int64{20, 80, 5000, 40_000, 300_000}, ""},
		"it has always been as full now and then": {[]int64{900_000, 50_000, 50_000, 50_000, 900_000}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			got := anomalies(days(c.rows...)...)
			switch {
			case c.want == "" && len(got) != 0:
				t.Errorf("got %+v", got)
			case c.want != "" && (len(got) != 1 || got[0].Sentence != c.want || got[0].Table != named("t")):
				t.Errorf("got %+v, want %q", got, c.want)
			}
		})
	}
}

func TestVanishedTables(t *testing.T) {
	full, without := counts{"t": 5000, "small": 3}, counts{"t": 5000}
	rotating := func(from, to int) counts {
		c := counts{"t": 5000}
		for i := from; i <= to; i++ {
			c[fmt.Sprintf("log_2025%04d", i)] = 100
		}
		return c
	}
	for name, c := range map[string]struct {
		days []counts
		want []string
	}{
		"after one":              {[]counts{full, without}, []string{"table small is not in this backup; the backup before had it, the newest with 3 rows"}},
		"after many":             {[]counts{full, full, full, full, without}, []string{"table small is not in this backup; the 4 backups before had it, the newest with 3 rows"}},
		"told already":           {[]counts{full, full, full, without, without}, nil},
		"back again":             {[]counts{full, full, without, full}, nil},
		"once more":              {[]counts{full, full, without, full, without}, []string{"table small is not in this backup; 3 of the 4 backups before had it, the newest with 3 rows"}},
		"there now and then":     {[]counts{full, without, full, without, full, full, without}, nil},
		"a table for one day":    {[]counts{without, without, full, without}, nil},
		"days go, days come":     {[]counts{rotating(1, 7), rotating(2, 8), rotating(3, 9), rotating(4, 10)}, nil},
		"days go after one":      {[]counts{rotating(1, 30), rotating(2, 31)}, nil},
		"a day goes, none comes": {[]counts{rotating(1, 7), rotating(2, 8), rotating(3, 8)}, []string{"table log_20250002 is not in this backup; the 2 backups before had it, the newest with 100 rows"}},
		"the larger first":       {[]counts{{"a": 3, "b": 7000, "t": 1}, {"t": 1}}, []string{"table b is not", "table a is not"}},
	} {
		t.Run(name, func(t *testing.T) {
			got := anomalies(c.days...)
			if len(got) != len(c.want) {
				t.Fatalf("got %+v", got)
			}
			for i, a := range got {
				if !strings.HasPrefix(a.Sentence, c.want[i]) {
					t.Errorf("got %q, want %q", a.Sentence, c.want[i])
				}
			}
		})
	}
}

func TestTheWholeBackup(t *testing.T) {
	many := func(rows int64) counts {
		c := counts{}
		for i := range 500 {
			c[fmt.Sprintf("tenant%dx", i)] = rows
		}
		return c
	}
	if got := anomalies(many(50), many(50), many(51), many(10)); len(got) != 1 || got[0].Table.Name != "" || got[0].Sentence != "this backup has 5,000 rows; the 3 backups before had 25,000 to 25,500" {
		t.Errorf("many small losses: %+v", got)
	}
	if got := anomalies(counts{"a": 3, "b": 1}, counts{"a": 3, "b": 1}, counts{"a": 0, "b": 0}); len(got) != 1 || got[0].Sentence != "this backup holds no rows at all; the 2 backups before had 4" {
		t.Errorf("an empty dump: %+v", got)
	}
	if got := anomalies(counts{"a": 3}, counts{"b": 0}); len(got) != 1 || !strings.Contains(got[0].Sentence, "no rows at all") {
		t.Errorf("another dump that is empty: %+v", got)
	}
	if got := anomalies(counts{"a": 3}, counts{"a": 0}, counts{"a": 3}, counts{"a": 0}); len(got) != 0 {
		t.Errorf("a database that is now and then empty: %+v", got)
	}
}

func TestRowsThatLostWhatWasInThem(t *testing.T) {
	full, hollow := counts{"t": 50_000}.manifest(), counts{"t": 50_000}.manifest()
	hollow.Inventory.Tables[0].Bytes /= 4
	got := compare.Anomalies(hollow, []models.Manifest{full, full, full})
	if len(got) != 1 || got[0].Sentence != "table t has 1,250,000 bytes; the 3 backups before had 5,000,000" {
		t.Errorf("got %+v", got)
	}
	hollow.Inventory.Tool = "mysqldump"
	if got := compare.Anomalies(hollow, []models.Manifest{full, full, full}); len(got) != 0 {
		t.Errorf("another tool writes rows in another way, but got %+v", got)
	}
	full.Provider = "postgres"
	if got := compare.Anomalies(counts{}.manifest(), []models.Manifest{full}); len(got) != 0 {
		t.Errorf("a source of another kind has no past, but got %+v", got)
	}
}

func TestNamesStayInTheirLine(t *testing.T) {
	odd := "a\nb; see\u202e\"this\""
	got := anomalies(counts{odd: 5000, "t": 1}, counts{"t": 1})
	if len(got) != 1 || strings.ContainsAny(got[0].Sentence, "\n\u202e") || !strings.Contains(got[0].Sentence, `a\nb`) {
		t.Errorf("got %+v", got)
	}
}

// shop is a database over a year: tables that grow by a few percent a day or stay, one
// that is emptied every week, one that goes up and down, and one for every day of the
// last month.
type shop struct {
	random *rand.Rand
	growth map[string]float64
	rows   map[string]float64
}

func newShop(seed uint64) *shop {
	s := &shop{random: rand.New(rand.NewPCG(seed, 7)), growth: map[string]float64{}, rows: map[string]float64{}}
	for i, g := range []float64{0, 0.002, 0.01, 0.02, 0.03, 0.05, -0.02} {
		name := fmt.Sprintf("grows%c", 'a'+i)
		s.growth[name], s.rows[name] = g, float64(3000+s.random.IntN(5000))
	}
	return s
}

func (s *shop) day(n int) counts {
	c := counts{"tiny": int64(s.random.IntN(90)), "emptied weekly": int64(n%7) * 4000, "queue": s.queue(n)}
	for name, g := range s.growth {
		noise := 1 + 0.04*(s.random.Float64()-0.5)
		c[name] = int64(s.rows[name] * noise)
		s.rows[name] = min(s.rows[name]*(1+g), 1e12)
	}
	for i := n; i < n+30; i++ {
		c[fmt.Sprintf("visits_%d", i)] = int64(100 + i*7919%100_000)
	}
	return c
}

// queue is full on working days and not at weekends.
func (s *shop) queue(n int) int64 {
	if n%7 > 4 {
		return int64(1000 + s.random.IntN(3000))
	}
	return int64(12_000 + s.random.IntN(12_000))
}

func (s *shop) year() []counts {
	var all []counts
	for n := range 365 {
		all = append(all, s.day(n))
	}
	return all
}

// settled is after how many days the ways of the shop are known.
const settled = 15

func TestAYearOfGrowthRaisesNoAlarm(t *testing.T) {
	for seed := range uint64(10) {
		all := newShop(seed).year()
		for n := settled; n < len(all); n++ {
			if got := anomalies(all[:n+1]...); len(got) != 0 {
				t.Errorf("seed %d, day %d: %+v", seed, n, got)
			}
		}
	}
}

// A table that holds anything from nothing to twenty thousand rows may look like one
// that only grows, now and then.
func TestATableOfNoKindRaisesHardlyAnyAlarm(t *testing.T) {
	random, alarms := rand.New(rand.NewPCG(1, 1)), 0
	var rows []int64
	for range 2000 {
		rows = append(rows, random.Int64N(20_000))
		if len(rows) > settled && len(anomalies(days(rows[len(rows)-settled:]...)...)) > 0 {
			alarms++
		}
	}
	if alarms > 10 {
		t.Errorf("%d alarms in 2000 days", alarms)
	}
}

func TestEveryLossIsTold(t *testing.T) {
	for kind, change := range map[string]func(c counts, name string){
		"vanished": func(c counts, name string) { delete(c, name) },
		"halved":   func(c counts, name string) { c[name] /= 2 },
		"emptied":  func(c counts, name string) { c[name] = 0 },
	} {
		for seed := range uint64(3) {
			s := newShop(seed)
			all := s.year()
			for n := settled + int(seed); n < len(all); n += 5 {
				for name := range s.growth {
					if kind != "vanished" && all[n][name] < 2500 {
						continue
					}
					spoilt := maps.Clone(all[n])
					change(spoilt, name)
					got := anomalies(append(slices.Clone(all[:n]), spoilt)...)
					if len(got) != 1 || got[0].Table != named(name) {
						t.Fatalf("seed %d, day %d, %s %s from %d: %+v", seed, n, name, kind, all[n][name], got)
					}
				}
			}
		}
	}
}
