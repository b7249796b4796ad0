package notify

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/backupman/backupman/models"
)

const (
	// leftFact has what is known to be left out, as a number that grows with each change, and
	// the marks of those things: "7:0a1b2c3d,4e5f6071".
	leftFact = "notified_left_out"
	// leftMost is how many marks it takes. What goes beyond that is not told.
	leftMost = 24
)

// lookAtLeft tells of what is set up and does not run, once until it runs again. Replicas
// that look at once make the same events of it, of which one is recorded.
func (s *Service) lookAtLeft(ctx context.Context, now time.Time, quiet bool) error {
	if s.left == nil {
		return nil
	}
	items, err := s.left(ctx)
	if err != nil {
		return err
	}
	before, err := s.store.SharedFact(ctx, leftFact, "")
	if err != nil {
		return err
	}
	turn, known := parseLeft(before)
	var out []string
	var failures []error
	for _, i := range items[:min(len(items), leftMost)] {
		mark := markOf(i)
		out = append(out, mark)
		if slices.Contains(known, mark) {
			continue
		}
		h := happening{kind: models.EventLeftOut, about: mark + "/" + strconv.Itoa(turn), at: now, quiet: quiet,
			title: "The " + thing(i.Kind) + " " + i.Label + " does not run", text: leftText(i)}
		if i.Kind == models.PlanJob {
			h.jobs = []string{i.Label}
		}
		failures = append(failures, s.tell(ctx, h))
	}
	// What only another server leaves out is for that one to forget. A server that has just
	// begun cannot tell that from what was mended while none ran, and forgets both.
	for _, mark := range known {
		if len(out) < leftMost && s.lookedAtLeft && !slices.Contains(out, mark) && !slices.Contains(s.leftOut, mark) {
			out = append(out, mark)
		}
	}
	if err := errors.Join(failures...); err != nil {
		return err
	}
	slices.Sort(out)
	if !slices.Equal(out, known) {
		if err := s.store.ReplaceFact(ctx, leftFact, before, strconv.Itoa(turn+1)+":"+strings.Join(out, ",")); err != nil {
			return err
		}
	}
	s.leftOut, s.lookedAtLeft = nil, true
	for _, i := range items {
		s.leftOut = append(s.leftOut, markOf(i))
	}
	return nil
}

// parseLeft reads what leftFact has; what cannot be read is as if nothing were known.
func parseLeft(kept string) (turn int, marks []string) {
	number, rest, _ := strings.Cut(kept, ":")
	turn, err := strconv.Atoi(number)
	if err != nil || rest == "" {
		return turn, nil
	}
	return turn, strings.Split(rest, ",")
}

// markOf names something that is set up, shortly.
func markOf(i models.LeftItem) string {
	sum := sha256.Sum256([]byte(string(i.Kind) + "\x00" + i.Label))
	return hex.EncodeToString(sum[:4])
}

// thing says what something that is set up is called on pages.
func thing(k models.PlanKind) string {
	if k == models.PlanSource {
		return "database"
	}
	return string(k)
}

func leftText(i models.LeftItem) string {
	text := said(i.Reason) + "\n\n"
	switch i.Kind {
	case models.PlanJob:
		text += "No backup of this job is made until that is mended. "
	case models.PlanNotifier:
		text += "Nobody is told anything by it until that is mended. "
	default:
		text += "It is not used until that is mended, and neither are the jobs that need it. "
	}
	return text + "The overview leads to where it is changed or deleted."
}
