package drive

import (
	_ "github.com/minio/crc64nvme"
	_ "github.com/minio/minio-go/v7"
	_ "github.com/minio/minio-go/v7/pkg/credentials"
	_ "github.com/pkg/sftp"
	_ "golang.org/x/crypto/ssh"
	_ "golang.org/x/crypto/ssh/agent"
	_ "golang.org/x/crypto/ssh/knownhosts"
	_ "golang.org/x/oauth2"
	_ "golang.org/x/oauth2/google"
	_ "golang.org/x/time/rate"
	_ "google.golang.org/api/drive/v3"
	_ "google.golang.org/api/googleapi"
	_ "google.golang.org/api/option"
)
