package web

import (
	"github.com/backupman/backupman/views/backups"
	"github.com/backupman/backupman/web/pages"
)

// pageRoutes are what people see. GET changes nothing, except where it says so.
func (s *server) pageRoutes() []route {
	p := s.pages
	return []route{
		page("/", p.Landing, read),
		page("/jobs/:id", p.Job, read),
		page("/jobs/:id/card", p.JobCard, read),
		post("/jobs/:id/run", p.RunJob, run, "backup.start"),
		post("/jobs/:id/pause", p.PauseJob, run, "job.pause"),
		post("/jobs/:id/resume", p.ResumeJob, run, "job.resume"),
		post("/jobs/:id/prune", p.PruneJob, admin, "job.prune").within(servers),
		page("/backups", p.BackupList, read),
		post("/backups/bulk", p.BulkBackups, run, "backup.bulk").within(servers),
		page(backups.DeletePath, p.AskDelete, admin),
		post(backups.DeletePath, p.DeleteBackups, admin, "backup.delete").within(servers),
		page("/backups/:id", p.Backup, read),
		page("/backups/:id/row", p.BackupRow, read),
		page("/backups/:id/live", p.BackupLive, read),
		page("/backups/:id/comparison", p.BackupComparison, read),
		page("/backups/:id/proof", p.BackupProof, read),
		page("/backups/:id/compare", p.CompareBackup, read),
		change(get, "/backups/:id/files/:file", p.Download, restore, "backup.download", refusedToBound).within(streams),
		post("/backups/:id/retry", p.RetryBackup, run, "backup.retry").within(servers),
		post("/backups/:id/heal", p.HealBackup, run, "backup.heal").within(servers),
		page("/backups/:id/delete", p.AskDelete, admin),
		post("/backups/:id/delete", p.DeleteBackups, admin, "backup.delete").within(servers),
		page("/backups/:id/log", p.BackupLog, read),
		post("/backups/:id/cancel", p.CancelBackup, run, "backup.cancel").within(servers),
		post("/backups/:id/verify", p.VerifyBackup, run, "backup.verify"),
		post("/backups/:id/drill", p.DrillBackup, run, "drill.start").within(servers),
		post("/backups/:id/pin", p.PinBackup, run, "backup.pin"),
		post("/backups/:id/unpin", p.UnpinBackup, admin, "backup.unpin"),
		page("/backups/:id/restore", p.RestoreBackup, restore).within(servers),
		post("/backups/:id/restore", p.StartRestore, restore, "restore.start").within(servers),
		page("/restores", p.RestoreList, read),
		post(pages.UploadPath, p.UploadDump, restore, "dump.upload").within(uploads),
		page("/restores/new", p.RestoreBackup, restore).within(servers),
		post("/restores/new", p.StartRestore, restore, "restore.start").within(servers),
		page("/restores/:id", p.Restore, read),
		page("/restores/:id/live", p.RestoreLive, read),
		post("/restores/:id/cancel", p.CancelRestore, run, "restore.cancel"),
		page("/drills/:id", p.Drill, read),
		page("/drills/:id/live", p.DrillLive, read),
		post("/drills/:id/cancel", p.CancelDrill, run, "drill.cancel"),
		post("/alarms/:id/seen", p.SeeAlarm, run, "alarm.seen"),
		page("/drives", p.DriveList, read),
		page("/drives/:id/card", p.DriveCard, read),
		post("/drives/:id/check", p.CheckDrive, run, "drive.check"),
		page("/drives/:id/key", p.DriveKey, admin),
		post("/drives/:id/trust", p.TrustDrive, admin, "drive.trust"),
		post("/drives/:id/sign-in", p.SignInDrive, admin, "drive.sign-in"),
		// The one GET that changes something: a provider sends people back with it.
		change(get, pages.SignInCallback, p.SignedIn, admin, "drive.sign-in", refusedToBound),
	}
}
