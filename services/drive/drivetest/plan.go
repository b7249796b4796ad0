package drivetest

import (
	"context"
	"sync"
	"time"
)

// Stage is where in an operation a fault happens.
type Stage string

// The stages. Those of a Put come in this order.
const (
	BeforePut Stage = "before put"
	// DuringPut is after some bytes of the content.
	DuringPut Stage = "during put"
	// BeforePublish is when the content has ended and nothing is published yet.
	BeforePublish Stage = "before publish"
	// AfterPublish is when the copy stands, and only the answer is lost.
	AfterPublish Stage = "after publish"

	OnStat Stage = "on stat"
	OnOpen Stage = "on open"
	// DuringOpen is after some bytes of the copy.
	DuringOpen Stage = "during open"
	OnDelete   Stage = "on delete"
	// OnList is after the first copy was told.
	OnList  Stage = "on list"
	OnCheck Stage = "on check"
	OnSweep Stage = "on sweep"
)

// Stages are all stages.
var Stages = []Stage{BeforePut, DuringPut, BeforePublish, AfterPublish, OnStat, OnOpen, DuringOpen, OnDelete, OnList, OnCheck, OnSweep}

// FaultKind is what happens there.
type FaultKind string

// The kinds of fault.
const (
	// Passing is a drive.PassingError, as a lost connection or a busy server is.
	Passing FaultKind = "passing"
	// Final is a refusal that stays.
	Final FaultKind = "final"
	// Stall is silence until the context ends.
	Stall FaultKind = "stall"
	// Truncate ends the content, or the copy that is read, too early as if that
	// were its end, and is a bare io.ErrUnexpectedEOF at the other stages.
	Truncate     FaultKind = "truncation"
	NoSpace      FaultKind = "no space"
	Unauthorized FaultKind = "unauthorized"
)

// FaultKinds are all kinds of fault.
var FaultKinds = []FaultKind{Passing, Final, Stall, Truncate, NoSpace, Unauthorized}

// Fault is one thing that goes wrong.
type Fault struct {
	Stage Stage
	Kind  FaultKind
	// After is how many bytes go through before, at DuringPut and DuringOpen.
	After int64
	// Skip is how often the stage is passed before, and Times how often the fault
	// happens then; 0 is once, and less than 0 always.
	Skip, Times int
	// RetryAfter is what a Passing fault asks for.
	RetryAfter time.Duration

	passed, done int
}

// Plan is what goes wrong with a drive. It may be shared by several.
type Plan struct {
	mu     sync.Mutex
	faults []*Fault
	healed bool
}

// NewPlan returns a plan of faults. Of several for one stage each has its turn.
func NewPlan(faults ...Fault) *Plan {
	p := &Plan{}
	for _, f := range faults {
		p.faults = append(p.faults, &f)
	}
	return p
}

// Happened returns how many faults there were so far.
func (p *Plan) Happened() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	n := 0
	for _, f := range p.faults {
		n += f.done
	}
	return n
}

// Heal ends all faults.
func (p *Plan) Heal() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.healed = true
}

// next takes the fault whose turn it is at a stage, or nil.
func (p *Plan) next(stage Stage) *Fault {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, f := range p.faults {
		if f.Stage == stage && p.ready(f) {
			if f.passed++; f.passed <= f.Skip {
				continue
			}
			f.done++
			return f
		}
	}
	return nil
}

func (p *Plan) ready(f *Fault) bool {
	return !p.healed && (f.Times < 0 || f.done < max(f.Times, 1))
}

// fail returns the error of the fault whose turn it is, or nil.
func (p *Plan) fail(ctx context.Context, stage Stage) error {
	if f := p.next(stage); f != nil {
		return f.happen(ctx)
	}
	return nil
}

// due tells of a stream at a stage how many of the next bytes go through before a
// fault, or takes the fault that is due now.
func (p *Plan) due(stage Stage, at int64, want int) (int, *Fault) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, f := range p.faults {
		switch {
		case f.Stage != stage || !p.ready(f) || at > f.After:
		case at < f.After:
			want = int(min(int64(want), f.After-at))
		default:
			if f.passed++; f.passed <= f.Skip {
				continue
			}
			f.done++
			return 0, f
		}
	}
	return want, nil
}
