package ui

import (
	"cmp"
	"encoding/json"
	"log/slog"
	"slices"

	"coverslip.dev/coverslip/ui/viewer"
)

// presetsKey is where the viewer's presets lie among the program's preferences: they belong
// to the person at this computer, not to a dataset.
const presetsKey = "viewer.presets"

// presets are the kept contrasts; what can't be read counts as none.
func (w *window) presets() []viewer.Preset {
	var all []viewer.Preset
	if json.Unmarshal([]byte(w.app.Preferences().String(presetsKey)), &all) != nil {
		return nil
	}
	return all
}

func (w *window) savePreset(p viewer.Preset) {
	all := slices.DeleteFunc(w.presets(), func(o viewer.Preset) bool { return o.Same(p) })
	w.storePresets(append(all, p))
}

func (w *window) dropPreset(p viewer.Preset) {
	w.storePresets(slices.DeleteFunc(w.presets(), p.Same))
}

func (w *window) storePresets(all []viewer.Preset) {
	slices.SortFunc(all, func(a, b viewer.Preset) int { return cmp.Compare(a.Name, b.Name) })
	text, err := json.Marshal(all)
	if err != nil {
		w.opt.Log.Error("presets not kept", slog.Any("error", err))
		return
	}
	w.app.Preferences().SetString(presetsKey, string(text))
	w.fillViewer()
}
