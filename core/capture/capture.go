// Package capture watches the folders of instruments and says of every capture whether it
// is still arriving, what it waits for, or that it is finished. A capture is a file, or the
// files that belong together by the instrument's [Profile].
//
// No system tells when another program has finished a file, least of all on a share. So a
// capture counts as finished when it has not changed for a while, its files' formats say
// that they are whole, and the files that belong to it are there. Times that files carry
// are only compared with themselves: an instrument's clock may be wrong. Instruments'
// files are only ever read.
package capture

import (
	"time"
)

// File is a file of an instrument as it was last seen.
type File struct {
	Path     string
	Size     int64
	Modified time.Time // by the clock of the machine that holds it
}

// State is how far a capture is.
type State uint8

// The states of a capture, and of a folder as a whole.
const (
	Arriving State = iota // it changes
	Waiting               // it is held; Say tells why
	Done                  // it is finished; it may still arrive anew later
	Gone                  // it was removed or renamed
	Away                  // Path is the folder: it can't be read; Say tells why
	Back                  // Path is the folder: it can be read again
)

func (s State) String() string {
	return [...]string{Arriving: "arriving", Waiting: "waiting", Done: "done", Gone: "gone", Away: "away", Back: "back"}[s]
}

// Sighting is what there is to say of a capture now.
type Sighting struct {
	File         // of several files: the name that the profile gives them, all bytes, the newest time
	Files []File // when several files are Done: which, by their paths
	State State
	Rate  float64   // bytes a second by which it grew since the look before
	Since time.Time // of the last change, by our clock; of what was there before, as its files say
	Say   string    // why it is held, or what is odd about it: one sentence
	Hint  string    // what to do; may be empty
}

// Folder is a folder that an instrument writes to, with all folders in it.
type Folder struct {
	Path    string
	Profile Profile // zero: every file by itself
	// Share has the folder looked through as a share is, whatever the system says it is.
	Share bool
	// Quiet is how long a capture must not have changed; 0 means the profile's, or 5 s, on
	// a share at least 30 s.
	Quiet time.Duration
	// Every is how often a share is looked through, and a folder that is away; 0 means 2 s.
	// Where nothing happens it rises to 30 s.
	Every time.Duration
	// Complete tells whether the file at path is whole, by its format. fault.Corrupt holds
	// the file; any other fault lets it through, because what can't be read is kept all the
	// same. nil: every file is whole. It is called from one goroutine that may fall behind.
	Complete func(path string) error
	// Known tells whether a capture as it is now was Done in an earlier watch: nothing is
	// said of it until it changes. nil: none was.
	Known func(File) bool
}

const (
	quietHere  = 5 * time.Second
	quietShare = 30 * time.Second
	everyShare = 2 * time.Second
	everyIdle  = 30 * time.Second
	// rescan is how often a folder with events is looked through all the same: events get
	// lost, and nobody says so.
	rescan = 10 * time.Minute
	// patience is how long a share may take to answer before someone is told, and how often
	// it is then said how long it has been.
	patience = 10 * time.Second
	// hesitation is how long a folder may take to say what kind of disk it is on.
	hesitation = 2 * time.Second
	// steady is how many looks in a row must find a file unchanged.
	steady = 3
	// longestQuiet is how long a capture of several is waited for because it made pauses.
	longestQuiet = 30 * time.Minute
	// portion is how many files are looked into before the folder is looked at again.
	portion = 2000
	// crowd is how many paths events may name before the whole folder is looked through.
	crowd = 20_000
)

// withDefaults fills what was left open.
func (f Folder) withDefaults(share bool) Folder {
	if f.Quiet <= 0 {
		f.Quiet = quietHere
		if f.Profile.Quiet > 0 {
			f.Quiet = f.Profile.Quiet
		}
		if share {
			f.Quiet = max(f.Quiet, quietShare)
		}
	}
	if f.Every <= 0 {
		f.Every = everyShare
	}
	if f.Complete == nil {
		f.Complete = func(string) error { return nil }
	}
	if f.Known == nil {
		f.Known = func(File) bool { return false }
	}
	return f
}

// storeQuiet is how long a store must not have changed that the profile says nothing of: as in a
// folder of stores, which are written in spurts, too.
func (f Folder) storeQuiet(share bool) time.Duration {
	own := f.withDefaults(share).Quiet
	f.Profile = zarr()
	return max(own, f.withDefaults(share).Quiet)
}

// beat is how often files that are not finished are looked at.
func (f Folder) beat() time.Duration {
	return min(max(f.Quiet/4, 20*time.Millisecond), 2*time.Second)
}
