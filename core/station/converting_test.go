package station

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"coverslip.dev/coverslip/core/fault"
	"coverslip.dev/coverslip/core/flow"
	"coverslip.dev/coverslip/core/imageio"
	"coverslip.dev/coverslip/core/imageio/foreign"
)

// TestUploadsAreNotConverted: a stranger's file is given to no other program.
func TestUploadsAreNotConverted(t *testing.T) {
	dir := t.TempDir()
	program, at, ran := filepath.Join(dir, "openreadout"), filepath.Join(dir, "a.nd2"), filepath.Join(dir, "ran")
	err := errors.Join(os.WriteFile(program, []byte("#!/bin/sh\necho ran >"+ran+"\n"), 0o700), //nolint:gosec // it is to be run
		os.WriteFile(at, []byte("\xda\xce\xbe\x0a and what follows"), 0o600))
	if err != nil {
		t.Fatal(err)
	}
	t.Setenv("COVERSLIP_CONVERTER", program)
	t.Setenv("XDG_CACHE_HOME", filepath.Join(dir, "cache"))
	if _, err := openUpload(t.Context(), at, "", -1); !errors.Is(err, imageio.ErrNoFormat) {
		t.Errorf("an upload: %v", err)
	}
	if _, err := os.Stat(ran); err == nil {
		t.Error("the converter was run")
	}
	if _, err := openGiven(t.Context(), at, -1, nil); err == nil {
		t.Error("an own file: nothing was written")
	}
	if _, err := os.Stat(ran); err != nil {
		t.Errorf("the converter was not run on an own file: %v", err)
	}
}

// TestWhoWaitsForAConversionGoesFirst: what is on screen, and what is no capture, before the oldest; beside that
// one nothing else is begun.
func TestWhoWaitsForAConversionGoesFirst(t *testing.T) {
	dir := t.TempDir()
	program, at := filepath.Join(dir, "openreadout"), filepath.Join(dir, "a.nd2")
	err := errors.Join(os.WriteFile(program, nil, 0o700), os.WriteFile(at, []byte("\xda\xce\xbe\x0a and what follows"), 0o600)) //nolint:gosec // it is to be run
	if err != nil {
		t.Fatal(err)
	}
	var s Station
	s.conversions = newConversions(shelf(dir, func() string { return program }, nil))
	f := foreign.Format{Shelf: s.conversions.shelf, Ask: s.conversions.ask}
	_, stirred := s.conversions.next(s.wanted, true)
	for _, id := range []string{"md5:0a", "md5:0b", "md5:0c", "file:0d"} {
		if _, err := f.OpenKept(t.Context(), at, id, -1); fault.KindOf(err) != fault.Busy {
			t.Fatal(err)
		}
	}
	<-stirred
	s.flow = new(flow.Runner)
	s.flow.Items.Put("c", flow.Item{Passes: map[string]flow.Pass{"capture": {Out: []byte(`{"md5":"0c"}`)}}})
	v, stirred := s.conversions.next(func(string) bool { return false }, false)
	if s.LookingAt("c"); v != nil {
		t.Fatalf("%+v", v)
	}
	select {
	case <-stirred:
	default:
		t.Error("who converts what a person waits for sleeps on")
	}
	for _, want := range []struct {
		all bool
		id  string
	}{{false, "md5:0c"}, {false, "file:0d"}, {false, ""}, {true, "md5:0a"}, {true, "md5:0b"}, {true, ""}} {
		v, _ := s.conversions.next(s.wanted, want.all)
		if want.id == "" && v != nil || want.id != "" && (v == nil || v.ID() != want.id) {
			t.Errorf("of all %v: %+v, want %q", want.all, v, want.id)
		}
	}
}

// TestAVainHopeIsToldToEach: captures of the same bytes fail together; one that is tried again alone hopes anew.
func TestAVainHopeIsToldToEach(t *testing.T) {
	c, done := newConversions(nil), make(chan struct{})
	why := errors.New("no luck")
	for _, item := range []string{"a", "b", "c"} {
		c.hope("0a", item, &imageio.Making{Done: done, Why: func() error { return why }})
	}
	if err := c.vain("0a", "a"); err != nil {
		t.Errorf("while it is made: %v", err)
	}
	close(done)
	if err := c.vain("0a", "a"); !errors.Is(err, why) {
		t.Errorf("the first is told %v", err)
	}
	if err := c.vain("0a", "a"); err != nil {
		t.Errorf("the first is told again: %v", err)
	}
	if err := c.vain("0a", "b"); !errors.Is(err, why) {
		t.Errorf("the second is told %v", err)
	}
	why = context.Canceled
	if err := c.vain("0a", "c"); fault.KindOf(err) != fault.Invalid {
		t.Errorf("that it was stopped is told as %v", err)
	}
	if len(c.hoped) > 0 {
		t.Errorf("kept: %v", c.hoped)
	}
}
