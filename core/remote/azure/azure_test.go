package azure

import (
	"bytes"
	"context"
	"crypto/md5"
	"errors"
	"fmt"
	"io"
	"maps"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/bloberror"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/container"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/sas"

	"coverslip.dev/coverslip/core/fault"
	"coverslip.dev/coverslip/core/remote"
	"coverslip.dev/coverslip/core/remote/remotetest"
	"coverslip.dev/coverslip/core/remote/wire"
	"coverslip.dev/coverslip/core/servertest"
)

const (
	testContainer = "coverslip-test"
	account       = "devstoreaccount1"
	// emulatorKey is in Microsoft's documentation.
	emulatorKey = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=="
)

func connection(address, key string) string {
	return "DefaultEndpointsProtocol=http;AccountName=" + account + ";AccountKey=" + key + ";BlobEndpoint=" + address + "/" + account + ";"
}

// server returns the address of a real Azurite, with the test's container made.
func server(t *testing.T) string {
	t.Helper()
	address := servertest.Need(t, "COVERSLIP_TEST_AZURITE")
	c := open(t, "azure://"+testContainer, login(address))
	if _, err := c.client.Create(t.Context(), nil); err != nil && !bloberror.HasCode(err, bloberror.ContainerAlreadyExists) {
		t.Fatal(err)
	}
	return address
}

func login(address string) map[string]string {
	return map[string]string{"connection_string": connection(address, emulatorKey)}
}

func with(conf map[string]string, more ...string) map[string]string {
	c := maps.Clone(conf)
	for i := 0; i < len(more); i += 2 {
		c[more[i]] = more[i+1]
	}
	return c
}

func open(t *testing.T, place string, conf map[string]string) *Container {
	t.Helper()
	o, err := Parse(place, conf)
	if err != nil {
		t.Fatal(err)
	}
	c, err := Open(o)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

var places atomic.Int64

// fresh is an empty remote of its own, cleared in the end.
func fresh(t *testing.T, address string) *Container {
	t.Helper()
	c := open(t, fmt.Sprintf("azure://%s/lab %d+%d/µ", testContainer, time.Now().UnixNano(), places.Add(1)), login(address))
	remotetest.Emptied(t, c)
	return c
}

func TestContract(t *testing.T) {
	address := server(t)
	remotetest.Run(t, func(t *testing.T) remote.Remote { t.Helper(); return fresh(t, address) })
}

func wantFault(t *testing.T, what string, err error, k fault.Kind, words string) {
	t.Helper()
	remotetest.WantFault(t, what, err, k, words, "sig=", emulatorKey[:9])
}

// every calls all methods of a remote that should fail.
func every(t *testing.T, c *Container) map[string]error {
	t.Helper()
	_, stat := c.Stat(t.Context(), "files/md5/ab/cd")
	_, open := c.Open(t.Context(), "files/md5/ab/cd", 0)
	all := map[string]error{
		"stat": stat, "open": open, "remove": c.Remove(t.Context(), "files/md5/ab/cd"),
		"put":     c.Put(t.Context(), "files/md5/ab/cd", strings.NewReader("x"), 1),
		"big put": c.Put(t.Context(), "files/md5/ab/cd", &remotetest.Zeros{Size: blocksFrom}, blocksFrom),
	}
	for _, err := range c.List(t.Context(), "") {
		all["list"] = err
	}
	return all
}

// signed is a login by a signature that ends after d and allows what p says.
func signed(t *testing.T, address string, p sas.ContainerPermissions, d time.Duration) map[string]string {
	t.Helper()
	key, err := container.NewSharedKeyCredential(account, emulatorKey)
	if err != nil {
		t.Fatal(err)
	}
	c, err := container.NewClientWithSharedKeyCredential(address+"/"+account+"/"+testContainer, key, nil)
	if err != nil {
		t.Fatal(err)
	}
	start := time.Now().Add(-24 * time.Hour)
	full, err := c.GetSASURL(p, time.Now().Add(d), &container.GetSASURLOptions{StartTime: &start})
	if err != nil {
		t.Fatal(err)
	}
	u, err := url.Parse(full)
	if err != nil {
		t.Fatal(err)
	}
	return map[string]string{"connection_string": "BlobEndpoint=" + address + "/" + account + ";SharedAccessSignature=" + u.RawQuery}
}

func TestFaults(t *testing.T) {
	address := server(t)
	closed, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	closed.Close()
	gone := "http://" + closed.Addr().String()
	all := sas.ContainerPermissions{Read: true, Write: true, List: true, Delete: true, Create: true}
	wrong := strings.Repeat("A", 86) + "=="
	for name, c := range map[string]struct {
		url   string
		conf  map[string]string
		kind  fault.Kind
		words string
	}{
		"missing container": {"azure://coverslip-none/x", login(address), fault.Invalid, "There is no container coverslip-none"},
		"wrong key":         {"azure://" + testContainer, map[string]string{"connection_string": connection(address, wrong)}, fault.Denied, "The login for azure://coverslip-test is wrong"},
		"expired":           {"azure://" + testContainer, signed(t, address, all, -time.Hour), fault.Denied, "has expired on"},
		"nobody listens":    {"azure://" + testContainer, login(gone), fault.Offline, "can't be reached"},
		"with a signature":  {"azure://" + testContainer, signed(t, gone, all, time.Hour), fault.Offline, "can't be reached"},
		"no such host":      {"azure://" + testContainer, login("http://nas.invalid:1"), fault.Offline, "can't be reached"},
		"https to http":     {"azure://" + testContainer, login(strings.Replace(address, "http:", "https:", 1)), fault.Invalid, "does not speak https"},
	} {
		t.Run(name, func(t *testing.T) {
			for what, err := range every(t, open(t, c.url, c.conf)) {
				wantFault(t, what, err, c.kind, c.words)
			}
		})
	}
}

func TestSignature(t *testing.T) {
	address := server(t)
	c := fresh(t, address)
	put := func(c *Container) error { return c.Put(t.Context(), "a", strings.NewReader("x"), 1) }
	name := strings.ReplaceAll(c.Name(), "%", "%25")
	write := open(t, name, signed(t, address, sas.ContainerPermissions{Read: true, Write: true, List: true, Create: true}, time.Hour))
	if err := put(write); err != nil {
		t.Fatal(err)
	}
	read := open(t, name, signed(t, address, sas.ContainerPermissions{Read: true, List: true}, time.Hour))
	if _, err := read.Stat(t.Context(), "a"); err != nil {
		t.Error(err)
	}
	wantFault(t, "remove", read.Remove(t.Context(), "a"), fault.Denied, "One may not do that")
}

func TestOptions(t *testing.T) {
	key := map[string]string{"account_name": "lab", "account_key": "c2VjcmV0"}
	for name, c := range map[string]struct {
		url   string
		conf  map[string]string
		words string
	}{
		"unknown":       {"azure://c/p", with(key, "acount_name", "x"), "“acount_name”"},
		"principal":     {"azure://c", with(key, "client_secret", "x"), "can't honour the option client_secret"},
		"versions":      {"azure://c", with(key, "version_aware", "true"), "version_aware"},
		"no container":  {"azure:///p", key, "makes no sense"},
		"other place":   {"azure://c/../d", key, "outside"},
		"no login":      {"azure://c", map[string]string{"account_name": "lab"}, "no login"},
		"no account":    {"azure://c", map[string]string{"account_key": "c2VjcmV0"}, "no login"},
		"hostile name":  {"azure://c", map[string]string{"account_name": "evil.example/", "account_key": "c2VjcmV0"}, "no login"},
		"no base64":     {"azure://c", with(key, "account_key", "secret!"), "account key"},
		"connection":    {"azure://c", map[string]string{"connection_string": "secret"}, "connection string"},
		"key in it":     {"azure://c", map[string]string{"connection_string": "AccountName=lab;AccountKey=secret!"}, "connection string"},
		"address in it": {"azure://c", map[string]string{"connection_string": "BlobEndpoint=nowhere;SharedAccessSignature=sig=secret"}, "connection string"},
	} {
		o, err := Parse(c.url, c.conf)
		if err == nil {
			_, err = Open(o)
		}
		say, _ := fault.Explain(err)
		if err == nil || !strings.Contains(say, c.words) || strings.Contains(err.Error(), "=secret") || strings.Contains(err.Error(), "secret!") {
			t.Errorf("%s: %v; want %q", name, err, c.words)
		}
	}
	c := open(t, "azure://c/p/q/", with(key, "jobs", "3", "verify", "true", "timeout", "3", "read_timeout", "4", "connection_timeout", "2",
		"exclude_managed_identity_credential", "true"))
	if c.Name() != "azure://c/p/q" || c.Caps().Parallel != 3 || c.client.URL() != "https://lab.blob.core.windows.net/c" {
		t.Errorf("%q, %+v, %s", c.Name(), c.Caps(), c.client.URL())
	}
	s := open(t, "azure://c", map[string]string{"account_name": "lab", "sas_token": "?se=2026-01-02T03%3A04%3A05Z&sig=x"})
	if s.Name() != "azure://c" || s.expiry.Year() != 2026 || s.host != "lab.blob.core.windows.net" {
		t.Errorf("%q, %v, %q", s.Name(), s.expiry, s.host)
	}
}

func TestWrongBytesAreRefused(t *testing.T) {
	c := fresh(t, server(t))
	const key = "files/md5/5d/41402abc4b2a76b9719d911017c592" // of hello
	wantFault(t, "small", c.Put(t.Context(), key, strings.NewReader("HELLO"), 5), fault.Corrupt, "not those of its name")
	wantFault(t, "big", c.Put(t.Context(), key+".dir", &remotetest.Zeros{Size: blocksFrom + 1}, blocksFrom+1), fault.Corrupt, "not those of its name")
	for info, err := range c.List(t.Context(), "") {
		t.Errorf("left behind: %v, %v", info, err)
	}
	if err := c.Put(t.Context(), key, strings.NewReader("hello"), 5); err != nil {
		t.Error(err)
	}
	p, err := c.client.NewBlobClient(c.prefix+key).GetProperties(t.Context(), nil)
	if err != nil || fmt.Sprintf("%x", p.ContentMD5) != "5d41402abc4b2a76b9719d911017c592" || value(p.ContentType) != "application/octet-stream" {
		t.Errorf("%x, %q, %v", p.ContentMD5, value(p.ContentType), err)
	}
}

func TestBigBlobInBlocks(t *testing.T) {
	c := fresh(t, server(t))
	const size = blocksFrom + 12345
	if err := c.Put(t.Context(), "big", &remotetest.Zeros{Size: size}, size); err != nil {
		t.Fatal(err)
	}
	if info, err := c.Stat(t.Context(), "big"); err != nil || info.Size != size {
		t.Errorf("%+v, %v", info, err)
	}
	rc, err := c.Open(t.Context(), "big", size-5)
	if err != nil {
		t.Fatal(err)
	}
	defer rc.Close()
	if got, err := io.ReadAll(rc); err != nil || len(got) != 5 {
		t.Errorf("%d bytes, %v", len(got), err)
	}
	if err := c.Put(t.Context(), "big", &remotetest.Zeros{Size: size}, size); err != nil {
		t.Errorf("again: %v", err)
	}
	wantFault(t, "other size", c.Put(t.Context(), "big", &remotetest.Zeros{Size: size + 1}, size+1), fault.Exists, "Another file")
}

func TestStoppedUploadLeavesNothing(t *testing.T) {
	address := server(t)
	for name, c := range map[string]struct {
		kind fault.Kind
		end  func(cancel func()) error
	}{
		"stopped":     {fault.Canceled, func(cancel func()) error { cancel(); return nil }},
		"broken disk": {fault.Corrupt, func(func()) error { return fault.New(fault.Corrupt, "The disk is broken.", "Mend it.", nil) }},
	} {
		t.Run(name, func(t *testing.T) {
			b := fresh(t, address)
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			src := &remotetest.Zeros{Size: 3 * blocksFrom, Stop: blockSize + 1<<20, What: func() error { return c.end(cancel) }}
			err := b.Put(ctx, "big", src, src.Size)
			if at, serr := src.Seek(0, io.SeekCurrent); serr != nil || at > 2*blockSize {
				t.Errorf("read up to %d, %v", at, serr)
			}
			if fault.KindOf(err) != c.kind {
				t.Errorf("%v", err)
			}
			if _, err := b.Stat(t.Context(), "big"); fault.KindOf(err) != fault.NotFound {
				t.Errorf("a half is there: %v", err)
			}
			const size = blocksFrom // and is no hindrance to the next
			if err := b.Put(t.Context(), "big", &remotetest.Zeros{Size: size}, size); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestUploadGoesOn(t *testing.T) {
	address := server(t)
	const size = 3*blockSize + 5
	key := remotetest.ZerosKey(t, size)
	b := fresh(t, address)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	cut := &remotetest.Zeros{Size: size, Stop: 2*blockSize + 1<<20, What: func() error { cancel(); return nil }}
	if err := b.Put(ctx, key, cut, size); fault.KindOf(err) != fault.Canceled {
		t.Fatal(err)
	}
	sent := remotetest.Sent(b.http)
	if err := b.Put(t.Context(), key, &remotetest.Zeros{Size: size}, size); err != nil {
		t.Fatal(err)
	}
	if n := sent.Load(); n > blockSize+1<<20 {
		t.Errorf("sent %d bytes, of which two blocks were there", n)
	}
	if info, err := b.Stat(t.Context(), key); err != nil || info.Size != size {
		t.Errorf("%+v, %v", info, err)
	}
}

// Blocks that came of a damaged file are no part of the mended one.
func TestUploadOfOtherBytesIsNotGoneOnWith(t *testing.T) {
	b := fresh(t, server(t))
	const size = 2*blockSize + 5
	key := remotetest.ZerosKey(t, size)
	file, err := os.Create(filepath.Join(t.TempDir(), "damaged"))
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close() //nolint:errcheck // a test's file
	if err := errors.Join(file.Truncate(size), write(file, "x", 7)); err != nil {
		t.Fatal(err)
	}
	wantFault(t, "damaged", b.Put(t.Context(), key, file, size), fault.Corrupt, "not those of its name")
	if err := write(file, "\x00", 7); err != nil {
		t.Fatal(err)
	}
	if err := b.Put(t.Context(), key, file, size); err != nil {
		t.Fatal(err)
	}
	rc, err := b.Open(t.Context(), key, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer rc.Close() //nolint:errcheck // read only
	h := md5.New()
	if _, err := io.Copy(h, rc); err != nil || !bytes.Equal(h.Sum(nil), wire.MD5(key)) {
		t.Errorf("%x, %v", h.Sum(nil), err)
	}
}

func write(f *os.File, text string, at int64) error {
	_, err := f.WriteAt([]byte(text), at)
	return err
}

func TestMemory(t *testing.T) {
	address := server(t)
	remotetest.Memory(t, blocksFrom, func(t *testing.T) remote.Remote { t.Helper(); return fresh(t, address) })
}

func TestReadingStopsAtOnce(t *testing.T) { remotetest.ReadingStops(t, fresh(t, server(t))) }

func TestServerHangsUp(t *testing.T) {
	c := fresh(t, server(t))
	for range 4 {
		for _, n := range []int64{0, 5, 500_000} {
			if err := c.Put(t.Context(), fmt.Sprint(n), &remotetest.Zeros{Size: n}, n); err != nil {
				t.Error(err)
			}
		}
	}
	const n = 400_000
	wantFault(t, "other size", c.Put(t.Context(), "500000", &remotetest.Zeros{Size: n}, n), fault.Exists, "Another file")
}
