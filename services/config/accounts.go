package config

import (
	"net"
	"net/netip"
	"net/url"
	"slices"
	"time"

	"github.com/backupman/backupman/models"
)

// Defaults of sessions and of the audit log.
const (
	DefaultIdle      = 12 * time.Hour
	DefaultLongest   = 7 * 24 * time.Hour
	DefaultAuditKeep = 400 * 24 * time.Hour
)

// accounts reads how people sign in.
func (l *loader) accounts(t *table) Accounts {
	a := Accounts{Enabled: t.booleanOr("enabled", true), Idle: DefaultIdle, Longest: DefaultLongest}
	if longest, ok := t.duration("longest"); ok {
		a.Longest = longest.length
		t.notNothing("longest", longest)
		a.Idle = min(a.Idle, a.Longest)
	}
	if idle, ok := t.duration("idle"); ok {
		a.Idle = idle.length
		t.notNothing("idle", idle)
		if a.Idle > a.Longest {
			l.problem(idle.line, "accounts.idle must be at most accounts.longest (%s), which ends a session whatever is done in it", models.SpanText(a.Longest))
		}
	}
	t.end()
	return a
}

func (t *table) notNothing(key string, s span) {
	if s.length <= 0 {
		t.l.problem(s.line, "%s must be longer than nothing", t.path(key))
	}
}

// oidc reads the identity provider that vouches for people.
func (l *loader) oidc(t *table) OIDC {
	if len(t.order) == 0 {
		return OIDC{}
	}
	o := OIDC{Name: t.text("name").text, ClientID: t.required("client_id", "the name that the provider knows this server by"),
		ClientSecret: models.NewSecret(t.secret("client_secret").text), GroupsClaim: t.text("groups_claim").text}
	o.Issuer = t.issuer()
	if o.Scopes = t.scopes(); o.GroupsClaim == "" {
		o.GroupsClaim = "groups"
	}
	if u, err := url.Parse(o.Issuer); o.Name == "" && err == nil {
		o.Name = u.Hostname()
	}
	o.Roles, o.DefaultRole = t.sub("roles").groups(), t.role("default_role")
	t.end()
	if len(o.Roles) == 0 && o.DefaultRole == "" {
		l.note(t.line, "oidc lets nobody in: name the groups of a role under oidc.roles, such as {owner: [dba]}, or an oidc.default_role")
	}
	return o
}

func (t *table) required(key, is string) string {
	s := t.text(key)
	if !s.set && !s.bad {
		t.l.problem(s.line, "%s is missing: it is %s", t.path(key), is)
	}
	return s.text
}

// issuer reads the provider's address, which must be one that nobody on the way can
// answer for.
func (t *table) issuer() string {
	s := t.text("issuer")
	u, err := url.Parse(s.text)
	switch {
	case s.bad:
	case !s.set:
		t.l.problem(s.line, "%s is missing: it is the address of the identity provider", t.path("issuer"))
	case err != nil || u.Host == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "":
		t.l.problem(s.line, "%s must be an address such as https://id.example.com", t.path("issuer"))
	case u.Scheme != "https" && (u.Scheme != "http" || !loopbackHost(u.Hostname())):
		t.l.problem(s.line, "%s must begin with https://, because whoever answers there says who people are", t.path("issuer"))
	}
	return s.text
}

func loopbackHost(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

// scopes returns what the provider is asked for, openid always.
func (t *table) scopes() []string {
	asked := values(t.texts("scopes"))
	if len(asked) == 0 {
		return []string{"openid", "profile", "email"}
	}
	if !slices.Contains(asked, "openid") {
		asked = append([]string{"openid"}, asked...)
	}
	return asked
}

func values(list []scalar) []string {
	var out []string
	for _, s := range list {
		if s.set {
			out = append(out, s.text)
		}
	}
	return out
}

// groups reads which groups give which role.
func (t *table) groups() map[models.Role][]string {
	roles := map[models.Role][]string{}
	for _, role := range models.Roles {
		if groups := values(t.texts(string(role))); len(groups) > 0 {
			roles[role] = groups
		}
	}
	t.end()
	if len(roles) == 0 {
		return nil
	}
	return roles
}

func (t *table) role(key string) models.Role {
	s := t.text(key)
	if s.set && !slices.Contains(models.Roles, models.Role(s.text)) {
		t.l.problem(s.line, "%s must be owner, operator or viewer, not %s", t.path(key), quote(s.text))
	}
	return models.Role(s.text)
}

// unusedProvider tells that nobody signs in where there are no accounts.
func (l *loader) unusedProvider(root *table, c Config) {
	if c.OIDC.Issuer != "" && !c.Accounts.Enabled {
		l.note(root.at("oidc"), "oidc has no meaning while accounts.enabled is false: nobody signs in")
	}
}

// proxies reads the networks whose forwarding headers are believed.
func (t *table) proxies() []netip.Prefix {
	var trusted []netip.Prefix
	for _, s := range t.texts("trusted_proxies") {
		if !s.set {
			continue
		}
		network, err := network(s.text)
		switch {
		case err != nil:
			t.l.problem(s.line, "an element of %s must be an address or a network, such as 10.0.0.5 or 10.0.0.0/24, not %s", t.path("trusted_proxies"), quote(s.text))
		case network.Bits() == 0:
			t.l.problem(s.line, "an element of %s is every address there is, so that everybody could say where a request comes from: name the proxy", t.path("trusted_proxies"))
		default:
			trusted = append(trusted, network)
		}
	}
	return trusted
}

func network(text string) (netip.Prefix, error) {
	if addr, err := netip.ParseAddr(text); err == nil {
		addr = addr.Unmap().WithZone("")
		return netip.PrefixFrom(addr, addr.BitLen()), nil
	}
	p, err := netip.ParsePrefix(text)
	return p.Masked(), err
}
