package pages

import (
	"context"
	"errors"
	"reflect"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/backupman/backupman/models"
	"github.com/backupman/backupman/views/components"
	"github.com/backupman/backupman/views/landing"
)

// long is longer than any of these tests takes.
const long = time.Hour

// counter returns how often it was read.
type counter struct {
	mu    sync.Mutex
	reads int
	err   error
	// hold, when set, is waited for by each reading, which says on began that it waits.
	hold, began chan struct{}
}

func (c *counter) read(context.Context) (int, error) {
	c.mu.Lock()
	c.reads++
	n, err, hold := c.reads, c.err, c.hold
	c.mu.Unlock()
	if hold != nil {
		c.began <- struct{}{}
		<-hold
	}
	return n, err
}

func want(t *testing.T, s *shared[int], c *counter, oldest time.Duration, n int) {
	t.Helper()
	if got, err := s.get(t.Context(), oldest, c.read); got != n || err != nil {
		t.Errorf("got reading %d (%v), want %d", got, err, n)
	}
}

func TestSharedIsReadOnceUntilSomethingChanges(t *testing.T) {
	s, c := &shared[int]{}, &counter{}
	want(t, s, c, long, 1)
	want(t, s, c, long, 1)
	s.changed()
	want(t, s, c, long, 2)
	want(t, s, c, long, 2)
	want(t, s, c, 0, 3) // nothing is shared
	want(t, s, c, time.Nanosecond, 4)
}

func TestSharedKeepsNoErrors(t *testing.T) {
	s, c := &shared[int]{}, &counter{err: errors.New("the database is away")}
	if _, err := s.get(t.Context(), long, c.read); err == nil {
		t.Fatal("the error was lost")
	}
	c.err = nil
	want(t, s, c, long, 2)
	_, err := (&shared[int]{}).get(t.Context(), long, func(context.Context) (int, error) { panic("oops") })
	if err == nil || !strings.Contains(err.Error(), "oops") {
		t.Errorf("a panic became %v", err)
	}
}

// A reading that began before a change may not have seen it.
func TestSharedDoesNotAnswerWithWhatWasReadBeforeAChange(t *testing.T) {
	s, c := &shared[int]{}, &counter{hold: make(chan struct{}), began: make(chan struct{})}
	early := make(chan int)
	go func() {
		n, _ := s.get(context.Background(), long, c.read)
		early <- n
	}()
	<-c.began
	s.changed()
	late := make(chan int)
	go func() {
		n, _ := s.get(context.Background(), long, c.read)
		late <- n
	}()
	<-c.began // it did not wait for the first
	close(c.hold)
	if a, b := <-early, <-late; a != 1 || b != 2 {
		t.Errorf("who asked before the change got %d, and who asked after it %d", a, b)
	}
	c.hold = nil
	want(t, s, c, long, 2) // the earlier reading did not take the place of the later
}

func TestSharedWaitsForOneReading(t *testing.T) {
	s, c := &shared[int]{}, &counter{hold: make(chan struct{}), began: make(chan struct{}, 1)}
	got := make(chan int)
	for range 20 {
		go func() {
			n, _ := s.get(context.Background(), long, c.read)
			got <- n
		}()
	}
	<-c.began
	close(c.hold)
	for range 20 {
		if n := <-got; n != 1 {
			t.Fatalf("somebody got reading %d", n)
		}
	}
}

// Whoever leaves takes nothing from those who wait for the same.
func TestSharedOutlivesWhoAsked(t *testing.T) {
	s, c := &shared[int]{}, &counter{hold: make(chan struct{}), began: make(chan struct{}, 1)}
	ctx, leave := context.WithCancel(t.Context())
	left := make(chan error)
	go func() {
		_, err := s.get(ctx, long, c.read)
		left <- err
	}()
	<-c.began
	leave()
	if err := <-left; !errors.Is(err, context.Canceled) {
		t.Errorf("who left got %v", err)
	}
	close(c.hold)
	want(t, s, c, long, 1)
}

// What is drawn once is shown to those alone for whom it is the same: a new field of Viewer
// has to be thought of in drawnFor.
func TestOverviewIsDrawnForEachKindOfViewer(t *testing.T) {
	if n := reflect.TypeFor[components.Viewer]().NumField(); n != 6 {
		t.Errorf("a viewer has %d fields, and drawnFor was made for 6", n)
	}
	paris, err := time.LoadLocation("Europe/Paris")
	if err != nil {
		t.Fatal(err)
	}
	owner := components.Viewer{Kind: models.ActorUser, Name: "ann", Role: models.RoleOwner, Scopes: models.Scopes{models.ScopeAdmin}}
	named, reader, elsewhere := owner, owner, owner
	named.Name = "bob"
	reader.Scopes = models.Scopes{models.ScopeRead}
	elsewhere.Zone = paris
	if drawnFor(owner, 1) != drawnFor(named, 1) {
		t.Error("two who may do the same are shown different pages")
	}
	for name, other := range map[string]string{"who may do less": drawnFor(reader, 1), "another zone": drawnFor(elsewhere, 1), "another part": drawnFor(owner, 2)} {
		if other == drawnFor(owner, 1) {
			t.Errorf("%s is shown the same page", name)
		}
	}
}

// While one reads anew, the others go on with what they have.
func TestSharedLetsOthersGoOnMeanwhile(t *testing.T) {
	s, c := &shared[int]{}, &counter{}
	want(t, s, c, long, 1)
	s.held.began = time.Now().Add(-long * 5 / 4) // too old for who comes first
	c.hold, c.began = make(chan struct{}), make(chan struct{})
	first := make(chan int)
	go func() {
		n, _ := s.get(context.Background(), long, c.read)
		first <- n
	}()
	<-c.began
	want(t, s, c, long, 1)
	close(c.hold)
	if n := <-first; n != 2 {
		t.Errorf("who asked first got reading %d", n)
	}
	want(t, s, c, long, 2)
	s.held.began = time.Now().Add(-long * 9 / 10)
	c.hold, c.began = nil, nil
	want(t, s, c, long, 2) // read anew beside
	if beside := s.underWay(); beside != nil {
		<-beside.done
	}
	want(t, s, c, long, 3)
}

func (s *shared[T]) underWay() *reading[T] {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.running
}

func TestThePartsThatAreDrawnAreThoseThatThereAre(t *testing.T) {
	s := &standing{build: landing.NewBuild(landing.Facts{}, time.Now())}
	for part := range 20 {
		if _, err := s.content(t.Context(), components.Viewer{}, part); err != nil {
			t.Fatal(err)
		}
	}
	if len(s.drawn.of) != 1 {
		t.Errorf("%d parts of one are kept", len(s.drawn.of))
	}
}
