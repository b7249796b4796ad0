package models

import "slices"

// ActorKind is how somebody who asks for something is known.
type ActorKind string

// The kinds of actor.
const (
	// ActorUser is a person who signed in.
	ActorUser ActorKind = "user"
	// ActorKey is a program with an API key, of this server or of its configuration.
	ActorKey ActorKind = "key"
	// ActorLocal is somebody on the server itself where accounts are switched off.
	ActorLocal ActorKind = "local"
	// ActorCommand is somebody at the server's command line.
	ActorCommand ActorKind = "command"
	// ActorLink is whoever has a signed download link.
	ActorLink ActorKind = "link"
	// ActorNobody has not shown who it is.
	ActorNobody ActorKind = "nobody"
)

// Actor is who asks for something.
type Actor struct {
	Kind ActorKind
	// ID is the user's or the key's; empty for others.
	ID string
	// Name is the user's, the key's, or the account's at the command line.
	Name   string
	Role   Role
	Scopes Scopes
	// JobIDs are the only jobs that an API key is for; empty is all.
	JobIDs []string
	// SessionID is the session of a user.
	SessionID string
	Client    Client
}

// May reports whether the actor may do what needs a scope.
func (a Actor) May(need Scope) bool { return a.Scopes.Allow(need) }

// MayJob reports whether a job is one of those that the actor has to do with.
func (a Actor) MayJob(jobID string) bool {
	return len(a.JobIDs) == 0 || slices.Contains(a.JobIDs, jobID)
}
