package store

import (
	"context"
	"fmt"
	"slices"

	"github.com/backupman/backupman/models"
)

// summaryQuery finds, by indexes alone, which backups a summary tells about.
// Each order names the whole of its index: MySQL would otherwise read and sort
// every backup of a job to find the newest.
func summaryQuery(engine, finished string) string {
	return fmt.Sprintf(`SELECT j.id AS job_id,
(SELECT b.id FROM backups b %[1]s WHERE b.job_id = j.id
	ORDER BY b.job_id DESC, b.created_at DESC, b.id DESC LIMIT 1) AS newest,
(SELECT b.id FROM backups b %[2]s WHERE b.job_id = j.id AND b.status = 'finished'
	ORDER BY b.job_id DESC, b.status DESC, b.created_at DESC, b.id DESC LIMIT 1) AS newest_finished,
(SELECT b.id FROM backups b %[3]s WHERE b.job_id = j.id AND b.proven = 1
	ORDER BY b.job_id DESC, b.proven DESC, b.created_at DESC, b.id DESC LIMIT 1) AS newest_proven,
`+finished+` AS finished,
(SELECT COUNT(*) FROM alarms a WHERE a.job_id = j.id AND a.seen_at IS NULL) AS alarms
FROM jobs j WHERE j.removed_at IS NULL`, byJob.after(engine), byJobAndStatus.after(engine), byJobAndProof.after(engine))
}

const (
	// countFinished counts the finished backups of a job, which reads an entry of the index for
	// each.
	countFinished = `(SELECT COUNT(*) FROM backups b %[2]s WHERE b.job_id = j.id AND b.status = 'finished')`
	// twoFinished is 2 when there are that many or more. Where it is NULL there may be one.
	twoFinished = `(SELECT 2 FROM backups b %[2]s WHERE b.job_id = j.id AND b.status = 'finished'
	ORDER BY b.job_id DESC, b.status DESC, b.created_at DESC, b.id DESC LIMIT 1 OFFSET 1)`
)

type summaryRow struct {
	JobID          string
	Newest         *string
	NewestFinished *string
	NewestProven   *string
	Finished       *int64
	Alarms         int64
}

func (r summaryRow) finished() int64 {
	switch {
	case r.Finished != nil:
		return *r.Finished
	case r.NewestFinished != nil:
		return 1
	}
	return 0
}

func (r summaryRow) backupIDs() []string {
	var ids []string
	for _, id := range []*string{r.Newest, r.NewestFinished, r.NewestProven} {
		if id != nil {
			ids = append(ids, *id)
		}
	}
	return ids
}

// JobSummaries returns a summary of each configured job, by label. Its backups
// have their drive files.
func (s *Store) JobSummaries(ctx context.Context) ([]models.JobSummary, error) {
	return s.summaries(ctx, countFinished)
}

// JobStandings is as JobSummaries, but counts no more than two finished backups of a job:
// what it reads does not grow with what jobs have made.
func (s *Store) JobStandings(ctx context.Context) ([]models.JobSummary, error) {
	return s.summaries(ctx, twoFinished)
}

func (s *Store) summaries(ctx context.Context, finished string) ([]models.JobSummary, error) {
	jobs, err := s.Jobs(ctx)
	if err != nil {
		return nil, err
	}
	sources, err := s.sourcesByID(ctx)
	if err != nil {
		return nil, err
	}
	rows, backups, err := s.summaryRows(ctx, finished)
	if err != nil {
		return nil, err
	}
	drills, err := s.lastDrills(ctx, rows)
	if err != nil {
		return nil, err
	}
	summaries := make([]models.JobSummary, len(jobs))
	for i, j := range jobs {
		summaries[i] = summarize(j, sources[j.SourceID], rows[j.ID], backups)
		summaries[i].LastDrill = drills[j.ID]
	}
	return summaries, nil
}

func summarize(j models.Job, source models.Source, r summaryRow, backups map[string]models.Backup) models.JobSummary {
	pick := func(id *string) *models.Backup {
		if id == nil {
			return nil
		}
		b, ok := backups[*id]
		if !ok {
			return nil
		}
		return &b
	}
	return models.JobSummary{
		Job: j, SourceLabel: source.Label, SourceProvider: source.Provider,
		Newest: pick(r.Newest), NewestFinished: pick(r.NewestFinished), NewestProven: pick(r.NewestProven),
		Finished: r.finished(), Alarms: r.Alarms,
	}
}

func (s *Store) sourcesByID(ctx context.Context) (map[string]models.Source, error) {
	sources, err := s.Sources(ctx)
	if err != nil {
		return nil, err
	}
	byID := make(map[string]models.Source, len(sources))
	for _, source := range sources {
		byID[source.ID] = source
	}
	return byID, nil
}

func (s *Store) summaryRows(ctx context.Context, finished string) (map[string]summaryRow, map[string]models.Backup, error) {
	var found []summaryRow
	if err := s.read(ctx).Raw(summaryQuery(s.config.Provider, finished)).Scan(&found).Error; err != nil {
		return nil, nil, s.fault("summarize the jobs", err)
	}
	rows := make(map[string]summaryRow, len(found))
	var ids []string
	for _, r := range found {
		rows[r.JobID] = r
		ids = append(ids, r.backupIDs()...)
	}
	backups, err := s.backupsByID(ctx, ids)
	return rows, backups, err
}

// lastDrills returns the newest drill of the newest finished backup of each job, by
// the job's id.
func (s *Store) lastDrills(ctx context.Context, rows map[string]summaryRow) (map[string]*models.Drill, error) {
	last, jobs, ids := map[string]*models.Drill{}, map[string]string{}, []string{}
	for job, r := range rows {
		if r.NewestFinished != nil {
			jobs[*r.NewestFinished] = job
			ids = append(ids, *r.NewestFinished)
		}
	}
	for part := range slices.Chunk(ids, chunk) {
		var drills []models.Drill
		if err := s.read(ctx).Where("backup_id IN ?", part).Order("created_at, id").Find(&drills).Error; err != nil {
			return nil, s.fault("read the newest drills", err)
		}
		for _, d := range drills {
			last[jobs[d.BackupID]] = &d
		}
	}
	return last, nil
}
