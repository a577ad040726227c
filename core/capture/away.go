package capture

import (
	"time"

	"coverslip.dev/coverslip/core/fault"
)

// lost tells that the folder can't be read; its files are not gone, they may come back
// with it.
func (w *watch) lost(err error, now time.Time) {
	w.full, w.every = true, w.Every
	clear(w.watched)
	if !w.away {
		w.away, w.since = true, now
	} else if now.Sub(w.said) < patience {
		return
	}
	w.said = now
	say := "The folder “" + w.Path + "” can't be reached" + w.long(now) + "."
	hint := "Check that the drive or the share is connected; the watch goes on by itself."
	if k := fault.KindOf(err); k == fault.Denied || k == fault.Invalid {
		say, hint = fault.Explain(err)
	}
	w.see(Sighting{File: File{Path: w.Path}, State: Away, Since: w.since, Say: say, Hint: hint})
}

// long says for how long the folder has been away, once that is worth it.
func (w *watch) long(now time.Time) string {
	if d := now.Sub(w.since); d >= patience {
		return " for " + d.Round(time.Second).String()
	}
	return ""
}

func (w *watch) returned(now time.Time) {
	w.away, w.slow = false, false
	w.see(Sighting{File: File{Path: w.Path}, State: Back, Since: now})
}

// unanswered tells that a share hangs, and for how long.
func (w *watch) unanswered(now time.Time) {
	if now.Sub(w.asked) < patience || w.slow && now.Sub(w.said) < patience {
		return
	}
	if !w.away {
		w.since = w.asked
	}
	w.slow, w.said = true, now
	w.see(Sighting{
		File: File{Path: w.Path}, State: Away, Since: w.since,
		Say: "The folder “" + w.Path + "” does not answer" + w.long(now) + ".", Hint: "Check the network; the watch goes on by itself.",
	})
}

// closed tells of folders inside that may not be read.
func (w *watch) closed(shut map[string]error, now time.Time) {
	for path := range w.shut {
		if _, still := shut[path]; !still {
			delete(w.shut, path)
			w.see(Sighting{File: File{Path: path}, State: Gone, Since: now})
		}
	}
	for path, cause := range shut {
		if w.shut[path] {
			continue
		}
		w.shut[path] = true
		say, hint := fault.Explain(cause)
		w.see(Sighting{File: File{Path: path}, State: Waiting, Since: now, Say: say, Hint: hint})
	}
}
