package pages

import (
	"context"
	"errors"
	"fmt"
	"strconv"

	"github.com/gin-gonic/gin"

	"github.com/backupman/backupman/models"
	"github.com/backupman/backupman/views/human"
	"github.com/backupman/backupman/views/jobs"
	"github.com/backupman/backupman/web/identity"
)

// PruneJob answers POST /jobs/:id/prune: it removes now what the job's rules do not keep,
// and leads back to the job. The form brings what the page showed; when something else
// would go by now, nothing is removed, and the page says so.
func (h *Handlers) PruneJob(c *gin.Context) error {
	id, err := pathID(c)
	if err != nil {
		return err
	}
	if err := c.Request.ParseForm(); err != nil {
		return formError(err)
	}
	shown := told{copies: c.Request.PostForm.Get("copies"), bytes: c.Request.PostForm.Get("bytes")}
	err = h.prune(c.Request.Context(), id, shown)
	var why *models.Fault
	if errors.As(err, &why) && errors.Is(err, models.ErrConflict) {
		identity.NoteRefusal(c, why.Sentence)
		return h.refusedPrune(c, id, why)
	}
	if err != nil {
		return err
	}
	return seeOther(c, jobs.Path(id)+"#removals")
}

// told is what a person was told that goes, as the form has it.
type told struct{ copies, bytes string }

func (h *Handlers) prune(ctx context.Context, id string, shown told) error {
	plan, err := h.Retention.Preview(ctx, id, nil)
	if err != nil {
		return fmt.Errorf("plan the retention of job %s: %w", id, err)
	}
	copies, bytes := goes(plan)
	if shown.copies != strconv.Itoa(copies) || shown.bytes != strconv.FormatInt(bytes, 10) {
		return models.Conflictf("what the rules remove has changed since the page was opened: it is %s (%s) now. Look at it again below",
			human.Plural(int64(copies), "copy", "copies"), human.Bytes(bytes))
	}
	plan, err = h.Retention.Prune(ctx, id)
	if err != nil {
		return err
	}
	if plan.Rests != "" {
		return models.Conflictf("%s", plan.Rests)
	}
	return nil
}

// goes counts what a plan removes.
func goes(plan models.RetentionPlan) (copies int, bytes int64) {
	removals := plan.Removals()
	for _, r := range removals {
		bytes += r.DriveFile.Size
	}
	return len(removals), bytes
}

// refusedPrune shows the job again, and why nothing of it was removed.
func (h *Handlers) refusedPrune(c *gin.Context, id string, why *models.Fault) error {
	facts, err := h.jobPage(c.Request.Context(), id, jobs.RulesForm{})
	if err != nil {
		return err
	}
	facts.Refused = human.Sentence(why.Sentence)
	return h.renderJob(c, faultStatus(why), facts)
}
