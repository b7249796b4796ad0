package cli

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/sync/errgroup"

	"github.com/backupman/backupman/services/config"
	"github.com/backupman/backupman/services/schedule"
	"github.com/backupman/backupman/web"
)

const (
	// headerTime bounds how long a client may take to send its headers.
	headerTime = 10 * time.Second
	// bodyTime bounds how long a client may take to send a whole request.
	bodyTime = time.Minute
	// answerTime bounds an answer; the routes move it along for those that take longer.
	answerTime = 2 * time.Minute
	// headerBytes bounds what the headers of a request may hold.
	headerBytes = 64 << 10
	// sharedTime is how old what many pages show at once may be, such as the overview. It is
	// read anew at once after a change that is made on this server.
	sharedTime = 2 * time.Second
	// drainTime is how long open requests may take when the server stops.
	drainTime = 5 * time.Second
)

func newServe(f *flags) *cobra.Command {
	var listen string
	cmd := &cobra.Command{
		Use:   "serve",
		Short: "Run the schedules, the dashboard and the API",
		Long: `Runs the schedules, the dashboard and the API until SIGTERM or SIGINT.

Then nothing new is begun, and what runs has shutdown_grace (30s) to come to its
end. What has not is handed over: to another server, or to the next start. A
second signal ends the wait, a third one the process.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) (err error) {
			c, err := f.load(listen)
			if err != nil {
				return err
			}
			a, err := openApp(cmd.Context(), c, serving, serverLog(cmd.ErrOrStderr()))
			if err != nil {
				return err
			}
			defer func() { err = errors.Join(err, a.close()) }()
			hangups := make(chan os.Signal, 1)
			signal.Notify(hangups, syscall.SIGHUP)
			defer signal.Stop(hangups)
			stops := make(chan os.Signal, 2)
			signal.Notify(stops, os.Interrupt, syscall.SIGTERM)
			defer signal.Stop(stops)
			return a.serve(cmd.Context(), cmd.OutOrStdout(), f.loadOptions(listen), hangups, stops)
		},
	}
	cmd.Flags().StringVar(&listen, "listen", "", "address to listen on (default: 127.0.0.1:8080)")
	return cmd
}

// serve runs everything a server does until the context ends, and then lets what runs
// come to its end. A hangup makes it read its configuration again, and a second of stops
// ends the wait at the end; nil is none of them.
func (a *app) serve(ctx context.Context, out io.Writer, options config.Options, hangups <-chan os.Signal, stops chan os.Signal) error {
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", a.config.HTTP.Listen)
	if err != nil {
		return fmt.Errorf("listen on %s: %w: stop what uses the address, or choose another with --listen", a.config.HTTP.Listen, err)
	}
	ready, err := a.prepare(ctx, listener.Addr())
	if err != nil {
		return errors.Join(err, listener.Close())
	}
	plan := schedule.New(a.catalog, a.store, a.backups, a.log,
		schedule.WithUpkeep("check drives", a.upkeep.CheckDue), schedule.WithUpkeep("read copies back", a.upkeep.SampleDue),
		schedule.WithUpkeep("look for the copies of drives that moved", a.upkeep.MovedDue),
		schedule.WithUpkeep("write down what drives hold", a.upkeep.UsageDue),
		schedule.WithUpkeep("settle restores and drills", a.restores.Recover),
		schedule.WithUpkeep("carry out retention", a.retention.PruneDue), schedule.WithUpkeep("remove copies from drives", a.retention.RemoveDue),
		schedule.WithUpkeep("remove what adoptions left", a.adopt.Sweep), schedule.WithDrills(a.store, a.restores))
	a.planner.OnChange(plan.Changed)
	o := a.webOptions(listener.Addr(), ready.signingKey, plan)
	a.greet(out, listener.Addr(), o.Unprotected(), ready.claim)
	group, ctx := errgroup.WithContext(ctx)
	o.Background = func(work func(ctx context.Context)) { group.Go(func() error { work(ctx); return nil }) }
	handler := web.New(o)
	runs, end := a.grace(ctx, stops)
	defer end()
	group.Go(func() error { return a.backups.Work(ctx, runs) })
	group.Go(func() error { return a.drainRestores(ctx, runs) })
	group.Go(func() error { return plan.Run(ctx) })
	group.Go(func() error { return a.planner.Work(ctx) })
	group.Go(func() error { return a.notify.Work(ctx, plan) })
	group.Go(func() error { return a.watchConfig(ctx, options, plan, hangups) })
	if a.config.Accounts.Enabled {
		group.Go(func() error { return a.auth.Work(ctx) })
		group.Go(func() error { return a.watchClaim(ctx) })
	}
	group.Go(func() error { return serveHTTP(ctx, listener, ready.certificate.config(), handler, drainTime, a.log) })
	err = group.Wait()
	a.farewell(out)
	return err
}

// prepared is what a server needs before it answers.
type prepared struct {
	signingKey  []byte
	certificate *certificate
	// claim is the link by which the first owner is made; empty where there is one.
	claim string
}

func (a *app) prepare(ctx context.Context, addr net.Addr) (p prepared, err error) {
	if err := a.ring.Load(ctx); err != nil {
		return p, err
	}
	if p.signingKey, err = a.signingKey(ctx); err != nil {
		return p, err
	}
	a.warnOfKits(ctx)
	if c := a.config.HTTP; c.TLSCert != "" {
		if p.certificate, err = newCertificate(c.TLSCert, c.TLSKey, a.log); err != nil {
			return p, err
		}
	}
	if a.config.Accounts.Enabled {
		p.claim, err = a.offerClaim(ctx, addr)
	}
	return p, err
}

func (a *app) webOptions(addr net.Addr, key []byte, plan *schedule.Scheduler) web.Options {
	o := web.Options{Store: a.store, Backups: a.backups, Restores: a.restores, Catalog: a.catalog, Upkeep: a.upkeep, Schedule: plan, Retention: a.retention, Kits: a.kits, Planner: a.planner, Notify: a.notify, Version: versionText(),
		APIKeys: a.keys.current, BeyondLoopback: beyondLoopback(addr), AppURL: a.config.HTTP.AppURL,
		SigningKey: key, TLS: a.config.HTTP.TLSCert != "", TrustedProxies: a.config.HTTP.TrustedProxies, Log: a.log, Now: time.Now, Shared: sharedTime,
		Gallery: a.gallery || os.Getenv("BACKUPMAN_GALLERY") != ""}
	if a.config.Accounts.Enabled {
		o.Accounts, o.Secrets = claiming{a.auth, a}, a.vault
	}
	return o
}

// beyondLoopback reports whether other machines can reach an address.
func beyondLoopback(addr net.Addr) bool {
	tcp, ok := addr.(*net.TCPAddr)
	return !ok || !tcp.IP.IsLoopback()
}

// serveHTTP answers until the context ends, and then lets open requests end
// within drain; what is open after that is cut off.
// With a certificate it speaks https.
func serveHTTP(ctx context.Context, listener net.Listener, certificate *tls.Config, handler http.Handler, drain time.Duration, log *slog.Logger) error {
	server := &http.Server{Handler: handler, ReadHeaderTimeout: headerTime, ReadTimeout: bodyTime, WriteTimeout: answerTime, IdleTimeout: 2 * time.Minute, MaxHeaderBytes: headerBytes,
		ErrorLog: slog.NewLogLogger(log.Handler(), slog.LevelDebug), BaseContext: func(net.Listener) context.Context { return ctx }}
	server.TLSConfig = certificate
	answer := server.Serve
	if certificate != nil {
		answer = func(l net.Listener) error { return server.ServeTLS(l, "", "") }
	}
	done := make(chan error, 1)
	go func() {
		<-ctx.Done()
		within, cancel := context.WithTimeout(context.WithoutCancel(ctx), drain)
		defer cancel()
		done <- server.Shutdown(within)
	}()
	if err := answer(listener); !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("serve http: %w", err)
	}
	if err := <-done; err != nil {
		log.Warn("some requests were cut off at the end", "error", errors.Join(err, server.Close()))
	}
	return nil
}
