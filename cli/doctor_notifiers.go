package cli

import (
	"context"

	"github.com/backupman/backupman/services/notify"
)

// notifiers looks at who is told of what, without telling anybody anything.
func (d *doctor) notifiers(ctx context.Context) {
	all := d.app.catalog.Notifiers(ctx)
	if len(all) == 0 {
		d.begin("notifiers")
		d.warn("nobody is told when a backup fails: add a notifier on the page Notifications, or below notifiers")
	}
	for _, n := range all {
		d.begin("notifier %q (%s)", n.Label, n.Provider)
		whole, err := d.app.catalog.OpenNotifier(ctx, n.Label)
		if err != nil {
			d.problem(sentence(err))
			continue
		}
		wrong := notify.Check(whole)
		if len(wrong) > 0 {
			d.problem(wrong.Error())
			continue
		}
		d.pass("its settings are complete: send a test on the page Notifications")
	}
}
