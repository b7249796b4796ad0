package web

// setupRoutes are where sources and drives are set up.
func (s *server) setupRoutes() []route {
	p := s.pages
	return []route{
		page("/setup", p.SetUp, admin).of(planner),
		page("/setup/source", p.SetUpSource, admin).of(planner),
		post("/setup/source", p.SaveSetUpSource, admin, "source.create").of(planner).within(servers),
		page("/setup/check/:id", p.SetUpCheck, admin).of(planner),
		post("/setup/check/:id", p.SetUpCheckAgain, run, "source.check").of(planner),
		page("/setup/drives", p.SetUpDrives, admin).of(planner),
		post("/setup/drives", p.SaveSetUpDrives, admin, "drive.create").of(planner).within(servers),
		page("/sources", p.SourceList, read).of(planner),
		page("/sources/new", p.NewSource, admin).of(planner),
		post("/sources/new", p.AddSource, admin, "source.create").of(planner).within(servers),
		ask("/sources/field", p.CheckSourceField, admin).of(planner),
		page("/sources/:id", p.Source, read).of(planner),
		page("/sources/:id/found", p.SourceFound, read).of(planner),
		post("/sources/:id/check", p.CheckSource, run, "source.check").of(planner),
		page("/sources/:id/edit", p.EditSource, admin).of(planner),
		post("/sources/:id/edit", p.ChangeSource, admin, "source.update").of(planner).within(servers),
		page("/sources/:id/delete", p.AskSource, admin).of(planner),
		post("/sources/:id/delete", p.RemoveSource, admin, "source.remove").of(planner),
		page("/drives/:id", p.Drive, read),
		page("/drives/new", p.NewDrive, admin).of(planner),
		post("/drives/new", p.AddDrive, admin, "drive.create").of(planner).within(servers),
		ask("/drives/field", p.CheckDriveField, admin).of(planner),
		page("/drives/:id/edit", p.EditDrive, admin).of(planner),
		post("/drives/:id/edit", p.ChangeDrive, admin, "drive.update").of(planner).within(servers),
		page("/drives/:id/delete", p.AskDrive, admin).of(planner),
		post("/drives/:id/delete", p.RemoveDrive, admin, "drive.remove").of(planner),
	}
}
