package web

import (
	"net/http"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/backupman/backupman/models"
	"github.com/backupman/backupman/static"
	"github.com/backupman/backupman/web/middleware"
)

const (
	get    = http.MethodGet
	head   = http.MethodHead
	write  = http.MethodPost
	put    = http.MethodPut
	remove = http.MethodDelete

	read    = models.ScopeRead
	run     = models.ScopeRun
	restore = models.ScopeRestore
	admin   = models.ScopeAdmin
)

// Bounds of rows that need more than the usual.
var (
	// streams go on as long as their bytes do.
	streams = middleware.Bounds{Time: -1}
	// uploads bring as much as their handler lets them.
	uploads = middleware.Bounds{Body: -1, Time: -1}
	// waits are held until a run has ended, or as long as was asked for.
	waits = middleware.Bounds{Time: 15 * time.Minute}
	// reads take as long as drives take to hand over whole copies.
	reads = middleware.Bounds{Time: 25 * time.Hour}
	// servers take as long as a database, or a drive, lets somebody wait.
	servers = middleware.Bounds{Time: 10 * time.Minute}
)

// publicRoutes are for everybody.
func (s *server) publicRoutes() []route {
	assets := func(c *gin.Context) error { gin.WrapH(static.Handler())(c); return nil }
	icon := func(c *gin.Context) error { gin.WrapH(static.Icon())(c); return nil }
	return []route{
		{Method: get, Path: static.IconPath, Do: icon, Scope: public},
		{Method: head, Path: static.IconPath, Do: icon, Scope: public},
		{Method: get, Path: static.Prefix + "*name", Do: assets, Scope: public},
		{Method: head, Path: static.Prefix + "*name", Do: assets, Scope: public},
		{Method: get, Path: "/health", Do: s.api.Health, Scope: public},
		{Method: head, Path: "/health", Do: s.api.Health, Scope: public},
	}
}

// apiRoutes are what programs do with backups, jobs and drives.
func (s *server) apiRoutes() []route {
	a := s.api
	return []route{
		look("/api/backups", a.List, read, narrowed).within(streams),
		change(write, "/api/backups", a.Start, run, "backup.start", narrowed).within(waits),
		look("/api/backups/:id", a.Get, read, boundByBackup),
		change(get, "/api/backups/:id/download", a.Download, restore, "backup.download", boundByBackup).within(streams).orLink(),
		change(get, "/api/backups/:id/generate-download-url", a.DownloadURL, restore, "backup.link", boundByBackup),
		change(write, "/api/backups/:id/retry", a.Retry, run, "backup.retry", boundByBackup).within(servers),
		change(write, "/api/backups/:id/heal", a.Heal, run, "backup.heal", boundByBackup).within(servers),
		change(write, "/api/backups/:id/cancel", a.Cancel, run, "backup.cancel", boundByBackup).within(servers),
		change(remove, "/api/backups/:id", a.Delete, admin, "backup.delete", boundByBackup).within(servers),
		change(write, "/api/backups/:id/verify", a.Verify, run, "backup.verify", boundByBackup).within(reads),
		change(write, "/api/backups/:id/restore", a.StartRestore, restore, "restore.start", boundByBackup).within(servers),
		change(write, "/api/backups/:id/drill", a.StartDrill, run, "drill.start", boundByBackup).within(waits),
		look("/api/backups/:id/proof", a.Proof, read, boundByBackup),
		look("/api/backups/:id/compare", a.Compare, read, boundByBackup),
		change(write, "/api/backups/:id/pin", a.Pin, run, "backup.pin", boundByBackup),
		change(write, "/api/backups/:id/unpin", a.Unpin, admin, "backup.unpin", boundByBackup),
		look("/api/jobs", a.ListJobs, read, narrowed),
		look("/api/jobs/:id", a.GetJob, read, boundByJob),
		change(write, "/api/jobs/:id/pause", a.PauseJob, run, "job.pause", boundByJob),
		change(write, "/api/jobs/:id/resume", a.ResumeJob, run, "job.resume", boundByJob),
		look("/api/jobs/:id/retention", a.PreviewRetention, read, boundByJob),
		change(write, "/api/jobs/:id/prune", a.PruneJob, admin, "job.prune", boundByJob).within(servers),
		change(write, "/api/jobs/:id/kit", a.TakeKit, admin, "job.kit", boundByJob).of(kits),
		look("/api/restores", a.ListRestores, read, narrowed),
		look("/api/restores/:id", a.GetRestore, read, boundByRestore),
		change(write, "/api/restores/:id/cancel", a.CancelRestore, run, "restore.cancel", boundByRestore),
		look("/api/drills", a.ListDrills, read, narrowed),
		look("/api/drills/:id", a.GetDrill, read, boundByDrill),
		change(write, "/api/drills/:id/cancel", a.CancelDrill, run, "drill.cancel", boundByDrill),
		look("/api/alarms", a.ListAlarms, read, narrowed),
		change(write, "/api/alarms/:id/seen", a.SeeAlarm, run, "alarm.seen", boundByAlarm),
		look("/api/drives", a.Drives, read, refusedToBound),
		change(write, "/api/drives/:id/check", a.CheckDrive, run, "drive.check", refusedToBound).within(servers),
	}
}

// adminRoutes are what programs do with accounts, keys, secrets and the audit log.
func (s *server) adminRoutes() []route {
	a := s.api
	return []route{
		look("/api/whoami", a.WhoAmI, read, unbound),
		look("/api/sessions", a.ListSessions, self, unbound).of(accounts),
		change(remove, "/api/sessions/:id", a.EndSession, self, "session.end-one", unbound).of(accounts),
		look("/api/users", a.ListUsers, admin, refusedToBound).of(accounts),
		change(write, "/api/users", a.InviteUser, admin, "user.invite", refusedToBound).of(accounts),
		change(write, "/api/users/:id/role", a.SetUserRole, admin, "user.role", refusedToBound).of(accounts),
		change(write, "/api/users/:id/disable", a.DisableUser, admin, "user.disable", refusedToBound).of(accounts),
		change(write, "/api/users/:id/enable", a.EnableUser, admin, "user.enable", refusedToBound).of(accounts),
		change(write, "/api/users/:id/invite", a.ReinviteUser, admin, "user.reinvite", refusedToBound).of(accounts),
		change(remove, "/api/users/:id", a.RemoveUser, admin, "user.remove", refusedToBound).of(accounts),
		look("/api/keys", a.ListKeys, admin, refusedToBound).of(accounts),
		change(write, "/api/keys", a.CreateKey, admin, "key.create", refusedToBound).of(accounts),
		change(remove, "/api/keys/:id", a.RemoveKey, admin, "key.remove", refusedToBound).of(accounts),
		look("/api/secrets", a.ListSecrets, admin, refusedToBound).of(secrets),
		change(put, "/api/secrets/*name", a.SetSecret, admin, "secret.set", refusedToBound).of(secrets),
		change(remove, "/api/secrets/*name", a.RemoveSecret, admin, "secret.remove", refusedToBound).of(secrets),
		// Only with a format it is an export, and recorded.
		change(get, "/api/audit", a.Audit, admin, "audit.export", refusedToBound).of(accounts).within(streams),
	}
}
