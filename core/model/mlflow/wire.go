package mlflow

import (
	"bytes"
	"maps"
	"slices"
	"strconv"
	"time"

	"coverslip.dev/coverslip/core/model"
)

// pair is a tag or a param.
type pair struct {
	Key   string `json:"key"`
	Value string `json:"value"`
}

func pairs(m map[string]string) []pair {
	out := make([]pair, 0, len(m))
	for _, k := range slices.Sorted(maps.Keys(m)) {
		out = append(out, pair{k, m[k]})
	}
	return out
}

func unpaired(ps []pair) map[string]string {
	out := make(map[string]string, len(ps))
	for _, p := range ps {
		out[p.Key] = p.Value
	}
	return out
}

// whole is an integer that comes as a number or, as Protobuf has it, as a string.
type whole int64

// UnmarshalJSON reads either form.
func (w *whole) UnmarshalJSON(b []byte) error {
	n, err := strconv.ParseInt(string(bytes.Trim(b, `"`)), 10, 64)
	*w = whole(n)
	return err
}

// number is a float64; NaN and the infinities are strings.
type number float64

// MarshalJSON writes what UnmarshalJSON reads.
func (n number) MarshalJSON() ([]byte, error) {
	switch s := strconv.FormatFloat(float64(n), 'g', -1, 64); s {
	case "NaN":
		return []byte(`"NaN"`), nil
	case "+Inf":
		return []byte(`"Infinity"`), nil
	case "-Inf":
		return []byte(`"-Infinity"`), nil
	default:
		return []byte(s), nil
	}
}

// UnmarshalJSON reads a number or a string.
func (n *number) UnmarshalJSON(b []byte) error {
	f, err := strconv.ParseFloat(string(bytes.Trim(b, `"`)), 64)
	*n = number(f)
	return err
}

// ms is a time in Unix milliseconds; none is the zero time.
func (w whole) ms() time.Time {
	if w == 0 {
		return time.Time{}
	}
	return time.UnixMilli(int64(w)).UTC()
}

type wireMetric struct {
	Key       string `json:"key"`
	Value     number `json:"value"`
	Timestamp whole  `json:"timestamp"`
	Step      whole  `json:"step"`
}

func (m wireMetric) metric() model.Metric {
	return model.Metric{Name: m.Key, Value: float64(m.Value), Step: int64(m.Step), At: time.UnixMilli(int64(m.Timestamp)).UTC()}
}

type wireExperiment struct {
	ID    string `json:"experiment_id"`
	Name  string `json:"name"`
	Stage string `json:"lifecycle_stage"` // active or deleted
}

type wireRun struct {
	Info struct {
		ID         string `json:"run_id"`
		Name       string `json:"run_name"`
		Experiment string `json:"experiment_id"`
		User       string `json:"user_id"`
		Status     string `json:"status"`
		Start      whole  `json:"start_time"`
		End        whole  `json:"end_time"`
		Artifacts  string `json:"artifact_uri"`
	} `json:"info"`
	Data struct {
		Metrics []wireMetric `json:"metrics"`
		Params  []pair       `json:"params"`
		Tags    []pair       `json:"tags"`
	} `json:"data"`
}

// userTag and nameTag are where MLflow keeps what its own runs have no field for.
const (
	userTag = "mlflow.user"
	nameTag = "mlflow.runName"
)

func (r wireRun) run(experiment string) model.Run {
	out := model.Run{
		ID: r.Info.ID, Name: r.Info.Name, Experiment: experiment, Status: r.Info.Status, User: r.Info.User,
		Started: r.Info.Start.ms(), Ended: r.Info.End.ms(),
		Params: unpaired(r.Data.Params), Tags: unpaired(r.Data.Tags), Metrics: map[string]float64{},
	}
	if out.User == "" {
		out.User = out.Tags[userTag]
	}
	delete(out.Tags, userTag)
	delete(out.Tags, nameTag)
	for _, m := range r.Data.Metrics {
		out.Metrics[m.Key] = float64(m.Value)
	}
	return out
}

type wireModel struct {
	Name        string `json:"name"`
	Description string `json:"description"`
	Updated     whole  `json:"last_updated_timestamp"`
	Aliases     []struct {
		Alias   string `json:"alias"`
		Version string `json:"version"`
	} `json:"aliases"`
}

func (m wireModel) model() model.Model {
	out := model.Model{Name: m.Name, Description: m.Description, Updated: m.Updated.ms(), Aliases: map[string]string{}}
	for _, a := range m.Aliases {
		out.Aliases[a.Alias] = a.Version
	}
	return out
}

type wireVersion struct {
	Name        string `json:"name"`
	Version     string `json:"version"`
	Run         string `json:"run_id"`
	Source      string `json:"source"`
	Stage       string `json:"current_stage"`
	Status      string `json:"status"`
	Description string `json:"description"`
	User        string `json:"user_id"`
	Created     whole  `json:"creation_timestamp"`
	Tags        []pair `json:"tags"`
}

func (v wireVersion) version(aliases map[string]string) model.Version {
	out := model.Version{
		Model: v.Name, Version: v.Version, Run: v.Run, Source: v.Source, Stage: v.Stage, Status: v.Status,
		Description: v.Description, User: v.User, Created: v.Created.ms(), Tags: unpaired(v.Tags),
	}
	if out.User == "" {
		out.User = out.Tags[userTag]
	}
	delete(out.Tags, userTag)
	for _, a := range slices.Sorted(maps.Keys(aliases)) {
		if aliases[a] == v.Version {
			out.Aliases = append(out.Aliases, a)
		}
	}
	return out
}
