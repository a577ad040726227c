package ui

import (
	"reflect"
	"strings"
	"testing"
	"time"

	"coverslip.dev/coverslip/core/config"
	"coverslip.dev/coverslip/core/fault"
	"coverslip.dev/coverslip/core/station"
	"coverslip.dev/coverslip/ui/settings"
)

// TestFormKeepsWhatItDoesNotShow saves a form over settings that the lab has written by hand.
func TestFormKeepsWhatItDoesNotShow(t *testing.T) {
	own := &config.Profile{Group: "(.+)/x"}
	before := []config.Folder{{Path: "/a", Own: own, Share: true}, {Path: "/b", Profile: "plate"}, {Path: "/c", Own: own}}
	got := folders(before, []settings.Folder{
		{Path: "/a2 ", Instrument: "A", Quiet: 3, Profile: ownProfile, From: 1},
		{Path: "/c", Profile: "video", From: 3},
		{Path: "/new"},
	})
	want := []config.Folder{
		{Path: "/a2", Instrument: "A", Quiet: 3 * time.Second, Own: own, Share: true},
		{Path: "/c", Profile: "video"},
		{Path: "/new"},
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("kept %+v", got)
	}
}

// TestFormKeepsTheRuleForFollowing: the form doesn't show by which rule objects are followed over
// time.
func TestFormKeepsTheRuleForFollowing(t *testing.T) {
	before := config.Default()
	before.Linking = config.Linking{Reach: 7, Gap: 3}
	before.Servers = []config.Server{{Address: "grpc://old", Backend: "python"}}
	got := settingsOf(before, settings.Values{Name: "Ada ", Model: "cells", Servers: []settings.Server{{Address: "grpc://new", Backend: "python"}}})
	want := before
	want.Person.Name, want.Model, want.Takeover = "Ada", "cells", false
	want.Servers = []config.Server{{Address: "grpc://new", Backend: "python"}}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("kept %+v", got)
	}
}

// TestFormHoldsAllOfAServer: whatever the settings say of a server comes back from the form.
func TestFormHoldsAllOfAServer(t *testing.T) {
	want := config.Server{
		Name: "GPU 1", Address: "grpcs://gpu", Backend: "python", Metrics: "http://gpu/metrics", Header: "key",
		CA: "/ca", Cert: "/cert", Key: "/key", Compress: true,
	}
	for i, v := 0, reflect.ValueOf(want); i < v.NumField(); i++ {
		if v.Field(i).IsZero() {
			t.Errorf("%s is not tested", v.Type().Field(i).Name)
		}
	}
	if got := serverOf(serverForm(want, true)); got != want {
		t.Errorf("%+v", got)
	}
}

// TestATestSaysWhatIsWrongWithAServerThatAnswers: as the Servers screen does, of a server as it is saved.
func TestATestSaysWhatIsWrongWithAServerThatAnswers(t *testing.T) {
	w, _ := corrected(t)
	set := w.station.Settings()
	v := config.Server{Address: "grpc://127.0.0.1:1", Backend: "onnxruntime"}
	set.Servers = []config.Server{v}
	if err := w.station.Save(t.Context(), set, nil); err != nil {
		t.Fatal(err)
	}
	const answers, wrong = "It answers, with 1 models.", "It has no backend onnxruntime."
	ask := func(v config.Server, row station.Server) string {
		w.station.Servers().Put(v.Address, row)
		say, err := w.asSeen(v, answers, nil)
		if err != nil {
			say, _ = fault.Explain(err)
		}
		return say
	}
	if say := ask(v, station.Server{Address: v.Address, Answers: true, Say: wrong}); !strings.HasPrefix(say, answers) || !strings.Contains(say, wrong) {
		t.Errorf("said %q", say)
	}
	if say := ask(v, station.Server{Address: v.Address, Answers: true, Ready: true}); say != answers {
		t.Errorf("said %q of one that is ready", say)
	}
	if say := ask(v, station.Server{Address: v.Address, Say: "It can't be reached."}); say != answers {
		t.Errorf("said %q of one that was away", say)
	}
	other := v
	other.Backend = "python"
	if say := ask(other, station.Server{Address: v.Address, Answers: true, Say: wrong}); say != answers {
		t.Errorf("said %q of one that is not saved yet", say)
	}
}
