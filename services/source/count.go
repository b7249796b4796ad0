package source

import "sync/atomic"

// TableCount tells how far a dump has come, table by table. It is safe for concurrent use,
// and nil counts nothing.
type TableCount struct{ done, total atomic.Int64 }

// Now returns how many tables the dump has gone through, and how many it has to; the second
// is 0 while that is not known.
func (c *TableCount) Now() (done, total int) {
	if c == nil {
		return 0, 0
	}
	total = int(c.total.Load())
	return min(int(c.done.Load()), total), total
}

// expect says how many tables there are.
func (c *TableCount) expect(total int) {
	if c != nil {
		c.total.Store(int64(total))
	}
}

// reach says how many tables are done.
func (c *TableCount) reach(done int) {
	if c != nil {
		c.done.Store(int64(done))
	}
}
