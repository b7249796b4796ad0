package restore

import (
	"context"
	"fmt"
	"io"
	"strings"
	"sync/atomic"

	"github.com/backupman/backupman/models"
)

// check unpacks a dump to its end, reads what it holds and compares that with the
// manifest. What is wrong with the backup is a disproof.
func (r *run) check(ctx context.Context, d dump) (dump, error) {
	r.enter(models.RestoreChecking, d.facts.RawSize)
	found, err := r.read(ctx, d)
	if err != nil {
		return d, because(ctx, err)
	}
	d.inventory = found
	diff := compareInventories(r.subject.manifest.Inventory, found)
	if wrong := append(diff.contents, diff.digests...); len(wrong) > 0 {
		return d, disproven("the dump does not hold what its manifest says: %s", listed(wrong))
	}
	r.log.Say("the dump unpacks to its end and holds what its manifest says: %d tables, %d rows, %d objects", len(found.Tables), found.Rows(), len(found.Objects))
	return d, nil
}

func (r *run) read(ctx context.Context, d dump) (models.Inventory, error) {
	temp, remove, err := r.folder.temp()
	if err != nil {
		return models.Inventory{}, err
	}
	defer remove()
	found, size, err := readDump(ctx, r.subject, d, temp, &r.done)
	if err != nil {
		return found, blames("the dump can't be restored", err)
	}
	if want := d.facts.RawSize; want > 0 && size != want {
		return found, disproven("the dump is %d bytes long when it is unpacked, and the manifest says %d", size, want)
	}
	return found, nil
}

// readDump reads a dump to the end of its file, and returns what it holds and how long
// it is. temp is an empty folder; read is set to how far it came.
func readDump(ctx context.Context, sub subject, d dump, temp string, read *atomic.Int64) (models.Inventory, int64, error) {
	from, err := d.open(read)
	if err != nil {
		return models.Inventory{}, 0, err
	}
	defer from.Close()
	found, err := sub.kind.Read(ctx, from, temp)
	if err != nil {
		return found, read.Load(), err
	}
	// Damage behind the end of the dump is damage all the same.
	if _, err := io.Copy(io.Discard, from); err != nil {
		return found, read.Load(), fmt.Errorf("unpack the dump: %w", err)
	}
	return found, read.Load(), nil
}

// listed joins sentences, of which it leaves out those beyond ten.
func listed(sentences []string) string {
	const most = 10
	if more := len(sentences) - most; more > 0 {
		sentences = append(sentences[:most:most], fmt.Sprintf("and %d more differences", more))
	}
	return strings.Join(sentences, "; ")
}
