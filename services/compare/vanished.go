package compare

import (
	"slices"
	"strings"

	"github.com/backupman/backupman/models"
)

// mostGaps is how often a table may have been gone and come back before its absence is
// usual, as that of a table that a program makes for its work.
const mostGaps = 1

// vanished tells the tables that the newest earlier backup had, and most of the others,
// and that this one has not. A table that was there for less than half of them is not
// yet usual.
func vanished(now models.Inventory, past []models.Inventory) []finding {
	present, sets := newTableSet(now), make([]tableSet, len(past))
	for i, inv := range past {
		sets[i] = newTableSet(inv)
	}
	var found []finding
	for name, rows := range sets[0].rows {
		if _, ok := present.rows[name]; ok || replaced(name, present, sets) {
			continue
		}
		had, gaps := sightings(name, sets)
		if 2*had < len(sets) || gaps > mostGaps {
			continue
		}
		sentence := subject(name) + " is not in this backup; " + hadIt(had, len(sets), rows)
		found = append(found, finding{order: rankVanished, size: rows, Anomaly: models.Anomaly{Table: name, Sentence: sentence}})
	}
	return found
}

// tableSet is the tables of one backup with their rows, and how many there are of each
// series. A table whose rows are not dumped, such as a virtual one, is there as well.
type tableSet struct {
	rows   map[models.TableName]int64
	series map[models.TableName]int
}

func newTableSet(inv models.Inventory) tableSet {
	set := tableSet{rows: map[models.TableName]int64{}, series: map[models.TableName]int{}}
	for _, o := range inv.Objects {
		if o.Kind == models.ObjectTable {
			set.rows[models.TableName{Schema: o.Schema, Name: o.Name}] = 0
		}
	}
	for _, t := range inv.Tables {
		set.rows[models.TableName{Schema: t.Schema, Name: t.Name}] = t.Rows
	}
	for name := range set.rows {
		set.series[seriesOf(name)]++
	}
	return set
}

// sightings counts the earlier backups with a table, and how often it was gone between
// two of them.
func sightings(name models.TableName, sets []tableSet) (had, gaps int) {
	there := false
	for i := range sets {
		_, ok := sets[len(sets)-1-i].rows[name] // oldest first
		if ok && !there && had > 0 {
			gaps++
		}
		if ok {
			had++
		}
		there = ok
	}
	return had, gaps
}

// replaced reports whether a table is one of a series, such as log_20250701, of which
// this backup holds no fewer than some earlier one: old ones are dropped, new ones come.
func replaced(name models.TableName, present tableSet, sets []tableSet) bool {
	series := seriesOf(name)
	left := present.series[series]
	return series != name && left > 0 &&
		slices.ContainsFunc(sets, func(s tableSet) bool { return s.series[series] > 0 && s.series[series] <= left })
}

// seriesOf returns a table's name with each run of digits as one sign, which is the
// name itself when there is none.
func seriesOf(name models.TableName) models.TableName {
	var b strings.Builder
	inNumber := false
	for _, r := range name.Name {
		digit := r >= '0' && r <= '9'
		if digit && !inNumber {
			b.WriteByte('#')
		}
		if !digit {
			b.WriteRune(r)
		}
		inNumber = digit
	}
	name.Name = b.String()
	return name
}
