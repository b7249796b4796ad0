package web

// jobRoutes are where jobs are planned.
func (s *server) jobRoutes() []route {
	p := s.pages
	return []route{
		page("/jobs", p.JobList, read),
		page("/jobs/:id/last", p.JobLast, read),
		page("/jobs/new", p.NewJob, admin).of(planner),
		post("/jobs/new", p.CreateJob, admin, "job.create").of(planner),
		ask("/jobs/preview", p.PreviewJob, admin).of(planner),
		ask("/jobs/check", p.CheckJob, admin).of(planner),
		page("/jobs/:id/edit", p.EditJob, admin).of(planner),
		post("/jobs/:id/edit", p.ChangeJob, admin, "job.update").of(planner),
		page("/jobs/:id/delete", p.AskDeleteJob, admin).of(planner),
		post("/jobs/:id/delete", p.DeleteJob, admin, "job.remove").of(planner),
		page("/setup/job", p.SetupJob, admin).of(planner),
		post("/setup/job", p.SaveSetupJob, admin, "job.create").of(planner),
		page("/calendar", p.Calendar, read),
	}
}
