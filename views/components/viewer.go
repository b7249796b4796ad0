package components

import (
	"context"
	"time"

	"github.com/backupman/backupman/models"
)

// Viewer is who looks at a page.
type Viewer struct {
	// Kind is how the viewer is known. Pages of a server without accounts are looked at
	// by a models.ActorLocal.
	Kind models.ActorKind
	// Name and Role are those of a person who is signed in.
	Name string
	Role models.Role
	// Scopes are what the viewer may do.
	Scopes models.Scopes
	// Zone is the clock that the viewer lives by; nil while the browser has not told.
	Zone *time.Location
	// Opens reports whether the server has a page at a path, without a query, that the
	// viewer may open; nil is every page.
	Opens func(path string) bool
}

// SignedIn reports whether a person is signed in.
func (v Viewer) SignedIn() bool { return v.Kind == models.ActorUser }

// Stranger reports whether the server has accounts and nobody is signed in.
func (v Viewer) Stranger() bool { return v.Kind == models.ActorNobody }

// NoAccounts reports whether the server does not tell people apart.
func (v Viewer) NoAccounts() bool { return v.Kind == models.ActorLocal }

type viewerKey struct{}

// WithViewer says who looks at what is drawn with a context.
func WithViewer(ctx context.Context, v Viewer) context.Context {
	return context.WithValue(ctx, viewerKey{}, v)
}

// ViewerOf returns who looks; somebody of no kind who may do everything where that was
// not said, which is the case only in tests of single components.
func ViewerOf(ctx context.Context) Viewer {
	if v, ok := ctx.Value(viewerKey{}).(Viewer); ok {
		return v
	}
	return Viewer{Scopes: models.Scopes{models.ScopeAdmin}}
}

// Opens reports whether whoever looks can open the page at a path: navigation leads to
// nothing that is switched off or refused.
func Opens(ctx context.Context, path string) bool {
	opens := ViewerOf(ctx).Opens
	return opens == nil || opens(path)
}

// May reports whether whoever looks may do what needs a scope; no scope is needed by what
// everybody may do. A page leaves out what its viewer may not do; refusing it is the
// server's own task.
func May(ctx context.Context, need models.Scope) bool {
	return need == "" || ViewerOf(ctx).Scopes.Allow(need)
}
