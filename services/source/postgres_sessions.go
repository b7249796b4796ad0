package source

import (
	"context"
	"fmt"
	"time"
)

// sessionPoll is the time between two looks at sessions that end.
const sessionPoll = 20 * time.Millisecond

// endTool ends what the server still does for a pg_restore that failed or was stopped, and
// returns once it has: a session that makes an index does not notice that its client is
// gone, and holds its locks until it has.
func (r *postgresRestore) endTool(ctx context.Context, failed error) {
	if failed == nil {
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), r.patience)
	defer cancel()
	if err := r.endNamed(ctx); err != nil {
		fmt.Fprintf(r.req.Log, "the sessions of pg_restore could not be ended: %v\n", err)
	}
}

func (r *postgresRestore) endNamed(ctx context.Context) error {
	conn, _, err := r.server(ctx)
	if err != nil {
		return err
	}
	defer hangUp(ctx, conn)
	tick := time.NewTicker(sessionPoll)
	defer tick.Stop()
	for {
		running, err := r.listOf(ctx, conn, "SELECT pg_terminate_backend(pid)::text FROM pg_stat_activity WHERE application_name = $1 AND pid <> pg_backend_pid()", r.name)
		if err != nil || len(running) == 0 {
			return err
		}
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-tick.C:
		}
	}
}
