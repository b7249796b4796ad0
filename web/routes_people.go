package web

import "github.com/backupman/backupman/web/pages"

// peopleRoutes are the pages about people: how they get in, their own accounts, and what
// owners set.
func (s *server) peopleRoutes() []route {
	return append(s.entryRoutes(), append(s.selfRoutes(), s.settingRoutes()...)...)
}

// entryRoutes are for those who are not signed in.
func (s *server) entryRoutes() []route {
	p := s.pages
	return []route{
		page("/claim", p.Invitation, open).of(accounts),
		post("/claim", p.AcceptInvitation, open, "user.accept").of(accounts),
		page("/sign-in", p.SignInPage, open),
		post("/sign-in", p.SignIn, open, "session.begin").of(accounts),
		page("/sign-in/code", p.CodePage, open).of(accounts),
		post("/sign-in/code", p.EnterCode, open, "session.code").of(accounts),
		post("/sign-in/provider", p.BeginProvider, open, "session.provider").of(accounts).within(servers),
		// A GET that begins a session: the identity provider sends people back with it.
		change(get, pages.ProviderBack, p.EndProvider, open, "session.begin", refusedToBound).of(accounts).within(servers),
		post("/sign-out", p.SignOut, open, "session.end").of(accounts),
	}
}

// selfRoutes are what people do with their own accounts.
func (s *server) selfRoutes() []route {
	p := s.pages
	return []route{
		page("/account", p.Account, self).of(accounts),
		post("/account/password", p.ChangePassword, self, "user.password").of(accounts),
		page("/account/second-factor", p.PendingTOTP, self).of(accounts),
		post("/account/second-factor", p.StartTOTP, self, "user.second-factor-begin").of(accounts),
		post("/account/second-factor/confirm", p.ConfirmTOTP, self, "user.second-factor-on").of(accounts),
		post("/account/second-factor/remove", p.RemoveTOTP, self, "user.second-factor-off").of(accounts),
		post("/account/recovery-codes", p.NewRecoveryCodes, self, "user.recovery-codes").of(accounts),
		post("/account/sessions/:id/end", p.EndSession, self, "session.end-one").of(accounts),
		post("/account/sessions/end", p.EndSessions, self, "session.end-others").of(accounts),
	}
}

// settingRoutes are what owners set, and what was done.
func (s *server) settingRoutes() []route {
	p := s.pages
	return []route{
		page("/settings/users", p.UserList, admin).of(accounts),
		post("/settings/users", p.InviteUser, admin, "user.invite").of(accounts),
		post("/settings/users/:id/role", p.SetUserRole, admin, "user.role").of(accounts),
		post("/settings/users/:id/disable", p.DisableUser, admin, "user.disable").of(accounts),
		post("/settings/users/:id/enable", p.EnableUser, admin, "user.enable").of(accounts),
		post("/settings/users/:id/invite", p.ReinviteUser, admin, "user.reinvite").of(accounts),
		post("/settings/users/:id/remove", p.RemoveUser, admin, "user.remove").of(accounts),
		page("/settings/keys", p.KeyList, admin).of(accounts),
		post("/settings/keys", p.CreateKey, admin, "key.create").of(accounts),
		post("/settings/keys/:id/remove", p.RemoveKey, admin, "key.remove").of(accounts),
		page("/settings/secrets", p.SecretList, admin).of(accounts),
		post("/settings/secrets", p.SetSecret, admin, "secret.set").of(accounts),
		post("/settings/secrets/remove", p.RemoveSecret, admin, "secret.remove").of(accounts),
		page("/settings/audit", p.AuditList, admin).of(accounts),
		change(get, "/settings/audit/export", p.ExportAudit, admin, "audit.export", refusedToBound).of(accounts).within(streams),
		page("/jobs/:id/kit", p.Kit, read).of(kits),
		post("/jobs/:id/kit", p.TakeKit, admin, "job.kit").of(kits),
	}
}
