package mlflow

import (
	"cmp"
	"context"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"time"

	"coverslip.dev/coverslip/core/fault"
	"coverslip.dev/coverslip/core/model"
)

// What the server takes in one call.
const (
	pageRuns     = 1000
	pageValues   = 25000
	batchMetrics = 1000
	batchPairs   = 100
)

// Experiments returns the experiments that are not deleted, the oldest first.
func (c *Client) Experiments(ctx context.Context) ([]model.Experiment, error) {
	out := []model.Experiment{}
	err := paged(func(token string) (string, error) {
		var page struct {
			Experiments []wireExperiment `json:"experiments"`
			Next        string           `json:"next_page_token"`
		}
		err := c.post(ctx, "experiments/search", map[string]any{
			"max_results": 1000, "page_token": token, "order_by": []string{"creation_time ASC"},
		}, &page)
		for _, e := range page.Experiments {
			out = append(out, model.Experiment{ID: e.ID, Name: e.Name})
		}
		return page.Next, err
	})
	return out, err
}

// paged calls ask with the token of each page until there is none.
func paged(ask func(token string) (next string, err error)) error {
	for token := ""; ; {
		next, err := ask(token)
		if err != nil || next == "" {
			return err
		}
		if next == token {
			return stranger(fmt.Errorf("the page after %q is itself", token))
		}
		token = next
	}
}

// Runs returns the newest runs of the experiment with that id.
func (c *Client) Runs(ctx context.Context, experiment string, limit int) ([]model.Run, error) {
	var found struct {
		Experiment wireExperiment `json:"experiment"`
	}
	if err := c.get(ctx, "experiments/get", url.Values{"experiment_id": {experiment}}, &found); err != nil {
		return nil, err
	}
	var out []model.Run
	err := paged(func(token string) (string, error) {
		want := min(limit-len(out), pageRuns)
		if want <= 0 {
			return "", nil
		}
		var page struct {
			Runs []wireRun `json:"runs"`
			Next string    `json:"next_page_token"`
		}
		err := c.post(ctx, "runs/search", map[string]any{
			"experiment_ids": []string{experiment}, "max_results": want, "page_token": token,
			"order_by": []string{"attributes.start_time DESC"},
		}, &page)
		for _, r := range page.Runs {
			out = append(out, r.run(found.Experiment.Name))
		}
		return page.Next, err
	})
	return out[:min(len(out), max(limit, 0))], err
}

// History returns all values of a metric, by step; none if the run has no such metric.
func (c *Client) History(ctx context.Context, run, metric string) ([]model.Metric, error) {
	var out []model.Metric
	err := paged(func(token string) (string, error) {
		q := url.Values{"run_id": {run}, "metric_key": {metric}, "max_results": {strconv.Itoa(pageValues)}}
		if token != "" {
			q.Set("page_token", token)
		}
		var page struct {
			Metrics []wireMetric `json:"metrics"`
			Next    string       `json:"next_page_token"`
		}
		err := c.get(ctx, "metrics/get-history", q, &page)
		for _, m := range page.Metrics {
			out = append(out, m.metric())
		}
		return page.Next, err
	})
	if err == nil && len(out) == 0 {
		_, err = c.run(ctx, run) // the server has no values of absent runs either
	}
	slices.SortFunc(out, func(a, b model.Metric) int {
		return cmp.Or(cmp.Compare(a.Step, b.Step), a.At.Compare(b.At), cmp.Compare(a.Value, b.Value))
	})
	return out, err
}

func (c *Client) run(ctx context.Context, id string) (wireRun, error) {
	var out struct {
		Run wireRun `json:"run"`
	}
	err := c.get(ctx, "runs/get", url.Values{"run_id": {id}}, &out)
	return out.Run, err
}

// Start makes a run, and the experiment if need be.
func (c *Client) Start(ctx context.Context, experiment, name string, params, tags map[string]string) (model.Run, error) {
	r, err := c.start(ctx, experiment, name, tags)
	if err != nil {
		return model.Run{}, err
	}
	if err := c.logParams(ctx, r.Info.ID, params); err != nil {
		// Without its params the run would look like one that goes on: it counts as failed.
		late, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
		defer cancel()
		_ = c.Finish(late, r.Info.ID, true)
		return model.Run{}, err
	}
	r.Data.Params = pairs(params)
	return r.run(experiment), nil
}

func (c *Client) start(ctx context.Context, experiment, name string, tags map[string]string) (wireRun, error) {
	var out struct {
		Run wireRun `json:"run"`
	}
	id, err := c.experiment(ctx, experiment)
	if err != nil {
		return out.Run, err
	}
	all := pairs(tags)
	if _, ok := tags[userTag]; !ok && c.login.user != "" {
		all = append(all, pair{userTag, c.login.user})
	}
	err = c.post(ctx, "runs/create", map[string]any{
		"experiment_id": id, "run_name": name, "start_time": time.Now().UnixMilli(), "tags": all,
	}, &out)
	return out.Run, err
}

// experiment returns the id of a named experiment, which it makes.
func (c *Client) experiment(ctx context.Context, name string) (string, error) {
	if name == "" {
		return "", fault.New(fault.Invalid, "The experiment of a run has no name.", "Name it.", nil)
	}
	for range 2 { // another program may make it between the two calls
		var found struct {
			Experiment wireExperiment `json:"experiment"`
		}
		err := c.get(ctx, "experiments/get-by-name", url.Values{"experiment_name": {name}}, &found)
		if err == nil && found.Experiment.Stage == "deleted" {
			return "", fault.New(fault.Invalid, "The experiment "+name+" was deleted in MLflow.", "Restore it there, or choose another name.", nil)
		}
		if err == nil || fault.KindOf(err) != fault.NotFound {
			return found.Experiment.ID, err
		}
		var made struct {
			ID string `json:"experiment_id"`
		}
		err = c.post(ctx, "experiments/create", map[string]any{"name": name}, &made)
		if err == nil || fault.KindOf(err) != fault.Exists {
			return made.ID, err
		}
	}
	return "", fault.New(fault.Busy, "The experiment "+name+" is made and deleted by someone else just now.", "Try again.", nil)
}

func (c *Client) logParams(ctx context.Context, run string, params map[string]string) error {
	for batch := range slices.Chunk(pairs(params), batchPairs) {
		if err := c.post(ctx, "runs/log-batch", map[string]any{"run_id": run, "params": batch}, nil); err != nil {
			return err
		}
	}
	return nil
}

// Log appends values to a run. The server counts the same value twice once.
func (c *Client) Log(ctx context.Context, run string, ms ...model.Metric) error {
	wire := make([]wireMetric, 0, len(ms))
	for _, m := range ms {
		if m.Name == "" {
			return fault.New(fault.Invalid, "A metric has no name.", "Name it.", nil)
		}
		if m.At.IsZero() {
			m.At = time.Now()
		}
		wire = append(wire, wireMetric{m.Name, number(m.Value), whole(m.At.UnixMilli()), whole(m.Step)})
	}
	for batch := range slices.Chunk(wire, batchMetrics) {
		if err := c.post(ctx, "runs/log-batch", map[string]any{"run_id": run, "metrics": batch}, nil); err != nil {
			return err
		}
	}
	return nil
}

// TagRun sets a tag of a run.
func (c *Client) TagRun(ctx context.Context, run, key, value string) error {
	return c.post(ctx, "runs/set-tag", map[string]any{"run_id": run, "key": key, "value": value}, nil)
}

// Finish ends a run.
func (c *Client) Finish(ctx context.Context, run string, failed bool) error {
	status := "FINISHED"
	if failed {
		status = "FAILED"
	}
	return c.post(ctx, "runs/update", map[string]any{"run_id": run, "status": status, "end_time": time.Now().UnixMilli()}, nil)
}
