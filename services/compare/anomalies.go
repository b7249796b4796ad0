package compare

import (
	"cmp"
	"slices"

	"github.com/backupman/backupman/models"
)

// Anomalies tells what in a backup is far from what its job usually holds: a dump
// without rows, a table that is gone, a table that lost or gained far more than it ever
// does, or the whole doing so. earlier are the manifests of the backups before it,
// newest first; the newest ten say enough. What changed in this way before is taken for
// usual, so one change is told once, when it happens.
//
// The rules are explained in docs/adr/0014-anomalies.md.
func Anomalies(now models.Manifest, earlier []models.Manifest) []models.Anomaly {
	past := comparable(now, earlier)
	if len(past) == 0 {
		return nil
	}
	if a, empty := emptied(now.Inventory, past); empty {
		return []models.Anomaly{a}
	}
	found := append(vanished(now.Inventory, past), unusualTables(now.Inventory, past)...)
	if len(found) == 0 {
		found = unusualWhole(now.Inventory, past)
	}
	slices.SortFunc(found, worstFirst)
	anomalies := make([]models.Anomaly, len(found))
	for i, f := range found {
		anomalies[i] = f.Anomaly
	}
	return anomalies
}

// finding is an anomaly and what it is ordered by.
type finding struct {
	models.Anomaly
	order rank
	size  int64
}

// rank orders the kinds of anomaly: what is gone comes before what is too much.
type rank int

const (
	rankVanished rank = iota
	rankLost
	rankGained
)

func worstFirst(a, b finding) int {
	return cmp.Or(cmp.Compare(a.order, b.order), cmp.Compare(b.size, a.size),
		cmp.Compare(a.Table.Schema, b.Table.Schema), cmp.Compare(a.Table.Name, b.Table.Name))
}

// comparable returns the inventories of the earlier backups of the same kind of
// database: a source that became another kind has no past. What is in a sealed one is
// not known.
func comparable(now models.Manifest, earlier []models.Manifest) []models.Inventory {
	var past []models.Inventory
	for _, m := range earlier {
		if m.Provider == now.Provider && !m.Hidden() {
			past = append(past, m.Inventory)
		}
	}
	return past
}

// emptied tells a dump without a single row where every earlier one had some.
func emptied(now models.Inventory, past []models.Inventory) (models.Anomaly, bool) {
	rows := wholes(past, rowsOf)
	if now.Rows() > 0 || slices.Min(rows) == 0 {
		return models.Anomaly{}, false
	}
	return models.Anomaly{Sentence: "this backup holds no rows at all; " + before(rows, "had ", "")}, true
}

// unusualTables judges the rows of every table that there was before, and the length of
// its rows where their number is usual.
func unusualTables(now models.Inventory, past []models.Inventory) []finding {
	var found []finding
	history := histories(past)
	for _, t := range now.Tables {
		name := models.TableName{Schema: t.Schema, Name: t.Name}
		h := history[name]
		if f, ok := judge(rowsOf, name, t.Rows, h.values(rowsOf, "")); ok {
			found = append(found, f)
		} else if f, ok := judge(bytesOf, name, t.Bytes, h.values(bytesOf, now.Tool)); ok {
			found = append(found, f)
		}
	}
	return found
}

// unusualWhole judges all tables together. It finds what many small tables lost, each
// too little to tell.
func unusualWhole(now models.Inventory, past []models.Inventory) []finding {
	for _, m := range []measure{rowsOf, bytesOf} {
		if m.sameTool {
			past = slices.DeleteFunc(slices.Clone(past), func(i models.Inventory) bool { return i.Tool != now.Tool })
		}
		if f, ok := judge(m, models.TableName{}, m.whole(now), wholes(past, m)); ok {
			return []finding{f}
		}
	}
	return nil
}

// history is what the earlier backups held of one table, newest first; backups
// without the table are not in it.
type history []sighting

type sighting struct {
	digest models.TableDigest
	tool   string
}

func histories(past []models.Inventory) map[models.TableName]history {
	all := map[models.TableName]history{}
	for _, i := range past {
		for _, t := range i.Tables {
			name := models.TableName{Schema: t.Schema, Name: t.Name}
			all[name] = append(all[name], sighting{digest: t, tool: i.Tool})
		}
	}
	return all
}

// values returns one measure of a table over time, of backups made with a tool where
// that matters.
func (h history) values(m measure, tool string) []int64 {
	var all []int64
	for _, s := range h {
		if !m.sameTool || s.tool == tool {
			all = append(all, m.of(s.digest))
		}
	}
	return all
}

func wholes(past []models.Inventory, m measure) []int64 {
	all := make([]int64, len(past))
	for i, inv := range past {
		all[i] = m.whole(inv)
	}
	return all
}
