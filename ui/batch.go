package ui

import (
	"context"

	"coverslip.dev/coverslip/core/model"
	"coverslip.dev/coverslip/ui/bind"
	"coverslip.dev/coverslip/ui/inbox"
)

// fillPredictions shows how predictions stand.
func (w *window) fillPredictions() {
	p := inbox.Predictions{Paused: w.station.PredictionsHeld(), Asked: len(w.station.Asked())}
	for _, m := range w.shelf().Models {
		if m.Aliases[model.Champion] != "" {
			p.Models = append(p.Models, m.Name)
		}
	}
	w.inbox.SetPredictions(p)
}

func (w *window) predictWith(ids []string, name string) {
	w.slow.do(func(ctx context.Context) error {
		_, err := w.station.PredictWith(ctx, ids, name)
		return err
	})
}

func (w *window) holdPredictions(yes bool) {
	w.work.do(func(ctx context.Context) error {
		defer bind.Screen(w.fillPredictions)
		return w.station.HoldPredictions(ctx, yes)
	})
}

func (w *window) cancelAsked() {
	w.slow.do(func(ctx context.Context) error {
		_, err := w.station.CancelAsked(ctx)
		return err
	})
}
