package cli

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
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
	// drainTime is how long open requests may take when the server stops.
	drainTime = 5 * time.Second
)

func newServe(f *flags) *cobra.Command {
	var listen string
	cmd := &cobra.Command{
		Use:   "serve",
		Short: "Run the schedules, the dashboard and the API",
		Args:  cobra.NoArgs,
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
			return a.serve(cmd.Context(), cmd.OutOrStdout(), f.loadOptions(listen), hangups)
		},
	}
	cmd.Flags().StringVar(&listen, "listen", "", "address to listen on (default: 127.0.0.1:8080)")
	return cmd
}

// serve runs everything a server does until the context ends. A hangup makes it
// read its configuration again; nil is none.
func (a *app) serve(ctx context.Context, out io.Writer, options config.Options, hangups <-chan os.Signal) error {
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", a.config.HTTP.Listen)
	if err != nil {
		return fmt.Errorf("listen on %s: %w: stop what uses the address, or choose another with --listen", a.config.HTTP.Listen, err)
	}
	key, err := signingKey(a.config.Data)
	if err != nil {
		return errors.Join(err, listener.Close())
	}
	plan := schedule.New(a.catalog, a.backups, a.log,
		schedule.WithUpkeep("check drives", a.upkeep.CheckDue), schedule.WithUpkeep("read copies back", a.upkeep.SampleDue),
		schedule.WithUpkeep("settle restores and drills", a.restores.Recover),
		schedule.WithUpkeep("remove what adoptions left", a.adopt.Sweep), schedule.WithDrills(a.store, a.restores))
	a.greet(out, listener.Addr())
	group, ctx := errgroup.WithContext(ctx)
	o := a.webOptions(listener.Addr(), key, plan)
	o.Background = func(work func(ctx context.Context)) { group.Go(func() error { work(ctx); return nil }) }
	handler := web.New(o)
	group.Go(func() error { return a.backups.Work(ctx) })
	group.Go(func() error { return plan.Run(ctx) })
	group.Go(func() error { return a.watchConfig(ctx, options, plan, hangups) })
	group.Go(func() error { return serveHTTP(ctx, listener, handler, drainTime, a.log) })
	return group.Wait()
}

func (a *app) webOptions(addr net.Addr, key []byte, plan *schedule.Scheduler) web.Options {
	return web.Options{Store: a.store, Backups: a.backups, Restores: a.restores, Catalog: a.catalog, Upkeep: a.upkeep, Schedule: plan, Version: versionText(),
		APIKeys: a.keys.current, BeyondLoopback: beyondLoopback(addr), AppURL: a.config.HTTP.AppURL,
		SigningKey: key, Log: a.log, Now: time.Now}
}

// greet tells where the dashboard is, and what is refused there and why.
func (a *app) greet(out io.Writer, addr net.Addr) {
	fmt.Fprintf(out, "Dashboard: http://%s\n", reachable(addr.String()))
	for _, note := range a.config.Notes {
		fmt.Fprintf(out, "note: %s\n", note)
	}
	switch {
	case beyondLoopback(addr):
		fmt.Fprintf(out, "WARNING: listening on %s, which other machines can reach. This version has no accounts yet, so\n"+
			"         its pages are refused on this address: listen on 127.0.0.1 and use an SSH tunnel to see them.\n", addr)
	case web.AppURLBeyond(a.config.HTTP.AppURL):
		fmt.Fprint(out, "WARNING: http.app_url names an address that other machines can reach. This version has no accounts yet, so\n"+
			"         its pages are refused: remove http.app_url and use an SSH tunnel to see them.\n")
	default:
		return
	}
	if len(a.config.HTTP.APIKeys) == 0 {
		fmt.Fprintln(out, "WARNING: the API is refused too until http.api_keys names a key.")
	}
}

// beyondLoopback reports whether other machines can reach an address.
func beyondLoopback(addr net.Addr) bool {
	tcp, ok := addr.(*net.TCPAddr)
	return !ok || !tcp.IP.IsLoopback()
}

// serveHTTP answers until the context ends, and then lets open requests end
// within drain; what is open after that is cut off.
func serveHTTP(ctx context.Context, listener net.Listener, handler http.Handler, drain time.Duration, log *slog.Logger) error {
	server := &http.Server{Handler: handler, ReadHeaderTimeout: headerTime, ReadTimeout: bodyTime, IdleTimeout: 2 * time.Minute,
		ErrorLog: slog.NewLogLogger(log.Handler(), slog.LevelDebug), BaseContext: func(net.Listener) context.Context { return ctx }}
	done := make(chan error, 1)
	go func() {
		<-ctx.Done()
		within, cancel := context.WithTimeout(context.WithoutCancel(ctx), drain)
		defer cancel()
		done <- server.Shutdown(within)
	}()
	if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("serve http: %w", err)
	}
	if err := <-done; err != nil {
		log.Warn("some requests were cut off at the end", "error", errors.Join(err, server.Close()))
	}
	return nil
}

// signingKey is the key of download links, made once and kept in the data folder.
func signingKey(dataDir string) ([]byte, error) {
	path := filepath.Join(dataDir, "signing.key")
	key, err := os.ReadFile(path)
	if err == nil && len(strings.TrimSpace(string(key))) >= 32 {
		return key, nil
	}
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return nil, fmt.Errorf("read the signing key: %w", err)
	}
	text := []byte(rand.Text() + rand.Text())
	if err := os.WriteFile(path, text, 0o600); err != nil {
		return nil, fmt.Errorf("keep the signing key: %w", err)
	}
	return text, nil
}
