package blob_test

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/zhisu/zhisu/internal/blob"
)

const (
	accessKey = "AKIDEXAMPLE"
	secretKey = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"
)

// bucket is an S3 service with one bucket, strict about signatures (AWS Signature Version 4: docs.aws.amazon.com/IAM, "Create a signed AWS API request").
type bucket struct {
	mu     sync.Mutex
	files  map[string][]byte
	calls  []string
	broken string // what to answer instead of a file
}

func (b *bucket) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err == nil {
		err = verify(r, body)
	}
	if err != nil {
		fail(w, r, http.StatusForbidden, "SignatureDoesNotMatch", err.Error())
		return
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	name, key, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, "/"), "/")
	b.calls = append(b.calls, r.Method+" "+key)
	if name != "pictures" {
		fail(w, r, http.StatusNotFound, "NoSuchBucket", "no such bucket")
		return
	}
	content, known := b.files[key]
	switch {
	case r.Method == http.MethodPut:
		b.files[key] = body
		w.Header().Set("ETag", `"`+strings.Repeat("0", 32)+`"`)
	case r.Method == http.MethodDelete:
		delete(b.files, key)
		w.WriteHeader(http.StatusNoContent)
	case !known:
		fail(w, r, http.StatusNotFound, "NoSuchKey", "no such key")
	default:
		if b.broken != "" {
			content = []byte(b.broken)
		}
		w.Header().Set("ETag", `"`+strings.Repeat("0", 32)+`"`)
		w.Header().Set("Last-Modified", "Thu, 12 Mar 2026 06:18:00 GMT")
		w.Header().Set("Content-Length", fmt.Sprint(len(content)))
		if r.Method == http.MethodGet {
			_, _ = w.Write(content)
		}
	}
}

func fail(w http.ResponseWriter, r *http.Request, status int, code, text string) {
	w.Header().Set("Content-Type", "application/xml")
	w.WriteHeader(status)
	if r.Method != http.MethodHead {
		fmt.Fprintf(w, `<?xml version="1.0"?><Error><Code>%s</Code><Message>%s</Message></Error>`, code, text)
	}
}

// verify computes the signature of a request anew and compares.
func verify(r *http.Request, body []byte) error {
	auth, ok := strings.CutPrefix(r.Header.Get("Authorization"), "AWS4-HMAC-SHA256 ")
	if !ok {
		return errors.New("no signature")
	}
	part := map[string]string{}
	for p := range strings.SplitSeq(auth, ",") {
		k, v, _ := strings.Cut(strings.TrimSpace(p), "=")
		part[k] = v
	}
	scope := strings.Split(part["Credential"], "/") // key/date/region/service/aws4_request
	if len(scope) != 5 || scope[0] != accessKey || scope[2] != "cn-test-1" || scope[3] != "s3" || scope[4] != "aws4_request" {
		return fmt.Errorf("credential %v", scope)
	}
	sum := sha256.Sum256(body)
	if got := r.Header.Get("X-Amz-Content-Sha256"); got != hex.EncodeToString(sum[:]) && (r.Method == http.MethodPut || got != "UNSIGNED-PAYLOAD") {
		return fmt.Errorf("hash of content %s", got)
	}
	names := strings.Split(part["SignedHeaders"], ";")
	if !slices.Contains(names, "host") || !slices.Contains(names, "x-amz-content-sha256") || !slices.Contains(names, "x-amz-date") {
		return fmt.Errorf("signed headers %v", names)
	}
	canonical := r.Method + "\n" + r.URL.EscapedPath() + "\n" + strings.ReplaceAll(r.URL.Query().Encode(), "+", "%20") + "\n"
	for _, n := range names {
		v := r.Header.Get(n)
		if n == "host" {
			v = r.Host
		}
		canonical += n + ":" + strings.TrimSpace(v) + "\n"
	}
	canonical += "\n" + part["SignedHeaders"] + "\n" + r.Header.Get("X-Amz-Content-Sha256")
	hashed := sha256.Sum256([]byte(canonical))
	toSign := "AWS4-HMAC-SHA256\n" + r.Header.Get("X-Amz-Date") + "\n" + strings.Join(scope[1:], "/") + "\n" + hex.EncodeToString(hashed[:])
	key := []byte("AWS4" + secretKey)
	for _, s := range append(scope[1:5:5], toSign) {
		m := hmac.New(sha256.New, key)
		m.Write([]byte(s))
		key = m.Sum(nil)
	}
	if hex.EncodeToString(key) != part["Signature"] {
		return errors.New("signature")
	}
	return nil
}

func s3(t *testing.T, name, secret string) (blob.Store, *bucket) {
	t.Helper()
	b := &bucket{files: map[string][]byte{}}
	srv := httptest.NewServer(b)
	t.Cleanup(srv.Close)
	s, err := blob.Open(blob.Options{
		URL: "s3://" + name + "?endpoint=" + url.QueryEscape(srv.URL) + "&region=cn-test-1&path_style=true", AccessKey: accessKey, SecretKey: secret,
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s, b
}

func TestABucketKeepsFilesOnceUnderTheirHash(t *testing.T) {
	s, b := s3(t, "pictures/shop", secretKey)
	content := bytes.Repeat([]byte("一张图片"), 1<<20) // 12 MB, in one piece
	name, err := s.Put(t.Context(), content)
	if err != nil || name != blob.Name(content) {
		t.Fatalf("stored as %s, %v", name, err)
	}
	key := "shop/" + name[:2] + "/" + name
	if !bytes.Equal(b.files[key], content) {
		t.Fatalf("in the bucket: %v", b.calls)
	}
	if again, err := s.Put(t.Context(), content); err != nil || again != name {
		t.Errorf("stored again as %s, %v", again, err)
	}
	if got, err := s.Get(t.Context(), name); err != nil || !bytes.Equal(got, content) {
		t.Errorf("read %d bytes, %v", len(got), err)
	}
	if puts := slices.DeleteFunc(slices.Clone(b.calls), func(c string) bool { return !strings.HasPrefix(c, "PUT") }); len(puts) != 1 {
		t.Errorf("the same content was sent %d times", len(puts))
	}
	for range 2 {
		if err := s.Delete(t.Context(), name); err != nil {
			t.Errorf("delete: %v", err)
		}
	}
	if _, err := s.Get(t.Context(), name); !errors.Is(err, blob.ErrNotFound) {
		t.Errorf("after deleting: %v", err)
	}
	for _, wrong := range []string{"", "../" + name[3:], strings.ToUpper(name)} {
		if _, err := s.Get(t.Context(), wrong); !errors.Is(err, blob.ErrNotFound) {
			t.Errorf("%q: %v", wrong, err)
		}
	}
	if err := blob.Check(t.Context(), s); err != nil || len(b.files) != 0 {
		t.Errorf("check: %v, left %d", err, len(b.files))
	}
	// What comes back wrong is not believed.
	if _, err := s.Put(t.Context(), []byte("good")); err != nil {
		t.Fatal(err)
	}
	b.broken = "evil"
	if got, err := s.Get(t.Context(), blob.Name([]byte("good"))); err == nil {
		t.Errorf("damaged content was given out: %q", got)
	}
}

func TestABucketThatRefusesIsAnErrorWithoutSecrets(t *testing.T) {
	for what, open := range map[string]func() blob.Store{
		"a wrong key":    func() blob.Store { s, _ := s3(t, "pictures", "wrong-secret-key"); return s },
		"another bucket": func() blob.Store { s, _ := s3(t, "others", secretKey); return s },
	} {
		s := open()
		_, err := s.Get(t.Context(), blob.Name([]byte("x")))
		if err == nil || errors.Is(err, blob.ErrNotFound) {
			t.Errorf("%s, reading: %v", what, err)
		}
		if err := blob.Check(t.Context(), s); err == nil || strings.Contains(err.Error(), accessKey) || strings.Contains(err.Error(), "secret-key") {
			t.Errorf("%s, check: %v", what, err)
		}
	}
}
