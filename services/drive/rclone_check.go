package drive

import (
	"context"
	"encoding/json"
	"strings"

	"github.com/backupman/backupman/models"
)

// Check writes a probe, reads it back and removes it, and asks for the free space.
func (d *Rclone) Check(ctx context.Context) (Report, error) {
	if err := d.sweepProbes(ctx); err != nil {
		return Report{}, err
	}
	name := newProbe(d.place.Installation)
	if err := d.probe(ctx, name); err != nil {
		d.clean(ctx, name)
		return Report{}, err
	}
	return d.space(ctx)
}

// sweepProbes removes the probes of checks of this installation that died.
func (d *Rclone) sweepProbes(ctx context.Context) error {
	var names []string
	err := d.items(ctx, "", func(item rcloneItem) {
		if isStaleProbe(item.Name, d.place.Installation, item.modified()) {
			names = append(names, item.Name)
		}
	}, "--include=/"+probeName+"-*")
	if err != nil {
		return err
	}
	return d.removeAll(ctx, names)
}

func (d *Rclone) probe(ctx context.Context, name string) error {
	if _, err := d.run(ctx, strings.NewReader(name), "rcat", "--", d.path(name)); err != nil {
		return d.fault("write a probe", err)
	}
	back, err := d.run(ctx, nil, "cat", "--", d.path(name))
	if err != nil {
		return d.fault("read a probe back", err)
	}
	if string(back) != name {
		return models.Conflictf("drive %q did not give back what was written to it: check %s", d.place.Label, d.remote)
	}
	return d.remove(ctx, name)
}

// space asks for the free and all bytes. Many remotes do not tell.
func (d *Rclone) space(ctx context.Context) (Report, error) {
	report := Report{Free: -1, Total: -1}
	out, err := d.run(ctx, nil, "about", "--json", "--", d.remote)
	if err != nil {
		return report, ctx.Err()
	}
	var told struct{ Free, Total *int64 }
	if json.Unmarshal(out, &told) != nil {
		return report, nil
	}
	if told.Free != nil {
		report.Free = *told.Free
	}
	if told.Total != nil {
		report.Total = *told.Total
	}
	return report, nil
}
