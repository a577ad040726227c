package station_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/bloberror"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/container"
	"github.com/minio/minio-go/v7"
	"github.com/minio/minio-go/v7/pkg/credentials"

	"coverslip.dev/coverslip/core/config"
	"coverslip.dev/coverslip/core/fault"
	"coverslip.dev/coverslip/core/flow"
	"coverslip.dev/coverslip/core/secret"
	"coverslip.dev/coverslip/core/servertest"
	"coverslip.dev/coverslip/core/station"
)

const testBucket = "coverslip-test"

// inS3 makes the test's bucket and returns a login for it, as it is kept.
func inS3(t *testing.T) secret.Text {
	t.Helper()
	address := servertest.Need(t, "COVERSLIP_TEST_S3")
	c, err := minio.New(strings.TrimPrefix(address, "http://"), &minio.Options{
		Creds: credentials.NewStaticV4("labadmin", "labsecret123", ""), Region: "us-east-1",
	})
	if err != nil {
		t.Fatal(err)
	}
	if is, err := c.BucketExists(t.Context(), testBucket); err != nil || !is {
		if err := c.MakeBucket(t.Context(), testBucket, minio.MakeBucketOptions{}); err != nil {
			t.Fatal(err)
		}
	}
	return secret.Text("endpointurl = " + address + "\naccess_key_id = labadmin\nsecret_access_key = labsecret123\n")
}

// inAzure makes the test's container and returns its connection string.
func inAzure(t *testing.T) secret.Text {
	t.Helper()
	login := "DefaultEndpointsProtocol=http;AccountName=devstoreaccount1;AccountKey=" + // Azurite's, which everyone knows
		"Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw==;BlobEndpoint=" +
		servertest.Need(t, "COVERSLIP_TEST_AZURITE") + "/devstoreaccount1;"
	c, err := container.NewClientFromConnectionString(login, testBucket, nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.Create(t.Context(), nil); err != nil && !bloberror.HasCode(err, bloberror.ContainerAlreadyExists) {
		t.Fatal(err)
	}
	return secret.Text(login)
}

// A capture waits for a login to the remote, and is pushed with it.
func TestRemoteInACloud(t *testing.T) {
	t.Setenv("AWS_SHARED_CREDENTIALS_FILE", filepath.Join(t.TempDir(), "none"))
	for scheme, login := range map[string]func(*testing.T) secret.Text{"s3": inS3, "azure": inAzure} {
		t.Run(scheme, func(t *testing.T) {
			kept := login(t)
			place := fmt.Sprintf("%s://%s/bench-%d", scheme, testBucket, time.Now().UnixNano())
			b := open(t, t.TempDir(), func(s *config.Settings) { s.Remote = place })
			b.drop(field)
			it := b.capture(field, func(it flow.Item) bool { return it.Passes["push"].Say != "" })
			if p := it.Passes["push"]; !strings.Contains(p.Say, place) || p.Hint == "" {
				t.Errorf("without a login: %q, %q", p.Say, p.Hint)
			}
			if _, err := b.TryRemote(t.Context(), place, nil, ""); fault.KindOf(err) != fault.Denied {
				t.Errorf("try without a login: %v", err)
			}
			if err := b.Save(t.Context(), b.Settings(), station.Secrets{config.RemoteSecret(place): kept}); err != nil {
				t.Fatal(err)
			}
			if err := b.Retry(t.Context(), it.ID); err != nil {
				t.Fatal(err)
			}
			b.capture(field, predicted)
			if say, err := b.TryRemote(t.Context(), place, nil, ""); err != nil || say != "It can be read, with 1 objects." {
				t.Errorf("try: %q, %v", say, err)
			}
			wantRemote(t, b, place)
		})
	}
}

// What a person writes into the form for S3: the address, the endpoint and two keys.
func TestRemoteFromTheForm(t *testing.T) {
	t.Setenv("AWS_SHARED_CREDENTIALS_FILE", filepath.Join(t.TempDir(), "none"))
	inS3(t)
	place := fmt.Sprintf("s3://%s/form-%d", testBucket, time.Now().UnixNano())
	options := map[string]string{station.Endpoint: servertest.Need(t, "COVERSLIP_TEST_S3"), station.Region: ""}
	nas := t.TempDir()
	b := open(t, t.TempDir(), func(s *config.Settings) { s.Remote = nas })
	if _, err := b.TryRemote(t.Context(), place, options, station.RemoteLogin(place, "labadmin", "wrong")); fault.KindOf(err) != fault.Denied {
		t.Errorf("try a wrong key: %v", err)
	}
	login := station.RemoteLogin(place, "labadmin", "labsecret123")
	if say, err := b.TryRemote(t.Context(), place, options, login); err != nil || say != "It can be read, with 0 objects." {
		t.Errorf("try: %q, %v", say, err)
	}
	if err := b.UseRemote(t.Context(), place, options); err != nil {
		t.Fatal(err)
	}
	set := b.Settings()
	set.Remote = place
	if err := b.Save(t.Context(), set, station.Secrets{config.RemoteSecret(place): login}); err != nil {
		t.Fatal(err)
	}
	b.drop(field)
	b.capture(field, predicted)
	wantRemote(t, b, place)
	if o := b.RemoteOptions(place); o[station.Endpoint] != options[station.Endpoint] {
		t.Errorf("the dataset has %v", o)
	}

	// Another folder than before: the first one stays named, for what lies there.
	other := t.TempDir()
	set.Remote = other
	if err := b.Save(t.Context(), set, nil); err != nil {
		t.Fatal(err)
	}
	r, err := station.OpenDataset(t.Context(), b.ws, nil)
	if err != nil {
		t.Fatal(err)
	}
	all, err := r.Remotes()
	if err != nil || len(all) != 3 || all[0].URL != nas || all[0].Default || all[1].Name != "nas-2" || !all[1].Default {
		t.Errorf("%+v, %v", all, err)
	}

	// Whoever makes another one the default with dvc keeps that over a restart.
	if err := r.AddRemote(all[0].Name, nas, true); err != nil {
		t.Fatal(err)
	}
	b.stop()
	open(t, b.ws, func(s *config.Settings) { s.Remote = other })
	if all, err = r.Remotes(); err != nil || !all[0].Default {
		t.Errorf("after a restart: %+v, %v", all, err)
	}
}

// wantRemote opens the remote as coverslipctl does, and looks for secrets where git keeps
// them for ever.
func wantRemote(t *testing.T, b *bench, place string) {
	t.Helper()
	r, err := station.OpenDataset(t.Context(), b.ws, nil)
	if err != nil {
		t.Fatal(err)
	}
	to, err := station.OpenRemote(r, "")
	if err != nil {
		t.Fatal(err)
	}
	defer to.Close()
	if done, err := r.Push(context.WithoutCancel(t.Context()), to, nil); err != nil || done.Moved != 0 || done.Present != 1 {
		t.Errorf("push again: %+v, %v", done, err)
	}
	conf, err := os.ReadFile(filepath.Join(r.Dir(), ".dvc", "config"))
	if err != nil || !strings.Contains(string(conf), "url = "+place) || strings.Contains(string(conf), "labsecret") || strings.Contains(string(conf), "AccountKey") {
		t.Errorf("%s, %v", conf, err)
	}
}
