package mlflow

import (
	"testing"

	"coverslip.dev/coverslip/core/fault"
	"coverslip.dev/coverslip/core/model/modeltest"
	"coverslip.dev/coverslip/core/servertest"
)

func client(t *testing.T, o Options) *Client {
	t.Helper()
	c, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestContract(t *testing.T) {
	o := Options{URL: servertest.Need(t, "COVERSLIP_TEST_MLFLOW")}
	modeltest.Run(t, func(t *testing.T) modeltest.Platform {
		t.Helper()
		return client(t, o)
	})
}

// The name and password are those of packaging/stack/mlflow-auth-up.
const (
	authUser     = "admin"
	authPassword = "coverslip-admin-1"
)

func TestContractWithLogin(t *testing.T) {
	o := Options{URL: servertest.Need(t, "COVERSLIP_TEST_MLFLOW_AUTH"), User: authUser, Password: authPassword}
	modeltest.Run(t, func(t *testing.T) modeltest.Platform {
		t.Helper()
		return client(t, o)
	})
}

func TestWrongPassword(t *testing.T) {
	url := servertest.Need(t, "COVERSLIP_TEST_MLFLOW_AUTH")
	for _, o := range []Options{
		{URL: url}, {URL: url, User: authUser, Password: "no-such-word"}, {URL: url, User: "nobody", Password: authPassword},
	} {
		_, err := client(t, o).Models(t.Context())
		if say, _ := fault.Explain(err); fault.KindOf(err) != fault.Denied || say != "MLflow refused the name or password." {
			t.Errorf("%s: %v", o.User, err)
		}
	}
}
