package backup_test

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/backupman/backupman/models"
	"github.com/backupman/backupman/services/backup"
	"github.com/backupman/backupman/services/drive"
)

// server is a service that works the queue until it is told to end.
type server struct {
	*backup.Service
	// stop asks it to end, and hurry ends what runs.
	stop, hurry context.CancelFunc
	ended       chan struct{}
}

func (w *world) server(dir string) *server {
	w.t.Helper()
	s := &server{Service: w.serviceWith(backup.Options{DataDir: filepath.Join(w.dir, dir), Serves: true}), ended: make(chan struct{})}
	ctx, stop := context.WithCancel(w.t.Context())
	runs, hurry := context.WithCancel(context.WithoutCancel(w.t.Context()))
	s.stop, s.hurry = stop, hurry
	go func() {
		defer close(s.ended)
		if err := s.Work(ctx, runs); err != nil {
			w.t.Error(err)
		}
	}()
	w.t.Cleanup(func() { stop(); hurry(); <-s.ended })
	return s
}

func (w *world) begin(s *server) models.Backup {
	w.t.Helper()
	b, err := s.Start(w.t.Context(), w.job.ID, models.TriggerAPI)
	if err != nil {
		w.t.Fatal(err)
	}
	return b
}

// told is what a server said about one backup at its end.
func (s *server) told() string {
	var all []string
	for _, e := range s.Endings() {
		all = append(all, e.Sentence)
	}
	return strings.Join(all, "\n")
}

func TestAServerThatEndsLetsWhatRunsFinish(t *testing.T) {
	w := newWorld(t, "nas")
	dumping, goOn := make(chan struct{}), make(chan struct{})
	w.source.during = func(context.Context) error { close(dumping); <-goOn; return nil }
	s := w.server("data")
	b := w.begin(s)
	<-dumping
	s.stop()
	w.until("the server ends", s.Ending)
	close(goOn)
	<-s.ended
	if got := w.now(b.ID); got.Status != models.StatusFinished {
		t.Errorf("it is %s: %s", got.Status, got.Error)
	}
	if told := s.told(); told != "finished" {
		t.Errorf("told was %q", told)
	}
}

func TestADumpThatIsNotDoneIsPutBackIntoTheQueue(t *testing.T) {
	w := newWorld(t, "nas")
	dumping := make(chan struct{})
	w.source.during = func(ctx context.Context) error { close(dumping); <-ctx.Done(); return ctx.Err() }
	s := w.server("data")
	b := w.begin(s)
	<-dumping
	s.stop()
	s.hurry()
	<-s.ended
	got := w.now(b.ID)
	if got.Status != models.StatusPending || got.Phase != models.PhaseQueued || got.LeaseOwner != "" || got.Attempt != 2 || got.DriveFiles[0].Status != models.StatusPending {
		t.Errorf("it is %+v", got)
	}
	if left := append(w.spooled(), w.files(w.folders[0])...); len(left) != 0 {
		t.Errorf("left is %v", left)
	}
	if told := s.told(); !strings.Contains(told, "put back into the queue") {
		t.Errorf("told was %q", told)
	}
	w.source.during = nil
	w.server("other") // another replica takes it at once
	w.until("another server finishes it", func() bool { return w.now(b.ID).Status == models.StatusFinished })
}

func TestAProvenDumpIsHandedOverWithItsSpool(t *testing.T) {
	w := newWorld(t, "nas")
	w.drives["nas"].onPut = func(ctx context.Context, _ drive.Hint) error { <-ctx.Done(); return ctx.Err() }
	s := w.server("data")
	b := w.begin(s)
	w.until("the dump is proven", func() bool { return w.now(b.ID).DumpedAt != nil && w.drives["nas"].puts.Load() == 1 })
	s.stop()
	s.hurry()
	<-s.ended
	got := w.now(b.ID)
	if got.Status != models.StatusPending || got.LeaseOwner != "" || got.SpoolNode != w.node() || got.DriveFiles[0].Status != models.StatusPending || got.DriveFiles[0].Heals != 0 {
		t.Fatalf("it is %+v", got)
	}
	if told := s.told(); !strings.Contains(told, "handed over") {
		t.Errorf("told was %q", told)
	}
	if _, err := w.store.NextToCopy(t.Context(), models.Place{Node: "another", Patience: time.Minute}); err == nil {
		t.Error("another node takes it at once, and has no spool")
	}
	w.drives["nas"].onPut = nil
	w.server("data") // the next start
	w.until("the next start finishes it", func() bool { return w.now(b.ID).Status == models.StatusFinished })
	if n := w.source.dumps.Load(); n != 1 {
		t.Errorf("the database was dumped %d times", n)
	}
	if got := w.now(b.ID); got.SpoolNode != "" {
		t.Errorf("the spool is said to be on %s", got.SpoolNode)
	}
}

// A spool on a node that is away heals when that node is back, and not before.
func TestADumpOnANodeThatIsAway(t *testing.T) {
	w := newWorld(t, "nas")
	w.drives["nas"].putErr = models.Invalidf("away")
	b := w.run(w.service())
	w.drives["nas"].putErr = nil
	if b.SpoolNode != w.node() {
		t.Fatalf("the spool is on %q", b.SpoolNode)
	}
	other := w.serviceWith(backup.Options{DataDir: filepath.Join(w.dir, "other")})
	if err := w.store.Requeue(t.Context(), b.ID, false); err != nil {
		t.Fatal(err)
	}
	b, err := other.Run(t.Context(), b.ID)
	if err != nil || b.Status != models.StatusFailed || !strings.Contains(b.Error, "the spool of another server") || b.SpoolNode != w.node() {
		t.Fatalf("it is %s (%s), its spool on %q, %v", b.Status, b.Error, b.SpoolNode, err)
	}
	if err := other.Recover(t.Context()); err != nil {
		t.Fatal(err)
	}
	w.server("data")
	s := w.serviceWith(backup.Options{DataDir: w.data(), Serves: true})
	if err := s.HealDue(t.Context()); err != nil {
		t.Fatal(err)
	}
	w.until("the node that is back heals it", func() bool { return w.now(b.ID).Status == models.StatusFinished })
	if n := w.source.dumps.Load(); n != 1 {
		t.Errorf("the database was dumped %d times", n)
	}
}

// A spool whose backup went on elsewhere is removed by the node that comes back.
func TestASpoolThatIsNeededNoMoreIsSwept(t *testing.T) {
	w := newWorld(t, "nas", "offsite")
	w.drives["offsite"].putErr = models.Invalidf("away")
	s := w.service()
	b := w.run(s)
	if len(w.spooled()) == 0 {
		t.Fatal("there is no spool")
	}
	other := w.serviceWith(backup.Options{DataDir: filepath.Join(w.dir, "other")})
	if err := w.store.Requeue(t.Context(), b.ID, false); err != nil {
		t.Fatal(err)
	}
	if b, err := other.Run(t.Context(), b.ID); err != nil || b.SpoolNode == w.node() || b.SpoolNode == "" {
		t.Fatalf("the spool is on %q, %v", b.SpoolNode, err)
	}
	if err := s.Recover(t.Context()); err != nil {
		t.Fatal(err)
	}
	if left := w.spooled(); len(left) != 0 {
		t.Errorf("left is %v", left)
	}
	if left := w.files(filepath.Join(w.dir, "other", "spool")); len(left) == 0 {
		t.Error("the spool that is needed is gone")
	}
	if err := other.Recover(t.Context()); err != nil {
		t.Fatal(err)
	}
	if left := w.files(filepath.Join(w.dir, "other", "spool")); len(left) == 0 {
		t.Error("the spool that is needed is swept")
	}
	if _, err := os.Stat(filepath.Join(w.dir, "other", "node")); err != nil {
		t.Error(err)
	}
}
