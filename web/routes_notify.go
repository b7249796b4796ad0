package web

// notifyRoutes are where it is said who is told of what.
func (s *server) notifyRoutes() []route {
	p, a := s.pages, s.api
	return []route{
		page("/notifiers", p.NotifierList, read).of(notifications),
		page("/notifiers/history", p.NotifierHistory, read).of(notifications),
		page("/notifiers/:id", p.Notifier, read).of(notifications),
		post("/notifiers/:id/test", p.TestNotifier, admin, "notifier.test").of(notifications).within(servers),
		post("/notifications/:id/again", p.SendAgain, admin, "notification.again").of(notifications),
		page("/notifiers/new", p.NewNotifier, admin).of(planner),
		post("/notifiers/new", p.AddNotifier, admin, "notifier.create").of(planner).within(servers),
		page("/notifiers/:id/edit", p.EditNotifier, admin).of(planner),
		post("/notifiers/:id/edit", p.ChangeNotifier, admin, "notifier.update").of(planner).within(servers),
		page("/notifiers/:id/delete", p.AskNotifier, admin).of(planner),
		post("/notifiers/:id/delete", p.RemoveNotifier, admin, "notifier.remove").of(planner),
		look("/api/notifications", a.ListNotifications, read, refusedToBound).of(notifications),
		change(write, "/api/notifiers/:id/test", a.TestNotifier, admin, "notifier.test", refusedToBound).of(notifications).within(servers),
	}
}
