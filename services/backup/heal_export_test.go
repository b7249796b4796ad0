package backup

import (
	"context"
	"time"
)

// HealDue is one look for copies that are due.
func (s *Service) HealDue(ctx context.Context) error { return s.healDue(ctx, ctx) }

// Pauses returns how long a copy waits before each attempt to make it by itself.
func Pauses() []time.Duration {
	var pauses []time.Duration
	for heals := 0; ; heals++ {
		at := nextHeal(heals)
		if at == nil {
			return pauses
		}
		pauses = append(pauses, time.Until(*at))
	}
}
