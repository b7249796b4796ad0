package cli

import (
	"fmt"
	"io"
	"net"

	"github.com/backupman/backupman/web"
)

// greet tells where the dashboard is, how it is claimed, and what is not safe or refused
// there, and why.
func (a *app) greet(out io.Writer, addr net.Addr, unprotected bool, claim string) {
	fmt.Fprintf(out, "Dashboard: %s://%s\n", a.scheme(), reachable(addr.String()))
	for _, note := range a.config.Notes {
		fmt.Fprintf(out, "note: %s\n", note)
	}
	if !a.config.Accounts.Enabled {
		a.greetWithoutAccounts(out, addr)
		return
	}
	if claim != "" {
		fmt.Fprintf(out, "Claim this installation: %s\n"+
			"         Whoever opens this link first becomes its owner. It is also in %s until then.\n", claim, a.claimPath())
	}
	if unprotected {
		fmt.Fprintf(out, "WARNING: OTHER MACHINES REACH THIS SERVER WITHOUT TLS. Passwords, sessions and backups that are downloaded can be read\n"+
			"         and changed on the way. Set http.tls_cert and http.tls_key, or put a proxy with TLS before it and name that\n"+
			"         in http.trusted_proxies, or listen on 127.0.0.1 and use an SSH tunnel.\n")
	}
}

// greetWithoutAccounts tells who may do everything, and what is refused to others.
func (a *app) greetWithoutAccounts(out io.Writer, addr net.Addr) {
	switch {
	case beyondLoopback(addr):
		fmt.Fprintf(out, "WARNING: listening on %s, which other machines can reach, while accounts are switched off: its pages\n"+
			"         are refused on this address. Remove accounts.enabled: false, or listen on 127.0.0.1 and use an SSH tunnel.\n", addr)
	case web.AppURLBeyond(a.config.HTTP.AppURL):
		fmt.Fprint(out, "WARNING: http.app_url names an address that other machines can reach, while accounts are switched off: its pages\n"+
			"         are refused. Remove accounts.enabled: false, or remove http.app_url and use an SSH tunnel.\n")
	default:
		fmt.Fprintln(out, "Accounts are switched off: whoever reaches this server from this machine may do everything.")
		return
	}
	if len(a.config.HTTP.APIKeys) == 0 {
		fmt.Fprintln(out, "WARNING: the API is refused too until http.api_keys names a key.")
	}
}
