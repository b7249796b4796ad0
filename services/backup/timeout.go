package backup

import (
	"context"

	"github.com/backupman/backupman/models"
)

// inTime bounds the whole run, from its beginning, where its job says so.
func (r *run) inTime(ctx context.Context) (context.Context, context.CancelFunc) {
	if r.job.Timeout == 0 {
		return context.WithCancel(ctx)
	}
	return context.WithTimeoutCause(ctx, r.job.Timeout, models.Conflictf(
		"the run took longer than %s, which the timeout of job %q allows: raise the job's timeout, or find out what is slow, and retry", models.SpanText(r.job.Timeout), r.job.Label))
}

// dumpInTime bounds the dump alone, where the job bounds nothing.
func (r *run) dumpInTime(ctx context.Context) (context.Context, context.CancelFunc) {
	if r.job.Timeout != 0 {
		return context.WithCancel(ctx)
	}
	most := r.service.options.DumpTime
	return context.WithTimeoutCause(ctx, most, models.Conflictf(
		"the dump took longer than %s: set the timeout of job %q to allow more, or find out what is slow, and retry", models.SpanText(most), r.job.Label))
}

// because returns why the context has ended, when it has: what failed then failed
// because of that.
func because(ctx context.Context, err error) error {
	if err != nil && ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return err
}
