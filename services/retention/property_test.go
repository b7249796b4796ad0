package retention

import (
	"encoding/json"
	"flag"
	"fmt"
	"math/rand/v2"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// seedFlag repeats the histories of a run that failed.
var seedFlag = flag.Uint64("seed", 0, "seed of the random histories; 0 takes a new one")

func seed() uint64 {
	if *seedFlag != 0 {
		return *seedFlag
	}
	return uint64(time.Now().UnixNano())
}

// diceOf are those of one history of a run.
func diceOf(seed uint64, i int) dice { return dice{rand.New(rand.NewPCG(seed, uint64(i)))} }

// tried is what is wrong with what a planner makes of a history; empty when nothing is.
func tried(p planner, d dice) string {
	s, o := history(d)
	plan := p.plan(s, o)
	if problem := broken(s, o, plan); problem != "" {
		return problem
	}
	left := applied(s, plan)
	if problem := floorBroken(s, left, o.Now); problem != "" {
		return problem
	}
	if again := p.plan(left, o).Removals(); len(again) > 0 {
		return fmt.Sprintf("a second plan at the same moment removes %s: %q", again[0].DriveFile.ID, again[0].Reasons)
	}
	return ""
}

// firstBroken tries many histories on all cores, and returns one that breaks a promise;
// -1 when none does.
func firstBroken(p planner, seed uint64) (int, string) {
	found, problem := -1, ""
	var mu sync.Mutex
	var next atomic.Int64
	var done atomic.Bool
	var all sync.WaitGroup
	for range runtime.GOMAXPROCS(0) {
		all.Go(func() {
			for !done.Load() {
				i := int(next.Add(1)) - 1
				if i >= histories {
					return
				}
				if wrong := tried(p, diceOf(seed, i)); wrong != "" {
					mu.Lock()
					found, problem = i, wrong
					mu.Unlock()
					done.Store(true)
				}
			}
		})
	}
	all.Wait()
	return found, problem
}

// No history breaks a promise.
func TestPromises(t *testing.T) {
	seed := seed()
	i, problem := firstBroken(planner{guards, rests}, seed)
	if i < 0 {
		return
	}
	s, o := history(diceOf(seed, i))
	text, err := json.MarshalIndent(s, "", " ")
	t.Errorf("history %d of -seed %d: %s\nnow %s, by hand %v, other rules %+v, %v\n%s", i, seed, problem, o.Now, o.ByHand, o.Rules, err, text)
}

// Each guard and each rest holds something up that nothing else does: without it, a
// promise breaks.
func TestEachGuardIsNeeded(t *testing.T) {
	seed := seed()
	for i, g := range guards {
		t.Run(g.name, func(t *testing.T) {
			without := planner{slices.Delete(slices.Clone(guards), i, i+1), rests}
			if i, _ := firstBroken(without, seed); i < 0 {
				t.Errorf("without it no promise breaks (-seed %d)", seed)
			}
		})
	}
	for i, r := range rests {
		t.Run(r.name, func(t *testing.T) {
			without := planner{guards, slices.Delete(slices.Clone(rests), i, i+1)}
			if i, _ := firstBroken(without, seed); i < 0 {
				t.Errorf("without it no promise breaks (-seed %d)", seed)
			}
		})
	}
}

// byteSource makes the choices that a fuzzer asks for, and then some of its own.
type byteSource struct {
	bytes []byte
	rest  *rand.PCG
}

func (s *byteSource) Uint64() uint64 {
	if len(s.bytes) == 0 {
		return s.rest.Uint64()
	}
	// The high bits decide what is chosen.
	next := uint64(s.bytes[0]) << 56
	s.bytes = s.bytes[1:]
	return next
}

func FuzzPlan(f *testing.F) {
	f.Add([]byte{})
	f.Add([]byte("a history that somebody made up, with some bytes to choose from"))
	f.Fuzz(func(t *testing.T, choices []byte) {
		d := dice{rand.New(&byteSource{choices, rand.NewPCG(1, uint64(len(choices)))})}
		if problem := tried(planner{guards, rests}, d); problem != "" {
			t.Error(problem)
		}
	})
}
