package drive

import (
	"crypto/x509"
	"fmt"
	"os"
)

// certificates reads the authorities that may vouch for a server, from the file of a
// setting; without a file they are the system's, which nil stands for. The error goes
// on where a sentence has named the drive.
func certificates(file string) (*x509.CertPool, error) {
	if file == "" {
		return nil, nil //nolint:nilnil // what crypto/tls takes for the system's
	}
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("its tls_ca cannot be read (%w): correct the path", err)
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(text) {
		return nil, fmt.Errorf("its tls_ca %s holds no certificate: name a file in PEM form", file)
	}
	return pool, nil
}
