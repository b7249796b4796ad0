package middleware

import (
	"sync"
	"time"
)

// Budget lets a number of things happen at once, and then one in each interval. It keeps
// strangers from filling the audit log: what it does not let happen is counted.
type Budget struct {
	most     int
	interval time.Duration
	now      func() time.Time

	mu     sync.Mutex
	left   int
	at     time.Time
	unsaid int
}

// NewBudget returns a budget of most things, and one more for each interval.
func NewBudget(most int, interval time.Duration, now func() time.Time) *Budget {
	return &Budget{most: most, interval: interval, now: now, left: most, at: now()}
}

// Take reports whether one more may happen, and how many could not since the last that did.
func (b *Budget) Take() (unsaid int, ok bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	now := b.now()
	if passed := int(now.Sub(b.at) / b.interval); passed > 0 {
		b.left, b.at = min(b.most, b.left+passed), b.at.Add(time.Duration(passed)*b.interval)
	}
	if b.left == 0 {
		b.unsaid++
		return 0, false
	}
	b.left--
	unsaid, b.unsaid = b.unsaid, 0
	return unsaid, true
}
