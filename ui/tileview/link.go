package tileview

import "image"

// Link ties views together: all show the same place, at the same scale and turn.
func Link(views ...*View) {
	for _, v := range views {
		v.peers = nil
		for _, o := range views {
			if o != v {
				v.peers = append(v.peers, o)
			}
		}
	}
	if len(views) > 0 {
		views[0].share()
	}
}

// share moves the tied views to where this one is.
func (v *View) share() {
	if !v.fitted {
		return
	}
	w, h := v.pixels()
	for _, o := range v.peers {
		ow, oh := o.pixels()
		o.at = v.at
		o.at.x += float64(w-ow) / 2 / v.at.scale
		o.at.y += float64(h-oh) / 2 / v.at.scale
		o.angle, o.fitted = v.angle, true
		o.painted = image.Pt(ow, oh) // that is what its camera is for now
		o.work.reach()
		o.stir()
		o.redraw()
	}
}

// SetCache bounds what the decoded tiles of this view take up. What the screen shows is kept in any case.
func (v *View) SetCache(bytes int) {
	v.work.mu.Lock()
	defer v.work.mu.Unlock()
	v.work.limit = bytes
}
