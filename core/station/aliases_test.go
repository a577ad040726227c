package station

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"coverslip.dev/coverslip/core/fault"
	"coverslip.dev/coverslip/core/infer"
)

// TestNamesOnServers are a model's own where a server takes that, and no two models' otherwise.
func TestNamesOnServers(t *testing.T) {
	seen := map[string]string{}
	for _, name := range []string{"nuclei", "cells_2.1-b", "Nuclei (DAPI)", "Nuclei [DAPI]", "a/../b", "核", "细", strings.Repeat("n", 101), strings.Repeat("n", 102)} {
		there := onServer(name)
		if plain := there == name; plain != (name == "nuclei" || name == "cells_2.1-b") {
			t.Errorf("%q is %q", name, there)
		}
		if onServer(there) != there && len(name) < 100 || strings.ContainsAny(there, " ()[]/") || seen[there] != "" {
			t.Errorf("%q is %q, as is %q", name, there, seen[there])
		}
		seen[there] = name
	}
}

// TestSaidByItsOwnName is what goes wrong with a model.
func TestSaidByItsOwnName(t *testing.T) {
	var a aliases
	there := onServer("my cells")
	a.add("my cells", there)
	err := a.said(fmt.Errorf("load: %w", fault.New(fault.Busy, "The model "+there+" is away.", "", errors.New("x"))), "my cells")
	if err.Error() != "The model my cells is away. (x)" || fault.KindOf(err) != fault.Busy {
		t.Error(err)
	}
	if m := a.of(a.on(infer.Ref{Model: "my cells", Version: "1"})); m.String() != "my cells@1" {
		t.Error(m)
	}
	if m := a.on(infer.Ref{Model: "a b"}); m.Model != "a b" { // a server's own
		t.Error(m)
	}
}
