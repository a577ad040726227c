package main

import (
	"bytes"
	"strings"
	"testing"
)

// Who asks for help gets it, and where it is read; who calls wrongly gets it beside what is wrong.
func TestHelpAsItIsAskedFor(t *testing.T) {
	for _, c := range []struct {
		args     []string
		code     int
		out, err string
	}{
		{[]string{"--help"}, 0, "usage: coverslipctl [-C DIR]", ""},
		{[]string{"info", "-h"}, 0, "usage: coverslipctl info", ""},
		{[]string{"--nosuch"}, 2, "", "flag provided but not defined: -nosuch\nusage: coverslipctl [-C DIR]"},
		{[]string{"nosuch"}, 2, "", "usage: coverslipctl [-C DIR]"},
		{nil, 2, "", "usage: coverslipctl [-C DIR]"},
	} {
		var out, errs bytes.Buffer
		if code := run(t.Context(), c.args, &out, &errs); code != c.code || !strings.HasPrefix(out.String(), c.out) || !strings.HasPrefix(errs.String(), c.err) ||
			c.out == "" && out.Len() > 0 || c.err == "" && errs.Len() > 0 {
			t.Errorf("%q ended with %d: %.200q, %.200q", c.args, code, &out, &errs)
		}
	}
}
