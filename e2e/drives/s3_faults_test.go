package drives

import (
	"context"
	"io"
	"net/http"
	"testing"

	"github.com/minio/minio-go/v7"

	"github.com/backupman/backupman/e2e/servers"
	"github.com/backupman/backupman/models"
)

func s3Place(server servers.S3Server, endpoint string) place {
	return place{
		provider: "s3",
		settings: models.Settings{"bucket": server.Bucket, "region": server.Region, "endpoint": endpoint, "access_key": server.AccessKey,
			"secret_key": server.SecretKey, "force_path_style": "true", "checksums": "off"},
		names: server.Names,
		open: func(t testing.TB, key string) (io.ReadCloser, error) {
			object, err := server.Client(t).GetObject(context.Background(), server.Bucket, key, minio.GetObjectOptions{})
			if err != nil {
				return nil, err
			}
			if _, err := object.Stat(); err != nil {
				return nil, err
			}
			return object, nil
		},
	}
}

func s3Says(status int, code string) servers.HTTPAction {
	return servers.Answer(status, http.Header{"Content-Type": {"application/xml"}},
		`<?xml version="1.0" encoding="UTF-8"?><Error><Code>`+code+`</Code><Message>no</Message></Error>`)
}

const (
	small = 300_000
	large = 18 << 20
)

func TestS3WithstandsFaults(t *testing.T) {
	t.Parallel()
	s3Withstands(t,
		stage{name: "small put", method: "PUT", path: ".bin", size: small, sends: true},
		stage{name: "look", method: "HEAD", path: ".bin", size: small, dogged: true},
		stage{name: "read back", method: "GET", path: ".bin", size: small, reads: true},
		stage{name: "manifest", method: "PUT", path: ".json", size: small})
}

func TestS3InPartsWithstandsFaults(t *testing.T) {
	t.Parallel()
	s3Withstands(t,
		stage{name: "begin", method: "POST", query: "uploads", size: large},
		stage{name: "first part", method: "PUT", query: "partNumber=1", size: large, sends: true},
		stage{name: "last part", method: "PUT", query: "partNumber=2", size: large, sends: true},
		stage{name: "complete", method: "POST", query: "uploadId", size: large})
}

func s3Withstands(t *testing.T, stages ...stage) {
	t.Helper()
	server := servers.S3(t)
	proxy := servers.HTTPProxy(t, server.URL)
	l := newLab(t, s3Place(server, proxy.URL))
	n := l.withstands(t, httpFaults(proxy, stages, mishaps(s3Says(http.StatusBadRequest, "ExpiredToken"), s3Says(http.StatusForbidden, "QuotaExceeded"))))
	t.Logf("%d faults struck", n)
}
