package web

import "github.com/backupman/backupman/models"

// planRoutes are where programs set sources, drives and jobs up.
func (s *server) planRoutes() []route {
	a := s.api
	rows := []route{look("/api/sources", a.ListSources, read, refusedToBound).of(planner)}
	for _, kind := range []models.PlanKind{models.PlanSource, models.PlanDrive, models.PlanJob} {
		noun := string(kind)
		at := "/api/" + noun + "s"
		rows = append(rows,
			change(write, at, a.CreatePlanned(kind), admin, noun+".create", refusedToBound).of(planner),
			look(at+"/:id/config", a.ShowPlanned(kind), read, refusedToBound).of(planner),
			change(put, at+"/:id/config", a.ChangePlanned(kind), admin, noun+".update", refusedToBound).of(planner),
			change(remove, at+"/:id", a.RemovePlanned(kind), admin, noun+".remove", refusedToBound).of(planner),
		)
	}
	return rows
}
