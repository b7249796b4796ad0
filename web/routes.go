package web

import (
	"github.com/gin-gonic/gin"

	"github.com/backupman/backupman/static"
	"github.com/backupman/backupman/web/middleware"
	"github.com/backupman/backupman/web/pages"
)

// route is everything that is answered, on one screen. GET changes
// nothing, except where it says so.
func (s *server) route(engine *gin.Engine, o Options) {
	engine.Use(middleware.Requests(s.log), middleware.Headers(), middleware.Recover(s.refuse))
	if !o.BeyondLoopback {
		engine.Use(middleware.Host(o.AppURL, s.refuse))
	}
	engine.Use(middleware.SameOrigin(o.AppURL, s.refuse), middleware.Body(s.refuse, pages.UploadPath))
	engine.NoRoute(s.do(notFound))
	engine.NoMethod(s.do(methodNotAllowed))

	assets := gin.WrapH(static.Handler())
	engine.GET(static.Prefix+"*name", assets)
	engine.HEAD(static.Prefix+"*name", assets)
	engine.GET("/health", s.do(s.api.Health))
	engine.HEAD("/health", s.do(s.api.Health))

	// A signed link opens a download without a key, so its handler asks itself.
	engine.GET("/api/backups/:id/download", s.do(s.api.Download))
	keyed := engine.Group("/api", middleware.RequireKey(s.keys, s.refuse))
	keyed.GET("/backups", s.do(s.api.List))
	keyed.POST("/backups", s.do(s.api.Start))
	keyed.GET("/backups/:id", s.do(s.api.Get))
	keyed.POST("/backups/:id/retry", s.do(s.api.Retry))
	keyed.POST("/backups/:id/heal", s.do(s.api.Heal))
	keyed.POST("/backups/:id/verify", s.do(s.api.Verify))
	keyed.GET("/backups/:id/generate-download-url", s.do(s.api.DownloadURL))
	keyed.POST("/backups/:id/restore", s.do(s.api.StartRestore))
	keyed.POST("/backups/:id/drill", s.do(s.api.StartDrill))
	keyed.GET("/backups/:id/proof", s.do(s.api.Proof))
	keyed.GET("/backups/:id/compare", s.do(s.api.Compare))
	keyed.GET("/restores", s.do(s.api.ListRestores))
	keyed.GET("/restores/:id", s.do(s.api.GetRestore))
	keyed.POST("/restores/:id/cancel", s.do(s.api.CancelRestore))
	keyed.GET("/drills", s.do(s.api.ListDrills))
	keyed.GET("/drills/:id", s.do(s.api.GetDrill))
	keyed.POST("/drills/:id/cancel", s.do(s.api.CancelDrill))
	keyed.GET("/alarms", s.do(s.api.ListAlarms))
	keyed.POST("/alarms/:id/seen", s.do(s.api.SeeAlarm))
	keyed.GET("/drives", s.do(s.api.Drives))
	keyed.POST("/drives/:id/check", s.do(s.api.CheckDrive))

	local := engine.Group("/", middleware.LoopbackPages(o.reachable(), s.refuse))
	local.GET("/", s.do(s.pages.Landing))
	local.GET("/jobs/:id/card", s.do(s.pages.JobCard))
	local.POST("/jobs/:id/run", s.do(s.pages.RunJob))
	local.GET("/backups", s.do(s.pages.BackupList))
	local.GET("/backups/:id", s.do(s.pages.Backup))
	local.GET("/backups/:id/row", s.do(s.pages.BackupRow))
	local.GET("/backups/:id/live", s.do(s.pages.BackupLive))
	local.GET("/backups/:id/files/:file", s.do(s.pages.Download))
	local.POST("/backups/:id/retry", s.do(s.pages.RetryBackup))
	local.POST("/backups/:id/heal", s.do(s.pages.HealBackup))
	local.POST("/backups/:id/verify", s.do(s.pages.VerifyBackup))
	local.GET("/backups/:id/comparison", s.do(s.pages.BackupComparison))
	local.POST("/backups/:id/drill", s.do(s.pages.DrillBackup))
	local.GET("/backups/:id/proof", s.do(s.pages.BackupProof))
	local.GET("/backups/:id/compare", s.do(s.pages.CompareBackup))
	local.GET("/backups/:id/restore", s.do(s.pages.RestoreBackup))
	local.POST("/backups/:id/restore", s.do(s.pages.StartRestore))
	local.GET("/restores", s.do(s.pages.RestoreList))
	local.POST(pages.UploadPath, s.do(s.pages.UploadDump))
	local.GET("/restores/new", s.do(s.pages.RestoreBackup))
	local.POST("/restores/new", s.do(s.pages.StartRestore))
	local.GET("/restores/:id", s.do(s.pages.Restore))
	local.GET("/restores/:id/live", s.do(s.pages.RestoreLive))
	local.POST("/restores/:id/cancel", s.do(s.pages.CancelRestore))
	local.GET("/drills/:id", s.do(s.pages.Drill))
	local.GET("/drills/:id/live", s.do(s.pages.DrillLive))
	local.POST("/drills/:id/cancel", s.do(s.pages.CancelDrill))
	local.POST("/alarms/:id/seen", s.do(s.pages.SeeAlarm))
	local.GET("/drives", s.do(s.pages.DriveList))
	local.GET("/drives/:id/card", s.do(s.pages.DriveCard))
	local.POST("/drives/:id/check", s.do(s.pages.CheckDrive))
	local.GET("/drives/:id/key", s.do(s.pages.DriveKey))
	local.POST("/drives/:id/trust", s.do(s.pages.TrustDrive))
	local.POST("/drives/:id/sign-in", s.do(s.pages.SignInDrive))
	// The one GET that changes something: a provider sends people back with it.
	local.GET(pages.SignInCallback, s.do(s.pages.SignedIn))
}
