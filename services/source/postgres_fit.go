package source

import (
	"context"
	"maps"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"
)

// pgFit knows what a server has of what an archive names.
type pgFit struct {
	// roles are those that exist, members those that the account may act for.
	roles, members, spaces map[string]bool
	// lost are owners, grantees and tablespaces that the restored objects go without.
	owners, grantees, lostSpaces map[string]bool
}

// fit changes the archive to what the server has: objects of owners that are not there
// belong to the account, and grants to roles that are not there are left out. On a
// private server such roles are made instead.
func (r *postgresRestore) fit(ctx context.Context, conn *pgx.Conn) error {
	if err := r.extensions(ctx, conn); err != nil {
		return err
	}
	if r.private {
		if err := r.makeRoles(ctx, conn); err != nil {
			return err
		}
	}
	f := &pgFit{owners: map[string]bool{}, grantees: map[string]bool{}, lostSpaces: map[string]bool{}}
	for query, into := range map[string]*map[string]bool{
		"SELECT rolname::text FROM pg_roles":                                                &f.roles,
		"SELECT rolname::text FROM pg_roles WHERE pg_has_role(current_user, oid, 'MEMBER')": &f.members,
		"SELECT spcname::text FROM pg_tablespace":                                           &f.spaces,
	} {
		names, err := r.listOf(ctx, conn, query)
		if err != nil {
			return err
		}
		*into = setOf(names)
	}
	kept := r.archive.entries[:0:0]
	for _, e := range r.archive.entries {
		keep, err := f.entry(r.archive, r.of, e)
		if err != nil {
			return err
		}
		if keep {
			kept = append(kept, e)
		}
	}
	r.archive.entries = kept
	r.tellLost(f)
	return nil
}

func setOf(names []string) map[string]bool {
	set := map[string]bool{}
	for _, name := range names {
		set[name] = true
	}
	return set
}

func (r *postgresRestore) tellLost(f *pgFit) {
	for _, lost := range []struct {
		names    map[string]bool
		sentence string
	}{
		{f.owners, "objects of roles that the server does not have, or for which role " + r.of.role + " may not act, belong to it now"},
		{f.grantees, "privileges of roles that the server does not have were left out"},
		{f.lostSpaces, "what was in tablespaces that the server does not have is in its default one"},
	} {
		if len(lost.names) > 0 {
			r.warn("%s: %s", lost.sentence, listNames(slices.Sorted(maps.Keys(lost.names))))
		}
	}
}

// entry changes an entry to what the server has, and tells whether to restore it at all.
func (f *pgFit) entry(a *pgArchive, server postgresServer, e *archiveEntry) (bool, error) {
	if e.desc == "STATISTICS DATA" && server.major < 18 {
		return false, nil
	}
	if e.owner != "" && !f.members[e.owner] {
		f.owners[e.owner] = true
		e.owner = ""
	}
	if space := e.tablespace.text; space != "" && !f.spaces[space] {
		f.lostSpaces[space] = true
		e.tablespace.text = ""
	}
	if !namesRoles[e.desc] {
		return true, nil
	}
	statements, err := splitStatements(e.defn, a.escapes)
	if err != nil {
		return false, err
	}
	var kept strings.Builder
	foreign := false
	for _, s := range statements {
		lost := f.lost(s)
		switch {
		case s[0].word("set"):
			foreign = len(lost) > 0 || !server.super
		case s[0].word("reset"):
			if foreign {
				foreign = false
				continue
			}
		}
		if len(lost) > 0 && e.desc == "POLICY" {
			return false, Incapablef("policy %s is for role %q, which the server does not have: create the role, or restore into a server that has it", e.name(), lost[0])
		}
		if len(lost) > 0 || foreign {
			continue
		}
		kept.WriteString(e.defn[s[0].start:s[len(s)-1].end] + ";\n")
	}
	if e.desc != "POLICY" {
		e.defn = kept.String()
	}
	return e.defn != "", nil
}

// lost returns the roles in a statement that are not there.
func (f *pgFit) lost(s []pgToken) []string {
	var lost []string
	for _, role := range grantees(s) {
		if !f.roles[role] {
			f.grantees[role] = true
			lost = append(lost, role)
		}
	}
	return lost
}

// makeRoles makes the roles that the archive names, as far as they are not there. Nobody
// can log in as one. They are superusers, for only those may own some objects.
func (r *postgresRestore) makeRoles(ctx context.Context, conn *pgx.Conn) error {
	names, err := r.archive.rolesOf()
	if err != nil {
		return err
	}
	existing, err := r.listOf(ctx, conn, "SELECT rolname::text FROM pg_roles")
	if err != nil {
		return err
	}
	for _, name := range names {
		if slices.Contains(existing, name) || strings.HasPrefix(name, "pg_") {
			continue
		}
		if _, err := conn.Exec(ctx, "CREATE ROLE "+quoteIdentifier(name)+" SUPERUSER"); err != nil {
			return r.refused("make a role", err)
		}
	}
	return nil
}

// extensions wants the server to have every extension of the archive.
func (r *postgresRestore) extensions(ctx context.Context, conn *pgx.Conn) error {
	available, err := r.listOf(ctx, conn, "SELECT name::text FROM pg_available_extensions")
	if err != nil {
		return err
	}
	var lacks []string
	for _, e := range r.archive.entries {
		if e.desc == "EXTENSION" && !slices.Contains(available, e.tag) {
			lacks = append(lacks, e.tag)
		}
	}
	if len(lacks) > 0 {
		return Incapablef("the server at %s, PostgreSQL %s, lacks extensions of the backup: %s; install them there", r.where(), r.of.text, listNames(lacks))
	}
	return nil
}
