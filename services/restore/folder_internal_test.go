package restore

import (
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"
)

// The programs of a process that died end a moment after it, and write until then.
func TestAFolderGoesAlthoughSomebodyStillWrites(t *testing.T) {
	path := filepath.Join(t.TempDir(), "run")
	inside := filepath.Join(path, "data")
	if err := os.MkdirAll(inside, 0o700); err != nil {
		t.Fatal(err)
	}
	var programs sync.WaitGroup
	ends := time.Now().Add(200 * time.Millisecond)
	for program := range 8 {
		programs.Go(func() {
			for n := 0; time.Now().Before(ends); n++ {
				if os.WriteFile(filepath.Join(inside, fmt.Sprint(program, "-", n)), nil, 0o600) != nil {
					return // the folder has gone
				}
			}
		})
	}
	time.Sleep(10 * time.Millisecond)
	if err := sweepFolder(path, func(string) error { return nil }); err != nil {
		t.Error(err)
	}
	programs.Wait()
	if _, err := os.Stat(path); !os.IsNotExist(err) {
		t.Errorf("the folder is still there (%v)", err)
	}
}
