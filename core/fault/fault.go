// Package fault gives an error a kind, a sentence for the operator and a hint.
//
// An error becomes a fault at the one place that knows what it means to a
// person; everything above that place wraps it with %w. Code branches on
// [KindOf], a screen shows [Explain], the log gets the error itself.
package fault

import (
	"context"
	"errors"
	"io/fs"
	"net"
	"os"
	"strings"
	"syscall"
)

// Kind says what can be done about an error.
type Kind int

// The kinds of faults.
const (
	Internal Kind = iota // nobody knows: show it and log it
	Canceled             // a person stopped it: say nothing
	Offline              // the other side can't be reached: wait, then again
	Busy                 // the other side is overloaded: wait, then again
	Denied               // a login or a permission is missing: ask the person
	NotFound             // it is not there
	Exists               // it is there already, and differs
	Invalid              // what was asked makes no sense: ask the person
	Full                 // no room left, which may pass: ask the person
	Corrupt              // the bytes are not what they should be: stop and say so
)

// Error is an error that a person can act on.
type Error struct {
	Kind Kind
	Say  string // what happened, in the lab's words: one whole sentence
	Hint string // what to do next; may be empty
	Err  error  // the cause, for the log; may be nil
}

// New returns a fault; cause may be nil.
func New(k Kind, say, hint string, cause error) *Error {
	return &Error{Kind: k, Say: say, Hint: hint, Err: cause}
}

func (e *Error) Error() string {
	if e.Err == nil {
		return e.Say
	}
	return e.Say + " (" + e.Err.Error() + ")"
}

func (e *Error) Unwrap() error { return e.Err }

// KindOf returns the kind of the outermost fault in err, or what the standard
// library's errors tell of it.
func KindOf(err error) Kind {
	if f, ok := errors.AsType[*Error](err); ok {
		return f.Kind
	}
	_, isOp := errors.AsType[*net.OpError](err)
	_, isDNS := errors.AsType[*net.DNSError](err)
	switch {
	case errors.Is(err, context.Canceled):
		return Canceled
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, os.ErrDeadlineExceeded), isOp, isDNS:
		return Offline
	case errors.Is(err, fs.ErrNotExist):
		return NotFound
	case errors.Is(err, fs.ErrPermission), errors.Is(err, syscall.EROFS):
		return Denied
	case errors.Is(err, syscall.ENOSPC), errors.Is(err, syscall.EDQUOT):
		return Full
	}
	return Internal
}

// Again reports whether the same call may work later without anyone's help.
func Again(err error) bool { k := KindOf(err); return k == Offline || k == Busy }

// Once is what [Explain] says where nobody tries again, as in a shell: in place of a promise that
// something goes on by itself it says to try again.
func Once(err error) (say, hint string) {
	say, hint = Explain(err)
	parts := strings.SplitAfter(hint, "; ")
	for i, part := range parts {
		sentences := strings.SplitAfter(part, ". ")
		for k, s := range sentences {
			if !strings.Contains(s, "by itself") {
				continue
			}
			end := s[len(strings.TrimRight(s, ".; ")):]
			switch {
			case i == 0 && k == 0:
				sentences[k] = "Try again in a while" + end
			case k == 0:
				sentences[k] = "then try again" + end
			default:
				sentences[k] = "Then try again" + end
			}
		}
		parts[i] = strings.Join(sentences, "")
	}
	return say, strings.Join(parts, "")
}

// Explain returns a sentence for the operator and what to do next.
func Explain(err error) (say, hint string) {
	if f, ok := errors.AsType[*Error](err); ok {
		return f.Say, f.Hint
	}
	switch KindOf(err) {
	case Full:
		return "The disk is full.", "Free some room; the work goes on by itself."
	case Denied:
		return "This program may not read or write there.", "Check the folder's permissions."
	case NotFound:
		return "A file or folder is gone.", "Check that the drive is connected."
	case Offline:
		return "The other side does not answer.", "Check the network; the work goes on by itself when it is back."
	case Canceled:
		return "Stopped.", ""
	case Internal, Busy, Exists, Invalid, Corrupt:
	}
	return "Something went wrong: " + err.Error() + ".", "The log says more (Settings, Log)."
}
