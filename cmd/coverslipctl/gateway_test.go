package main

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"coverslip.dev/coverslip/core/servertest"
)

// once ends what writes to it.
type once struct {
	bytes.Buffer
	end context.CancelFunc
}

func (o *once) Write(b []byte) (int, error) {
	defer o.end()
	return o.Buffer.Write(b)
}

// The gateway answers this computer only, unless it is told otherwise, and then only with tokens.
func TestTheGatewayStaysAtHome(t *testing.T) {
	servertest.Need(t, "COVERSLIP_TEST_ORT")
	words := filepath.Join(t.TempDir(), "tokens")
	if err := os.WriteFile(words, []byte("\n alice s3cret\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for said, args := range map[string][]string{
		"127.0.0.1:8090":                   {"gateway"}, // where it listens, or somebody else does
		"answers this computer only":       {"gateway", "--listen", "0.0.0.0:0"},
		"can't keep uploads in /dev/null.": {"gateway", "--listen", "127.0.0.1:0", "--work", "/dev/null"},
		"more than a token":                {"gateway", "--listen", "0.0.0.0:0", "--tokens", words},
		"The file of tokens is empty.":     {"gateway", "--listen", "0.0.0.0:0", "--tokens", "/dev/null"},
	} {
		ctx, cancel := context.WithCancel(t.Context())
		text, errs := &once{end: cancel}, &bytes.Buffer{}
		if code := run(ctx, args, text, errs); !strings.Contains(text.String()+errs.String(), said) || code == 0 && len(args) > 1 {
			t.Errorf("%v ended with %d: %s%s", args, code, text, errs)
		}
		cancel()
	}
}

// The gateway does not begin with numbers that make no sense.
func TestTheGatewayTakesNoNonsense(t *testing.T) {
	for said, args := range map[string][]string{
		"--parallel is from 0 to 1024":          {"--parallel", "-4"},
		"--waiting is from 0":                   {"--waiting", "-5"},
		"--rate is from 0":                      {"--rate", "NaN"},
		"--max-upload is from 0":                {"--max-upload", "-1"},
		"There is no folder nosuch for --datas": {"--dataset", "nosuch"},
	} {
		var text, errs bytes.Buffer
		if code := run(t.Context(), append([]string{"gateway", "--listen", "127.0.0.1:0"}, args...), &text, &errs); code == 0 || !strings.Contains(errs.String(), said) {
			t.Errorf("%v ended with %d: %s%s", args, code, &text, &errs)
		}
	}
}
