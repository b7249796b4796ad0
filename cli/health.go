package cli

import (
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/backupman/backupman/services/config"
)

// healthTime bounds how long a server may take to answer.
const healthTime = 5 * time.Second

func newHealth(f *flags) *cobra.Command {
	var listen string
	cmd := &cobra.Command{
		Use:   "health",
		Short: "Ask the running server whether it is well",
		Long:  "Asks the running server whether it is well, and ends with status 1 when it is not or does not answer. Made for container health checks.",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := f.load(listen)
			if err != nil {
				return err
			}
			return askHealth(cmd.Context(), cmd.OutOrStdout(), c.HTTP)
		},
	}
	cmd.Flags().StringVar(&listen, "listen", "", "address of the server (default: that of the configuration)")
	return cmd
}

func askHealth(ctx context.Context, out io.Writer, c config.HTTP) error {
	listen, client, scheme := c.Listen, http.DefaultClient, "http"
	if c.TLSCert != "" {
		client, scheme = unverified(), "https"
	}
	ctx, cancel := context.WithTimeout(ctx, healthTime)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, scheme+"://"+reachable(listen)+"/health", nil)
	if err != nil {
		return fmt.Errorf("ask the server at %s: %w", listen, err)
	}
	res, err := client.Do(req)
	if err != nil {
		return fmt.Errorf("no server answers at %s: start it with: backupman serve", listen)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(io.LimitReader(res.Body, 4096))
	if err != nil {
		return fmt.Errorf("read the answer of the server at %s: %w", listen, err)
	}
	if res.StatusCode != http.StatusOK {
		return fmt.Errorf("the server at %s is not well: %s", listen, strings.TrimSpace(string(body)))
	}
	_, err = fmt.Fprintln(out, strings.TrimSpace(string(body)))
	return err
}

// unverified asks a server on this machine by its address, which is not what its
// certificate is for. Nothing secret is sent, and what it answers is only shown.
func unverified() *http.Client {
	return &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}, DisableKeepAlives: true}}
}

// reachable turns an address to listen on into one to call.
func reachable(listen string) string {
	host, port, err := net.SplitHostPort(listen)
	if err != nil {
		return listen
	}
	if ip := net.ParseIP(host); host == "" || ip != nil && ip.IsUnspecified() {
		host = "127.0.0.1"
	}
	return net.JoinHostPort(host, port)
}
