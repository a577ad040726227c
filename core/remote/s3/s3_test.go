package s3

import (
	"context"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/minio/minio-go/v7"

	"coverslip.dev/coverslip/core/fault"
	"coverslip.dev/coverslip/core/remote"
	"coverslip.dev/coverslip/core/remote/remotetest"
	"coverslip.dev/coverslip/core/servertest"
)

const testBucket = "coverslip-test"

// server returns the options of a real S3 server, with the test's bucket made.
func server(t *testing.T) map[string]string {
	t.Helper()
	address := servertest.Need(t, "COVERSLIP_TEST_S3")
	conf := map[string]string{"endpointurl": address, "access_key_id": "labadmin", "secret_access_key": "labsecret123"}
	b := open(t, "s3://"+testBucket, conf)
	err := b.core.MakeBucket(t.Context(), testBucket, minio.MakeBucketOptions{})
	if err != nil && code(err) != "BucketAlreadyOwnedByYou" && code(err) != "BucketAlreadyExists" {
		t.Fatal(err)
	}
	return conf
}

func with(conf map[string]string, more ...string) map[string]string {
	c := maps.Clone(conf)
	for i := 0; i < len(more); i += 2 {
		c[more[i]] = more[i+1]
	}
	return c
}

func open(t *testing.T, url string, conf map[string]string) *Bucket {
	t.Helper()
	o, err := Parse(url, conf)
	if err != nil {
		t.Fatal(err)
	}
	b, err := Open(o)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

var places atomic.Int64

// fresh is an empty remote of its own, cleared in the end.
func fresh(t *testing.T, conf map[string]string) *Bucket {
	t.Helper()
	b := open(t, fmt.Sprintf("s3://%s/lab %d+%d/µ", testBucket, time.Now().UnixNano(), places.Add(1)), conf)
	remotetest.Emptied(t, b)
	return b
}

func TestContract(t *testing.T) {
	conf := server(t)
	remotetest.Run(t, func(t *testing.T) remote.Remote { t.Helper(); return fresh(t, conf) })
}

func TestContractWithoutConditions(t *testing.T) {
	conf := server(t)
	remotetest.Run(t, func(t *testing.T) remote.Remote {
		t.Helper()
		b := fresh(t, conf)
		b.plain.Store(true)
		return b
	})
}

func wantFault(t *testing.T, what string, err error, k fault.Kind, words string) {
	t.Helper()
	remotetest.WantFault(t, what, err, k, words, "labsecret123")
}

// every calls all methods of a remote that should fail.
func every(t *testing.T, b *Bucket) map[string]error {
	t.Helper()
	_, stat := b.Stat(t.Context(), "files/md5/ab/cd")
	_, open := b.Open(t.Context(), "files/md5/ab/cd", 0)
	all := map[string]error{
		"stat": stat, "open": open, "remove": b.Remove(t.Context(), "files/md5/ab/cd"),
		"put":     b.Put(t.Context(), "files/md5/ab/cd", strings.NewReader("x"), 1),
		"big put": b.Put(t.Context(), "files/md5/ab/cd", &remotetest.Zeros{Size: partsFrom}, partsFrom),
	}
	for _, err := range b.List(t.Context(), "") {
		all["list"] = err
	}
	return all
}

func TestFaults(t *testing.T) {
	conf := server(t)
	closed, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	closed.Close()
	for name, c := range map[string]struct {
		url   string
		conf  map[string]string
		kind  fault.Kind
		words string
	}{
		"missing bucket": {"s3://coverslip-none/x", conf, fault.Invalid, "There is no bucket coverslip-none"},
		"wrong secret":   {"s3://coverslip-test", with(conf, "secret_access_key", "labsecret1234"), fault.Denied, "The secret key for s3://coverslip-test is wrong"},
		"unknown key":    {"s3://coverslip-test", with(conf, "access_key_id", "nobody"), fault.Denied, "does not know the access key"},
		"nobody listens": {"s3://coverslip-test", with(conf, "endpointurl", "http://"+closed.Addr().String()), fault.Offline, "can't be reached"},
		"no such host":   {"s3://coverslip-test", with(conf, "endpointurl", "http://nas.invalid:9000"), fault.Offline, "can't be reached"},
		"https to http":  {"s3://coverslip-test", with(conf, "endpointurl", strings.Replace(conf["endpointurl"], "http:", "https:", 1)), fault.Invalid, "does not speak https"},
	} {
		t.Run(name, func(t *testing.T) {
			for what, err := range every(t, open(t, c.url, c.conf)) {
				wantFault(t, what, err, c.kind, c.words)
			}
		})
	}
}

func TestCertificates(t *testing.T) {
	s := httptest.NewTLSServer(nil)
	defer s.Close()
	conf := map[string]string{"endpointurl": s.URL, "access_key_id": "a", "secret_access_key": "b"}
	_, err := open(t, "s3://bkt", conf).Stat(t.Context(), "k")
	wantFault(t, "unknown authority", err, fault.Invalid, "certificate")
	_, err = open(t, "s3://bkt", with(conf, "ssl_verify", "false")).Stat(t.Context(), "k")
	wantFault(t, "not verified", err, fault.Invalid, "no bucket bkt")
	file := filepath.Join(t.TempDir(), "ca.pem")
	if err := os.WriteFile(file, []byte("nothing"), 0o600); err != nil {
		t.Fatal(err)
	}
	o, err := Parse("s3://b", with(conf, "ssl_verify", file))
	if err != nil {
		t.Fatal(err)
	}
	_, err = Open(o)
	wantFault(t, "no certificate", err, fault.Invalid, "holds no certificate")
}

func TestOptions(t *testing.T) {
	keys := map[string]string{"access_key_id": "a", "secret_access_key": "s"}
	for name, c := range map[string]struct {
		url   string
		conf  map[string]string
		words string
	}{
		"unknown":     {"s3://b/p", with(keys, "endpiont", "x"), "“endpiont”"},
		"half a key":  {"s3://b", map[string]string{"access_key_id": "a"}, "one of its two keys"},
		"no flag":     {"s3://b", with(keys, "use_ssl", "maybe"), "use_ssl"},
		"no number":   {"s3://b", with(keys, "jobs", "0"), "jobs"},
		"encryption":  {"s3://b", with(keys, "sse", "aws:kms"), "can't honour the option sse"},
		"versions":    {"s3://b", with(keys, "version_aware", "true"), "version_aware"},
		"no bucket":   {"s3:///p", keys, "makes no sense"},
		"other place": {"s3://b/../c", keys, "outside"},
		"login":       {"s3://u:p@b", keys, "makes no sense"},
		"endpoint":    {"s3://b", with(keys, "endpointurl", "minio:9000"), "makes no sense"},
		"path":        {"s3://b", with(keys, "endpointurl", "http://minio:9000/x"), "makes no sense"},
		"authority":   {"s3://b", with(keys, "ssl_verify", "/none.pem"), "/none.pem"},
		"no keys":     {"s3://b", map[string]string{"credentialpath": "/none"}, "There are no keys"},
	} {
		o, err := Parse(c.url, c.conf)
		if err == nil {
			_, err = Open(o)
		}
		if say, _ := fault.Explain(err); err == nil || !strings.Contains(say, c.words) {
			t.Errorf("%s: %v; want %q", name, err, c.words)
		}
	}
	all := with(keys, "region", "eu-west-1", "session_token", "t", "use_ssl", "False", "ssl_verify", "true", "verify", "true", "jobs", "3",
		"checksum_jobs", "2", "version_aware", "false", "read_timeout", "7", "connect_timeout", "2", "listobjects", "true", "cache_regions", "true")
	b := open(t, "s3://b/p/q/", all)
	if b.Name() != "s3://b/p/q" || b.Caps().Parallel != 3 || b.Caps().Local {
		t.Errorf("%q, %+v", b.Name(), b.Caps())
	}
}

func TestProfile(t *testing.T) {
	file := filepath.Join(t.TempDir(), "credentials")
	conf := server(t)
	text := "[lab]\naws_access_key_id = labadmin\naws_secret_access_key = labsecret123\n"
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	b := open(t, "s3://"+testBucket+"/p", map[string]string{"endpointurl": conf["endpointurl"], "credentialpath": file, "profile": "lab"})
	if _, err := b.Stat(t.Context(), "none"); fault.KindOf(err) != fault.NotFound {
		t.Error(err)
	}
}

func TestWrongBytesAreRefused(t *testing.T) {
	b := fresh(t, server(t))
	const key = "files/md5/5d/41402abc4b2a76b9719d911017c592" // of hello
	wantFault(t, "small", b.Put(t.Context(), key, strings.NewReader("HELLO"), 5), fault.Corrupt, "not those of its name")
	wantFault(t, "big", b.Put(t.Context(), key, &remotetest.Zeros{Size: partsFrom + 1}, partsFrom+1), fault.Corrupt, "not those of its name")
	for info, err := range b.List(t.Context(), "") {
		t.Errorf("left behind: %v, %v", info, err)
	}
	uploads(t, b, 0)
	if err := b.Put(t.Context(), key, strings.NewReader("hello"), 5); err != nil {
		t.Error(err)
	}
	wantFault(t, "other size", b.Put(t.Context(), key, strings.NewReader("hello!"), 6), fault.Exists, "Another file")
}

// uploads counts the uploads that the server has begun and not ended.
func uploads(t *testing.T, b *Bucket, want int) {
	t.Helper()
	r, err := b.core.ListMultipartUploads(t.Context(), b.bucket, b.prefix, "", "", "", 100)
	if err != nil || len(r.Uploads) != want {
		t.Errorf("%d uploads, %v; want %d", len(r.Uploads), err, want)
	}
}

func TestBigBlobInParts(t *testing.T) {
	b := fresh(t, server(t))
	const size = partsFrom + 12345
	if err := b.Put(t.Context(), "big", &remotetest.Zeros{Size: size}, size); err != nil {
		t.Fatal(err)
	}
	o, err := b.core.StatObject(t.Context(), b.bucket, b.prefix+"big", minio.StatObjectOptions{})
	if err != nil || o.Size != size || !strings.HasSuffix(o.ETag, "-3") {
		t.Errorf("%+v, %v", o, err)
	}
	rc, err := b.Open(t.Context(), "big", size-5)
	if err != nil {
		t.Fatal(err)
	}
	defer rc.Close()
	if got, err := io.ReadAll(rc); err != nil || len(got) != 5 {
		t.Errorf("%d bytes, %v", len(got), err)
	}
	if err := b.Put(t.Context(), "big", &remotetest.Zeros{Size: size}, size); err != nil {
		t.Errorf("again: %v", err)
	}
	uploads(t, b, 0)
}

func TestStoppedUploadIsAborted(t *testing.T) {
	conf := server(t)
	for name, c := range map[string]struct {
		kind fault.Kind
		end  func(cancel func()) error
	}{
		"stopped":     {fault.Canceled, func(cancel func()) error { cancel(); return nil }},
		"broken disk": {fault.Corrupt, func(func()) error { return fault.New(fault.Corrupt, "The disk is broken.", "Mend it.", nil) }},
	} {
		t.Run(name, func(t *testing.T) {
			b := fresh(t, conf)
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			src := &remotetest.Zeros{Size: 3 * partsFrom, Stop: partSize + 1<<20, What: func() error { return c.end(cancel) }}
			err := b.Put(ctx, "big", src, src.Size)
			if at, serr := src.Seek(0, io.SeekCurrent); serr != nil || at > 2*partSize {
				t.Errorf("read up to %d, %v", at, serr)
			}
			if fault.KindOf(err) != c.kind {
				t.Errorf("%v", err)
			}
			uploads(t, b, 0)
			if _, err := b.Stat(t.Context(), "big"); fault.KindOf(err) != fault.NotFound {
				t.Errorf("a half is there: %v", err)
			}
		})
	}
}

// TestServerHangsUp: a server may refuse a blob that it has before it has read it, and the
// connection with it.
func TestServerHangsUp(t *testing.T) {
	b := fresh(t, server(t))
	for range 6 {
		for _, n := range []int64{0, 5, 500_000} {
			if err := b.Put(t.Context(), fmt.Sprint(n), &remotetest.Zeros{Size: n}, n); err != nil {
				t.Error(err)
			}
		}
	}
	const n = 400_000
	wantFault(t, "other size", b.Put(t.Context(), "500000", &remotetest.Zeros{Size: n}, n), fault.Exists, "Another file")
}

func TestMemory(t *testing.T) {
	conf := server(t)
	remotetest.Memory(t, partsFrom, func(t *testing.T) remote.Remote { t.Helper(); return fresh(t, conf) })
}

func TestReadingStopsAtOnce(t *testing.T) { remotetest.ReadingStops(t, fresh(t, server(t))) }

func TestListGoesOnAfterAPage(t *testing.T) {
	b := fresh(t, server(t))
	for i := range 1005 {
		if err := b.Put(t.Context(), fmt.Sprintf("files/md5/%02x/%d", i%256, i), strings.NewReader("x"), 1); err != nil {
			t.Fatal(err)
		}
	}
	n := 0
	for _, err := range b.List(t.Context(), "files/") {
		if err != nil {
			t.Fatal(err)
		}
		n++
	}
	if n != 1005 {
		t.Errorf("%d blobs", n)
	}
}
