package main

import (
	"context"
	"errors"
	"flag"
	"os"

	"coverslip.dev/coverslip/core/fault"
	"coverslip.dev/coverslip/core/secret"
	"coverslip.dev/coverslip/core/station"
)

func selfTest(ctx context.Context, c call, args []string) error {
	flags := flag.NewFlagSet("selftest", flag.ContinueOnError)
	q := station.Question{Log: c.log, Model: "selftest"}
	flags.StringVar(&q.Engine, "engine", "embedded", "embedded, grpc://HOST:PORT or http://HOST:PORT. What is brought to a server for the test goes again when it has answered; "+
		"what has not, or is on several, stays there as selftest-HASH, as does what was there before")
	flags.StringVar(&q.Backend, "backend", "python", "of the server: onnxruntime or python")
	access(flags, &q.Access)
	rest, err := c.parse(flags, args)
	if err != nil {
		return err
	}
	if err := checkAccess(q.Access, q.Engine); err != nil {
		return err
	}
	if len(rest) != 1 {
		return usageError("the folder of one model is needed")
	}
	q.Folder, q.Token = rest[0], secret.Text(os.Getenv("COVERSLIP_TOKEN"))
	v, err := station.SelfTest(ctx, q)
	if err != nil {
		return err
	}
	if err := c.print(v, v.Say); err != nil || v.Passed {
		return err
	}
	return fault.New(fault.Invalid, "The model does not pass its self-test on "+q.Engine+".", "Don't use it there; tell whoever made it.", errors.New(v.Say))
}
