package drivetest

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/backupman/backupman/services/archive"
	"github.com/backupman/backupman/services/drive"

	"github.com/backupman/backupman/models"
)

// lists puts keys whose order by folders is not their order by bytes.
func lists(t *testing.T, f Fixture) {
	before := f.Leftovers(t)
	keys := []string{"list/a-b", "list/a.b", "list/a/x", "list/a/y/z", "list/b", "other/c"}
	for _, k := range slices.Backward(keys) {
		put(t, f.Drive, k, k)
	}
	for prefix, want := range map[string][]string{"list/": keys[:5], "list/a/": keys[2:4], "other/": keys[5:], "nothing/": nil, "": keys} {
		if got := listed(t, f.Drive, prefix); !slices.Equal(got, want) {
			t.Errorf("below %q: %q, want %q", prefix, got, want)
		}
	}
	stop, calls := errors.New("stop"), 0
	if err := f.Drive.List(t.Context(), "", func(drive.Stored) error { calls++; return stop }); !errors.Is(err, stop) || calls != 1 {
		t.Errorf("the callback's error became %v after %d calls", err, calls)
	}
	f.cleared(t, before, keys...)
}

// listed returns the keys below a prefix, and wants each to be described as Stat
// describes it, as far as a listing tells.
func listed(t *testing.T, d drive.Drive, prefix string) []string {
	t.Helper()
	var keys []string
	err := d.List(t.Context(), prefix, func(s drive.Stored) error {
		now, err := d.Stat(t.Context(), s.Key)
		if err != nil || now.Size != s.Size || now.Path != s.Path {
			t.Errorf("the list says %+v, stat %+v, %v", s, now, err)
		}
		keys = append(keys, s.Key)
		return nil
	})
	if err != nil {
		t.Fatalf("list %q: %v", prefix, err)
	}
	return keys
}

// names puts copies under names that addresses, shells and patterns treat
// specially, and under the longest that this program makes.
func names(t *testing.T, f Fixture) {
	before := f.Leftovers(t)
	longest := archive.FileName(strings.Repeat("x", 255), time.Now(), models.NewID(), "sqlite", models.CompressionZstd, models.EncryptionAge)
	keys := []string{archive.Key(strings.Repeat("x", 255), longest), archive.Key(strings.Repeat("x", 255), archive.ManifestKey(longest))}
	for _, name := range []string{"a b", "naïve-日本-🗄", "100%", "a%20b", "a+b", "a#b", "a?b=c&d", `it's "so"`, "{a}[b](c)*!", "a;b,c:d@e", "$HOME`x`", "~x", "-x", "a..b", "a.", "A", "a"} {
		keys = append(keys, "names "+name+"/"+name)
	}
	slices.Sort(keys)
	for _, key := range keys {
		stored := put(t, f.Drive, key, key)
		if s, err := f.Drive.Stat(t.Context(), key); err != nil || s != stored || s.Key != key {
			t.Errorf("stat %q: %+v, %v; put said %+v", key, s, err, stored)
		}
	}
	for _, key := range keys {
		if got := get(t, f.Drive, key); got != key {
			t.Errorf("%q holds %q", key, got)
		}
	}
	if got := listed(t, f.Drive, ""); !slices.Equal(got, keys) {
		t.Errorf("listed %q, want %q", got, keys)
	}
	f.cleared(t, before, keys...)
}
