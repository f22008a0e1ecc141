package blob

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/minio/minio-go/v7"
	"github.com/minio/minio-go/v7/pkg/credentials"

	"github.com/zhisu/zhisu/internal/outbound"
)

const (
	// s3Time bounds one call; files are at most 20 MB.
	s3Time = 30 * time.Second
	// maxFile bounds what is read back, well above what is ever stored.
	maxFile = 64 << 20
)

// S3 is a store in a bucket of an S3-compatible service, which several instances share.
type S3 struct {
	core           *minio.Core
	bucket, prefix string
}

var _ Store = (*S3)(nil)

// openS3 reads s3://bucket[/prefix]?endpoint=…&region=…&path_style=true. It calls nobody: see Check.
func openS3(u *url.URL, o Options) (*S3, error) {
	q := u.Query()
	for name := range q {
		if name != "endpoint" && name != "region" && name != "path_style" {
			return nil, fmt.Errorf("ZHISU_BLOB_URL: unknown part %q; known are endpoint, region and path_style", name)
		}
	}
	region := q.Get("region")
	if region == "" {
		region = "us-east-1"
	}
	raw := q.Get("endpoint")
	if raw == "" {
		raw = "https://s3." + region + ".amazonaws.com"
	}
	if !strings.Contains(raw, "://") {
		raw = "https://" + raw
	}
	host, err := url.Parse(raw)
	if err != nil || host.Host == "" || host.Scheme != "https" && host.Scheme != "http" || strings.Trim(host.Path, "/") != "" {
		return nil, errors.New("ZHISU_BLOB_URL: endpoint must be a host or an http(s):// address without a path")
	}
	lookup, ok := map[string]minio.BucketLookupType{"": minio.BucketLookupAuto, "true": minio.BucketLookupPath, "false": minio.BucketLookupDNS}[q.Get("path_style")]
	if !ok {
		return nil, errors.New("ZHISU_BLOB_URL: path_style must be true or false")
	}
	creds := credentials.NewEnvAWS()
	if o.AccessKey != "" || o.SecretKey != "" {
		creds = credentials.NewStaticV4(o.AccessKey, o.SecretKey, "")
	}
	transport := o.Transport
	if transport == nil {
		transport = http.DefaultTransport
	}
	core, err := minio.NewCore(host.Host, &minio.Options{Creds: creds, Secure: host.Scheme == "https", Transport: transport, Region: region, BucketLookup: lookup, MaxRetries: 3})
	if err != nil {
		return nil, fmt.Errorf("ZHISU_BLOB_URL: %w", err)
	}
	s := &S3{core: core, bucket: u.Host, prefix: strings.Trim(u.Path, "/")}
	if s.prefix != "" {
		s.prefix += "/"
	}
	return s, nil
}

func (s *S3) key(name string) (string, error) {
	_, file, err := path(name)
	return s.prefix + file, err
}

// Put implements Store. The signature covers the content's hash, which is its name.
func (s *S3) Put(ctx context.Context, content []byte) (string, error) {
	name := Name(content)
	key, err := s.key(name)
	if err != nil {
		return "", err
	}
	ctx, cancel := context.WithTimeout(ctx, s3Time)
	defer cancel()
	if st, err := s.core.StatObject(ctx, s.bucket, key, minio.StatObjectOptions{}); err == nil && st.Size == int64(len(content)) {
		return name, nil
	}
	_, err = s.core.PutObject(ctx, s.bucket, key, bytes.NewReader(content), int64(len(content)), "", name, minio.PutObjectOptions{
		ContentType: "application/octet-stream", DisableContentSha256: true, // no streaming signature: not every service knows it
	})
	if err != nil {
		return "", s.failed("store file", err)
	}
	return name, nil
}

// Get implements Store. What comes back is compared with its name.
func (s *S3) Get(ctx context.Context, name string) ([]byte, error) {
	key, err := s.key(name)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, s3Time)
	defer cancel()
	r, _, _, err := s.core.GetObject(ctx, s.bucket, key, minio.GetObjectOptions{})
	if missing(err) {
		return nil, ErrNotFound
	}
	if err != nil {
		return nil, s.failed("read file", err)
	}
	b, err := io.ReadAll(io.LimitReader(r, maxFile))
	if err = errors.Join(err, r.Close()); err != nil {
		return nil, s.failed("read file", err)
	}
	if Name(b) != name {
		return nil, fmt.Errorf("read file: %s in bucket %s is damaged", name, s.bucket)
	}
	return b, nil
}

// Delete implements Store.
func (s *S3) Delete(ctx context.Context, name string) error {
	key, err := s.key(name)
	if err != nil {
		return nil //nolint:nilerr // what cannot be a name is not there
	}
	ctx, cancel := context.WithTimeout(ctx, s3Time)
	defer cancel()
	if err := s.core.RemoveObject(ctx, s.bucket, key, minio.RemoveObjectOptions{}); err != nil && !missing(err) {
		return s.failed("delete file", err)
	}
	return nil
}

// Close implements Store.
func (s *S3) Close() error { return nil }

// missing reports whether a file is not there; a bucket that is not there is a fault.
func missing(err error) bool {
	return err != nil && minio.ToErrorResponse(err).Code == minio.NoSuchKey
}

func (s *S3) failed(what string, err error) error {
	return fmt.Errorf("%s in bucket %s: %w", what, s.bucket, outbound.CleanError(err))
}
