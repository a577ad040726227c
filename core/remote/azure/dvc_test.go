package azure

import (
	"strconv"
	"testing"
	"time"

	"coverslip.dev/coverslip/core/dataset"
	"coverslip.dev/coverslip/core/dataset/datasettest"
	"coverslip.dev/coverslip/core/remote"
)

func place(t *testing.T) datasettest.Place {
	t.Helper()
	return datasettest.Place{
		URL: "azure://" + testContainer + "/dvc " + strconv.FormatInt(time.Now().UnixNano(), 36), Options: login(server(t)),
		Open: func(t *testing.T, c dataset.RemoteConfig) remote.Remote { t.Helper(); return open(t, c.URL, c.Options) },
	}
}

func TestDVCPullsWhatWePush(t *testing.T) { datasettest.DVCPulls(t, place(t)) }

func TestWePullWhatDVCPushes(t *testing.T) { datasettest.DVCPushes(t, place(t)) }

func TestPullGoesOn(t *testing.T) { datasettest.Resume(t, fresh(t, server(t))) }
