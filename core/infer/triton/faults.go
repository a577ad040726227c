package triton

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"google.golang.org/grpc/codes"

	"coverslip.dev/coverslip/core/fault"
	"coverslip.dev/coverslip/core/infer"
)

// refusal is what came back instead of an answer.
type refusal struct {
	code codes.Code // HTTP's status is translated
	text string     // the server's words, or the transport's
}

func (r *refusal) Error() string { return fmt.Sprintf("%v: %s", r.code, r.text) }

// Unwrap lets a deadline that the server noticed be one for errors.Is too.
func (r *refusal) Unwrap() error {
	if r.code == codes.DeadlineExceeded {
		return context.DeadlineExceeded
	}
	return nil
}

// says tells whether the server's words have one of these.
func (r *refusal) says(words ...string) bool {
	for _, w := range words {
		if strings.Contains(r.text, w) {
			return true
		}
	}
	return false
}

// unknownModel: Triton says so by several codes.
func (r *refusal) unknownModel() bool {
	return r.code == codes.NotFound ||
		r.says("unknown model", "has no available versions", "is not at ready state", "version is not found", "is not found")
}

// asRefusal returns the refusal in err, nil if there is none.
func asRefusal(err error) *refusal {
	r, _ := errors.AsType[*refusal](err)
	return r
}

// dead tells whether the process that runs the model has died, as when the system is short of memory.
// Triton starts none anew, and calls the model ready all the same.
func (r *refusal) dead() bool { return r.says("Stub process") && r.says("is not healthy") }

func missing(err error) bool {
	r := asRefusal(err)
	return r != nil && r.unknownModel()
}

// explain makes a fault of what went wrong when m, if any, was asked for.
func (e *Engine) explain(err error, m infer.Ref) error {
	if _, ok := errors.AsType[*fault.Error](err); ok {
		return err
	}
	if errors.Is(err, context.DeadlineExceeded) {
		return e.silent(err)
	}
	r, ok := errors.AsType[*refusal](err)
	if !ok {
		return fmt.Errorf("%s: %w", e.name, err)
	}
	if f := e.general(r); f != nil {
		return f
	}
	switch {
	case r.tooLarge():
		return fault.New(fault.Invalid, "The question to the model "+m.String()+" on "+e.name+" is too large for one message, or its answer is.",
			"Choose smaller tiles.", r)
	case m.Model == "" && r.code == codes.NotFound:
		return e.stranger(r)
	case r.dead() && e.loaded(m):
		return fault.New(fault.Offline, "The inference server "+e.name+" has lost the model "+m.String()+".",
			"What runs it there has died, maybe for want of memory; the model is loaded again by itself.", r)
	case r.dead():
		return fault.New(fault.Offline, "The inference server "+e.name+" has lost the model "+m.String()+".",
			"What runs it there has died, maybe for want of memory; whoever runs the server can load it again.", r)
	case r.unknownModel() && e.loaded(m):
		return fault.New(fault.Offline, "The inference server "+e.name+" has lost the model "+m.String()+".",
			"It may have been restarted; the model is loaded again by itself.", r)
	case r.unknownModel():
		return e.unknown(m, r)
	case r.code == codes.InvalidArgument, r.says("INVALID_ARGUMENT", "InvalidArgument"):
		return fault.New(fault.Invalid, "The model "+m.String()+" on "+e.name+" does not fit what it was asked.",
			"Check that the model's description belongs to the model.", r)
	}
	return fault.New(fault.Internal, "The inference server "+e.name+" failed to answer for "+m.String()+".",
		"Its own words are in the log (Settings, Log).", r)
}

// outOfMemory is told in many ways: by Triton, its backends and their libraries.
func (r *refusal) outOfMemory() bool {
	return r.says("out of memory", "OUT_OF_MEMORY", "Out of memory", "MemoryError", "bad_alloc", "Cannot allocate memory", "Unable to allocate",
		"Failed to allocate", "failed to allocate", "Failed to increase the shared memory pool")
}

// tooLarge: one message does not hold that much.
func (r *refusal) tooLarge() bool { return r.says("larger than max") }

// general explains a refusal that has nothing to do with a model; nil if it has.
func (e *Engine) general(r *refusal) error {
	switch {
	case r.says("explicit model load / unload is not allowed"):
		return fault.New(fault.Denied, "The inference server "+e.name+" does not let programs load models.",
			"Whoever runs it can start it with --model-control-mode=explicit.", r)
	case r.says("decoupled transaction policy"):
		return fault.New(fault.Invalid, "The model on "+e.name+" answers in a stream, which HTTP does not carry.",
			"Use the server's gRPC address in Settings, Servers.", r)
	case r.code == codes.PermissionDenied, r.code == codes.Unauthenticated, r.says("protocol is restricted"):
		return e.locked(r)
	case r.outOfMemory():
		return fault.New(fault.Full, "The inference server "+e.name+" has too little memory for that.",
			"Ask whoever runs it to free some, or choose smaller tiles; the work is tried again by itself.", r)
	case r.says("maximum queue size", "timeout expired"), r.code == codes.ResourceExhausted && !r.tooLarge():
		return fault.New(fault.Busy, "The inference server "+e.name+" has too much to do.", "The work goes on by itself.", r)
	case r.code == codes.DeadlineExceeded:
		return e.silent(r)
	case r.code == codes.Unavailable && !r.unknownModel():
		return e.unreachable(r)
	case r.code == codes.Unimplemented:
		return e.stranger(r)
	}
	return nil
}

// locked explains a refusal for want of a key. Triton names the header of a restricted API.
func (e *Engine) locked(r *refusal) error {
	_, header, named := strings.Cut(r.text, "expecting header '")
	header, _, _ = strings.Cut(header, "'")
	switch {
	case !named && e.key == "":
		return fault.New(fault.Denied, "The inference server "+e.name+" wants an access key.", "Enter it as the token in Settings, Servers.", r)
	case named && !strings.EqualFold(header, e.key):
		return fault.New(fault.Denied, "The inference server "+e.name+" wants an access key in the header "+header+".",
			"Enter that name as the token's header, and the key as the token, in Settings, Servers, More.", r)
	}
	return fault.New(fault.Denied, "The access key for the inference server "+e.name+" is wrong.", "Enter the right one as the token in Settings, Servers.", r)
}

// unreachable explains a connection that never was, or broke.
func (e *Engine) unreachable(r *refusal) error {
	if f := e.distrust(r); f != nil {
		return f
	}
	say := "The inference server " + e.name + " can't be reached"
	switch {
	case r.says("proxyconnect"): // what follows is about the way there
	case r.says("no such host", "name resolver error", "failure in name resolution"):
		return fault.New(fault.Offline, say+": nobody here knows the name "+e.host+".",
			"Check how it is written in Settings, Servers, and that the network is there; the work goes on by itself.", r)
	case r.says("connection refused", "actively refused"):
		return fault.New(fault.Offline, say+": its computer answers, but no server does at that port.",
			"Check that it runs, and the port in Settings, Servers; the work goes on by itself.", r)
	}
	return fault.New(fault.Offline, say+".", "Check that it runs and that the network is there; the work goes on by itself.", r)
}

// distrust explains a connection that failed over encryption; nil if it did not.
func (e *Engine) distrust(r *refusal) error {
	denied := func(say, hint string) error { return fault.New(fault.Denied, say, hint, r) }
	if !e.secure {
		if r.says("server preface: EOF") { // what Triton does to those who speak no TLS
			return fault.New(fault.Offline, "The inference server "+e.name+" can't be reached: it ended the connection at once.",
				"If that is its port for HTTP, write the address with http://; if it wants encryption, with grpcs://. The work goes on by itself when it answers.", r)
		}
		return nil
	}
	if err := e.files.Check(); err != nil {
		return err
	}
	switch {
	case r.says("certificate has expired or is not yet valid"):
		if r.says("is before") {
			return denied("The certificate of the inference server "+e.name+" does not count yet.", "Check this computer's clock.")
		}
		return denied("The certificate of the inference server "+e.name+" has expired.", "Whoever runs it renews it; the work goes on by itself then.")
	case r.says("certificate is valid for", "IP SANs", "not valid for any names"):
		return denied("The certificate of the inference server "+e.name+" is for another name.",
			"Write the address in Settings, Servers, with the name that stands in the certificate.")
	case r.says("x509:") && e.files.CA != "":
		return denied("The certificate of the inference server "+e.name+" is not trusted: the CA of the settings did not sign it.",
			"Ask whoever runs it for the CA's certificate, and choose it in Settings, Servers, More.")
	case r.says("x509:"):
		return denied("The certificate of the inference server "+e.name+" is not trusted: nobody signed it whom this computer knows.",
			"Choose the lab's CA certificate in Settings, Servers, More.")
	case r.says("does not look like a TLS handshake", "HTTP response to HTTPS client"):
		return denied("The inference server "+e.name+" does not encrypt.", "Write its address with grpc:// or http://, if the network is safe enough.")
	case r.says("remote error: tls:"):
		return denied("The inference server "+e.name+" does not trust this computer.", "It wants another client certificate: choose it in Settings, Servers, More.")
	case r.says("EOF", "broken pipe", "reset by peer") && e.files.Cert == "":
		return fault.New(fault.Offline, "The inference server "+e.name+" ended the secure connection.",
			"If it does not encrypt, write its address with http:// or grpc://. If it wants to know who asks, choose a client certificate in "+
				"Settings, Servers, More. If it was stopped, the work goes on by itself.", r)
	case r.says("EOF", "broken pipe", "reset by peer"):
		return fault.New(fault.Offline, "The inference server "+e.name+" ended the secure connection.",
			"If it does not encrypt, write its address with http:// or grpc://. If it does not trust your client certificate, ask for one of its own CA. If it was stopped, the work goes on by itself.", r)
	}
	return nil
}

// loadFault explains why m was not loaded.
func (e *Engine) loadFault(err error, m infer.Ref) error {
	r, ok := errors.AsType[*refusal](err)
	if !ok {
		return err
	}
	if f := e.general(r); f != nil {
		return f
	}
	if r.tooLarge() {
		return fault.New(fault.Invalid, "The model "+m.String()+" is too large to be sent to "+e.name+".",
			"Whoever runs the server can put it into its model repository.", r)
	}
	if r.says("unable to find backend library", "unable to find '"+e.backend) {
		return fault.New(fault.Invalid, "The inference server "+e.name+" has no backend "+e.backend+".",
			"Choose the other backend for it in Settings, Servers.", r)
	}
	return fault.New(fault.Corrupt, "The model "+m.String()+" can't be loaded on "+e.name+".",
		"Fetch it again from the registry; the server's own words are in the log (Settings, Log).", err)
}

// storedFault explains why a model of the server's own repository was not loaded.
func (e *Engine) storedFault(err error, m infer.Ref) error {
	r, ok := errors.AsType[*refusal](err)
	if !ok {
		return err
	}
	if f := e.general(r); f != nil {
		return f
	}
	return fault.New(fault.Corrupt, "The model "+m.String()+" can't be loaded from the repository of "+e.name+".",
		"Whoever runs the server mends it there; the server's own words are in the log (Settings, Log).", r)
}

func (e *Engine) unknown(m infer.Ref, err error) error {
	return fault.New(fault.NotFound, "The model "+m.String()+" is not loaded on "+e.name+".", "Load it on the Models screen.", err)
}

func (e *Engine) silent(err error) error {
	return fault.New(fault.Offline, "The inference server "+e.name+" did not answer in time.",
		"Check that it is not overloaded; the work goes on by itself.", err)
}

func (e *Engine) stranger(err error) error {
	return fault.New(fault.Invalid, "The server "+e.name+" is no inference server.",
		"Check its address and port in Settings, Servers.", err)
}
