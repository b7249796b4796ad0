package compare

import (
	"math"
	"slices"

	"github.com/backupman/backupman/models"
)

const (
	// keptShare is the part of the usual that a table must keep. Deleting a third of a
	// table is a purge as people make them; losing two fifths at once is worth a look.
	keptShare = 0.6
	// stillUsual is how far below the median of all earlier backups a fall must end.
	// Without it the end of a short-lived peak would be a loss.
	stillUsual = 0.9
	// precedent is how much deeper than the deepest fall so far a fall may be for each
	// fall and rise that was seen, or how much steeper a rise, before it counts as new:
	// a table that varies is not measured to the row.
	precedent = 0.5
	// mostSwings is how many deep falls and steep rises, in turn, a table may have been
	// through. One with more goes up and down: what it holds today says nothing.
	mostSwings = 2
	// grownTimes is by how much a table must outgrow everything before. An import
	// doubles a table on an ordinary day, and what is too much is still there.
	grownTimes = 5.0
	// sureAfter is how many earlier backups it takes to know a table.
	sureAfter = 3
	// unsureTimes is how much larger a loss must be while a table is not known.
	unsureTimes = 10
	// recent is how many of the newest backups say what is usual now. One of them may
	// be a peak.
	recent = 3
)

// measure is something that is counted of a table.
type measure struct {
	of func(models.TableDigest) int64
	// lost, emptied and gained are the least that is worth an alarm: what a table
	// loses of it, what it held before it was emptied, and what it gains.
	lost, emptied, gained int64
	// sameTool says that only backups of one tool can be compared.
	sameTool bool
	// words tell a value of it.
	words func(int64) string
}

// rowsOf counts rows. Tables of a few hundred rows are settings and queues, which
// people and programs empty; from a thousand on it is data that somebody entered.
var rowsOf = measure{
	of:   func(t models.TableDigest) int64 { return t.Rows },
	lost: 1000, emptied: 100, gained: 10_000,
	words: func(n int64) string { return plural(n, "row", "rows") },
}

// bytesOf counts the bytes of the rows as the dump has them. It finds rows that are
// still there and have lost what was in them.
var bytesOf = measure{
	of:   func(t models.TableDigest) int64 { return t.Bytes },
	lost: 1 << 20, emptied: 1 << 20, gained: 64 << 20, sameTool: true,
	words: func(n int64) string { return plural(n, "byte", "bytes") },
}

func (m measure) whole(inv models.Inventory) int64 {
	var sum int64
	for _, t := range inv.Tables {
		sum += m.of(t)
	}
	return sum
}

// judge compares a value with the earlier ones, newest first.
func judge(m measure, name models.TableName, now int64, earlier []int64) (finding, bool) {
	if len(earlier) == 0 {
		return finding{}, false
	}
	f := finding{size: abs(now - earlier[0]), Anomaly: models.Anomaly{Table: name}}
	switch {
	case m.lostTooMuch(now, earlier):
		f.order = rankLost
	case m.gainedTooMuch(now, earlier):
		f.order = rankGained
	default:
		return finding{}, false
	}
	f.Sentence = subject(name) + " has " + m.words(now) + "; " + before(earlier, "had ", "")
	return f, true
}

// lostTooMuch reports whether a value fell far below the usual, enough to matter, and
// further than it has fallen before.
func (m measure) lostTooMuch(now int64, earlier []int64) bool {
	usual := median(earlier[:min(recent, len(earlier))])
	if float64(now) > keptShare*float64(usual) || float64(now) > stillUsual*float64(median(earlier)) {
		return false
	}
	least := m.lost
	if now == 0 {
		least = m.emptied
	}
	if len(earlier) < sureAfter {
		least *= unsureTimes
	}
	return usual-now >= least && !fellSoBefore(now, usual, earlier)
}

// fellSoBefore reports whether the earlier backups show a fall that was nearly as deep,
// or that nearly went down to this value, as those of a table that is emptied every week
// do; or so many falls and rises that one more is nothing new.
func fellSoBefore(now, usual int64, earlier []int64) bool {
	falls, rises := swings(earlier)
	room := math.Pow(precedent, float64(len(falls)+rises))
	for _, f := range falls {
		share, shareBefore := float64(now)/float64(usual), float64(f.to)/float64(f.from)
		if share >= room*shareBefore || float64(now) >= room*float64(f.to) {
			return true
		}
	}
	return len(falls)+rises > mostSwings
}

// fall is one from a high to the low after it.
type fall struct{ from, to int64 }

// swings follows a value, which is given newest first, from each high to the next low,
// and returns the falls to less than keptShare and the number of rises as steep. Small
// steps that add up to a fall are one.
func swings(earlier []int64) (falls []fall, rises int) {
	high, low := earlier[len(earlier)-1], earlier[len(earlier)-1]
	falling, rising := false, false
	for _, v := range slices.Backward(earlier) {
		high, low = max(high, v), min(low, v)
		switch {
		case !rising && float64(low) < keptShare*float64(v):
			falling, rising, high = false, true, v
			rises++
		case falling:
			falls[len(falls)-1].to = low
		case float64(v) < keptShare*float64(high):
			falling, rising, low = true, false, v
			falls = append(falls, fall{from: high, to: v})
		}
	}
	return falls, rises
}

// gainedTooMuch reports whether a value rose far above everything before, enough to
// matter, and more steeply than it has risen before.
func (m measure) gainedTooMuch(now int64, earlier []int64) bool {
	most := slices.Max(earlier)
	if len(earlier) < sureAfter || now-most < m.gained || float64(now) < grownTimes*float64(most) {
		return false
	}
	for i, v := range earlier[:len(earlier)-1] {
		if float64(v)/float64(max(earlier[i+1], 1)) >= precedent*float64(now)/float64(max(earlier[0], 1)) {
			return false
		}
	}
	return true
}

// median returns the middle value, the lower of two.
func median(values []int64) int64 {
	sorted := slices.Sorted(slices.Values(values))
	return sorted[(len(sorted)-1)/2]
}
