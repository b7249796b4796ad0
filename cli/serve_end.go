package cli

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"time"

	"github.com/backupman/backupman/models"
	"github.com/backupman/backupman/services/config"
	"github.com/backupman/backupman/services/disk"
	"github.com/backupman/backupman/services/secrets"
	"github.com/backupman/backupman/services/store"
)

// grace returns the context of what runs: it ends shutdown_grace after the server's own,
// or with the second of the signals that stop it. What comes after that ends the process.
func (a *app) grace(ctx context.Context, stops chan os.Signal) (context.Context, func()) {
	runs, end := context.WithCancel(context.WithoutCancel(ctx))
	go func() {
		select {
		case <-ctx.Done():
		case <-runs.Done():
			return
		}
		patience := time.NewTimer(a.config.ShutdownGrace)
		defer patience.Stop()
		select {
		case <-patience.C:
		case <-second(runs, stops):
		case <-runs.Done():
		}
		signal.Stop(stops) // the next one ends the process
		end()
	}()
	return runs, end
}

// second is closed with the second signal: the first is what made the server end.
func second(ctx context.Context, stops <-chan os.Signal) <-chan struct{} {
	came := make(chan struct{})
	go func() {
		for range 2 {
			select {
			case <-stops:
			case <-ctx.Done():
				return
			}
		}
		close(came)
	}()
	return came
}

// drainRestores lets restores and drills come to their end once the server was asked to
// end; app.close stops those that have not, and they say so.
func (a *app) drainRestores(ctx, runs context.Context) error {
	<-ctx.Done()
	a.restores.Drain(runs)
	return nil
}

// farewell tells what became of what ran when the server was asked to end.
func (a *app) farewell(out io.Writer) {
	for _, e := range a.backups.Endings() {
		fmt.Fprintf(out, "backup %s of %s: %s\n", e.BackupID, e.Label, e.Sentence)
		a.log.Info("what became of a backup at the end", "backup_id", e.BackupID, "job", e.Label, "outcome", e.Sentence)
	}
	if n := a.restores.Running(); n > 0 {
		fmt.Fprintf(out, "stopping %d restores and drills that have not come to their end: their pages say what is left\n", n)
		a.log.Warn("restores and drills are stopped at the end", "how_many", n)
	}
}

// signingKeyFact names the key of download links that replicas share.
const signingKeyFact = "signing_key"

// signingKey is the key of download links: the configured one, or one that is made once
// and kept, sealed in the metadata database where replicas share that and else in the data
// folder.
func (a *app) signingKey(ctx context.Context) ([]byte, error) {
	if key := a.config.HTTP.SigningKey; !key.Empty() {
		return []byte(key.Reveal()), nil
	}
	path := filepath.Join(a.config.Data, "signing.key")
	if a.config.Database.Provider != store.ProviderMySQL {
		return keptKey(path)
	}
	offer := rand.Text() + rand.Text()
	if kept, err := os.ReadFile(path); err == nil && len(kept) >= config.ShortestKey {
		offer = string(kept) // links that were made before replicas shared a key stay good
	}
	key, err := a.sharedKey(ctx, offer)
	if errors.Is(err, models.ErrConflict) {
		a.log.Error("download links of other servers are not good on this one", "error", err)
		return keptKey(path)
	}
	return key, err
}

// The row and the field that the sealed key is bound to.
const (
	signingKeyRow   = "facts/" + signingKeyFact
	signingKeyField = "value"
)

// sharedKey returns the key that replicas share. Earlier versions kept it as it is: then
// it is sealed now.
func (a *app) sharedKey(ctx context.Context, offer string) ([]byte, error) {
	sealed, err := a.ring.Seal([]byte(offer), signingKeyRow, signingKeyField)
	if err != nil {
		return nil, err
	}
	kept, err := a.store.SharedFact(ctx, signingKeyFact, sealed)
	if err != nil {
		return nil, err
	}
	if secrets.Sealed(kept) {
		return a.ring.Unseal(kept, signingKeyRow, signingKeyField)
	}
	if sealed, err = a.ring.Seal([]byte(kept), signingKeyRow, signingKeyField); err != nil {
		return nil, err
	}
	return []byte(kept), a.store.ReplaceFact(ctx, signingKeyFact, kept, sealed)
}

func keptKey(path string) ([]byte, error) {
	key, err := disk.Once(path, rand.Text()+rand.Text())
	if err != nil {
		return nil, fmt.Errorf("keep the key that signs download links: %w", err)
	}
	if len(key) < config.ShortestKey {
		return nil, fmt.Errorf("the key in %s is too short to sign download links: remove the file, so that another is made", path)
	}
	return []byte(key), nil
}
