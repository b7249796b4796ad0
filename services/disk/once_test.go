package disk

import (
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"testing"
)

func TestOnceIsMadeOnce(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a", "node")
	got := make([]string, 16)
	var all sync.WaitGroup
	for i := range got {
		all.Go(func() {
			text, err := Once(path, fmt.Sprint("offer ", i))
			if err != nil {
				t.Error(err)
			}
			got[i] = text
		})
	}
	all.Wait()
	for _, text := range got {
		if text == "" || text != got[0] {
			t.Errorf("got %q beside %q", text, got[0])
		}
	}
	entries, err := os.ReadDir(filepath.Dir(path))
	if err != nil || len(entries) != 1 {
		t.Errorf("left are %v, %v", entries, err)
	}
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v, %v", info, err)
	}
}

func TestOnceRefusesAnEmptyFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "node")
	if err := os.WriteFile(path, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if text, err := Once(path, "x"); err == nil {
		t.Errorf("got %q", text)
	}
}
