package main

import (
	"flag"
	"strings"

	"coverslip.dev/coverslip/core/station"
)

// stays is what is to be known of models that are brought to a server.
const stays = "On a server a network that is brought along gets a name of its own, NAME-HASH, and stays until that is restarted or somebody " +
	"unloads it: on the Servers screen, or by POST to /v2/repository/models/NAME-HASH/unload. A gateway that runs brings it again."

// access adds the flags for servers that are encrypted, or where not everybody may ask.
func access(flags *flag.FlagSet, a *station.Access) {
	flags.StringVar(&a.Files.CA, "ca", "", "file of the CA that signed the certificate of a server at grpcs:// or https:// (PEM); empty: those that this computer trusts")
	flags.StringVar(&a.Files.Cert, "cert", "", "file of the certificate for a server that wants to know who asks (PEM); with --key")
	flags.StringVar(&a.Files.Key, "key", "", "file of the key of --cert (PEM)")
	flags.StringVar(&a.TokenHeader, "token-header", "", "that carries the token in COVERSLIP_TOKEN as it is: triton-grpc-protocol-NAME over gRPC, NAME over HTTP; empty: \"Authorization: Bearer TOKEN\"")
}

// checkAccess refuses certificates that would not be used.
func checkAccess(a station.Access, engines string) error {
	if (a.Files.Cert == "") != (a.Files.Key == "") {
		return usageError("--cert and --key go together")
	}
	if a.Files.CA+a.Files.Cert != "" && !strings.Contains(engines, "grpcs:") && !strings.Contains(engines, "https:") {
		return usageError("--ca, --cert and --key are for servers at grpcs:// and https://")
	}
	return nil
}

// here says where a hint's settings are in the shell.
func here(hint string) string {
	if strings.Contains(hint, "Settings, Servers") {
		return hint + " Here that is --ca, --cert, --key, --token-header, and the token in COVERSLIP_TOKEN."
	}
	if strings.Contains(hint, "say that it is to be replaced") {
		return hint + " Here that is --force."
	}
	return hint
}
