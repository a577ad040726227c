package mlflow

import (
	"os"
	"testing"

	"coverslip.dev/coverslip/core/fault"
	"coverslip.dev/coverslip/core/model/modeltest"
)

// address is where a real server answers, such as COVERSLIP_TEST_MLFLOW.
func address(t *testing.T, variable string) string {
	t.Helper()
	a := os.Getenv(variable)
	switch {
	case a != "":
	case os.Getenv("COVERSLIP_TEST_SERVERS") == "1":
		t.Fatalf("%s is not set", variable)
	default:
		t.Skipf("needs an MLflow server: packaging/stack/mlflow-up, then %s=http://127.0.0.1:5002 (5003 with a login)", variable)
	}
	return a
}

func client(t *testing.T, o Options) *Client {
	t.Helper()
	c, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestContract(t *testing.T) {
	o := Options{URL: address(t, "COVERSLIP_TEST_MLFLOW")}
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
	o := Options{URL: address(t, "COVERSLIP_TEST_MLFLOW_AUTH"), User: authUser, Password: authPassword}
	modeltest.Run(t, func(t *testing.T) modeltest.Platform {
		t.Helper()
		return client(t, o)
	})
}

func TestWrongPassword(t *testing.T) {
	url := address(t, "COVERSLIP_TEST_MLFLOW_AUTH")
	for _, o := range []Options{
		{URL: url}, {URL: url, User: authUser, Password: "no-such-word"}, {URL: url, User: "nobody", Password: authPassword},
	} {
		_, err := client(t, o).Models(t.Context())
		if say, _ := fault.Explain(err); fault.KindOf(err) != fault.Denied || say != "MLflow refused the name or password." {
			t.Errorf("%s: %v", o.User, err)
		}
	}
}
