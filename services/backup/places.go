package backup

import (
	"sync"

	"github.com/backupman/backupman/models"
)

// places bound how many backups are worked on at once. The bound may change at any time;
// what has a place keeps it.
type places struct {
	mu    sync.Mutex
	taken int
	room  int
}

func newPlaces(room int) *places { return &places{room: room} }

// take reports whether there was a place, which the caller then has.
func (p *places) take() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.taken >= p.room {
		return false
	}
	p.taken++
	return true
}

func (p *places) leave() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.taken--
}

func (p *places) resize(room int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.room = room
}

// copyingPlaces is how many backups only copies are made of beside so many dumps.
func copyingPlaces(concurrency int) int { return max(1, concurrency/2) }

// SetLimits changes how many databases are dumped at once: by this process, 0 meaning 4,
// and by all servers together. What runs goes on.
func (s *Service) SetLimits(concurrency int, l models.Limits) {
	if concurrency == 0 {
		concurrency = defaultConcurrency
	}
	s.dumping.resize(concurrency)
	s.copying.resize(copyingPlaces(concurrency))
	s.mu.Lock()
	s.limits = l
	s.mu.Unlock()
	s.wake()
}

func (s *Service) currentLimits() models.Limits {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.limits
}
