package ui

import (
	"reflect"
	"testing"
	"time"

	"coverslip.dev/coverslip/core/config"
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
