package ui

import (
	"context"
	"encoding/json"
	"errors"
	"image"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"fyne.io/fyne/v2/test"
	"golang.org/x/sync/errgroup"

	"coverslip.dev/coverslip/core/annotation"
	"coverslip.dev/coverslip/core/config"
	"coverslip.dev/coverslip/core/flow"
	"coverslip.dev/coverslip/core/imageio"
	"coverslip.dev/coverslip/core/intake"
	"coverslip.dev/coverslip/core/station"
	"coverslip.dev/coverslip/ui/bind"
	"coverslip.dev/coverslip/ui/inbox"
	"coverslip.dev/coverslip/ui/theme"
	"coverslip.dev/coverslip/ui/tileview"
	"coverslip.dev/coverslip/ui/viewer"
)

// page is an open image that notes when it is closed.
type page struct {
	imageio.Source
	closed bool
}

func (p *page) Close() error { p.closed = true; return nil }

// TestOnlyTheImageThatWasAskedForLastIsOpened: those before it are left out, and one that was
// being opened when it was asked for is closed and not shown.
func TestOnlyTheImageThatWasAskedForLastIsOpened(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		post := func(f func()) { f() }
		log := slog.New(slog.DiscardHandler)
		w := &window{queues: newQueues(post, log)}
		ctx, stop := context.WithCancel(t.Context())
		ended := make(chan error, 2)
		go func() { ended <- w.work.run(ctx) }()
		go func() { ended <- w.closing.run(ctx) }()
		first, more := &page{}, make(chan struct{})
		w.bring("", nil, func(context.Context) (desk, error) {
			<-more
			return desk{src: first}, nil
		})
		synctest.Wait()
		var began []int
		for i := range 3 {
			w.bring("", nil, func(context.Context) (desk, error) {
				began = append(began, i)
				return desk{}, context.Canceled // there is no screen here
			})
		}
		close(more)
		synctest.Wait()
		if !first.closed || w.desk.src != nil || len(began) != 1 || began[0] != 2 {
			t.Errorf("the first is closed: %v, shown is %v, of the others began %v", first.closed, w.desk.src, began)
		}
		stop()
		<-ended
		<-ended
	})
}

// corrected is a window with a capture open, on a station that does not run, and a person's name
// set; what work brings back to the screen comes to posts.
func corrected(t *testing.T) (w *window, posts bind.Queue) {
	t.Helper()
	log := slog.New(slog.NewTextHandler(t.Output(), nil))
	st, err := station.Open(t.Context(), station.Options{Workspace: t.TempDir(), Log: log})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { st.Close() })
	set := st.Settings()
	set.Person = config.Person{Name: "Ada", Email: "ada@example.org"}
	if err := st.Save(t.Context(), set, nil); err != nil {
		t.Fatal(err)
	}
	const file = "../assets/sample/captures/2026-11-24_bbbc038_img2d_DAPI.ome.tif"
	words, err := json.Marshal(intake.Capture{Path: file, Rel: "captures/a.tif"})
	if err != nil {
		t.Fatal(err)
	}
	st.Items().Put("a", flow.Item{ID: "a", Line: intake.LineName, Data: words, Passes: map[string]flow.Pass{
		"capture": {State: flow.Passed, Out: []byte(`{"md5":"d41d8cd98f00b204e9800998ecf8427e"}`)},
	}})
	src, err := st.OpenFileNth(t.Context(), file, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { src.Close() })
	app := test.NewTempApp(t)
	test.ApplyTheme(t, theme.New(theme.Dark))
	posts = make(bind.Queue, 100)
	w = &window{app: app, station: st, opt: Options{Log: log}, queues: newQueues(posts.Post, log), viewer: viewer.New(posts.Post, viewer.Actions{}), inbox: inbox.New(time.Now, inbox.Actions{}), thumbs: map[string]image.Image{}}
	w.desk = desk{id: "a", src: src}
	return w, posts
}

// begin has all queues of a window worked through until the test ends.
func begin(t *testing.T, w *window) {
	t.Helper()
	ctx, stop := context.WithCancel(t.Context())
	g := &errgroup.Group{}
	w.workAll(ctx, g)
	t.Cleanup(func() {
		stop()
		if err := g.Wait(); !errors.Is(err, context.Canceled) {
			t.Error(err)
		}
	})
}

// wait runs what comes back to the screen until ok says so.
func wait(t *testing.T, posts bind.Queue, ok func() bool) {
	t.Helper()
	ctx, stop := context.WithTimeout(t.Context(), time.Minute)
	defer stop()
	if err := posts.RunUntil(ctx, ok); err != nil {
		t.Fatal(err)
	}
}

// kept are the corrections of the open capture that are on disk.
func kept(t *testing.T, w *window) []annotation.Entry {
	t.Helper()
	it, _ := w.station.Items().Row("a")
	_, log, err := w.station.Objects(t.Context(), it)
	if err != nil {
		t.Fatal(err)
	}
	return log
}

// square is an outline.
func square(x, side float64) []annotation.Point {
	return []annotation.Point{{X: x, Y: 10}, {X: x + side, Y: 10}, {X: x + side, Y: 10 + side}, {X: x, Y: 10 + side}}
}

// TestObjectsThatForm are shown until the prediction is read, and can't be corrected.
func TestObjectsThatForm(t *testing.T) {
	w, _ := corrected(t)
	it, _ := w.station.Items().Row("a")
	md5, _ := station.Image(it)
	form := func(n int) {
		w.setForming(map[string][]annotation.Object{md5: make([]annotation.Object, n), "another": make([]annotation.Object, 9)})
	}
	stand := func(s flow.State) {
		it.Passes = map[string]flow.Pass{"capture": it.Passes["capture"], "infer": {State: s}}
		w.station.Items().Put("a", it)
	}
	if form(3); w.desk.forming != nil {
		t.Error("shown before the prediction runs")
	}
	stand(flow.Running)
	form(3)
	w.setForming(nil)
	if form(0); len(w.desk.forming) != 3 {
		t.Errorf("%d objects have formed, want 3", len(w.desk.forming))
	}
	w.judge("", annotation.Accepted)
	w.remove("")
	if len(w.desk.log) > 0 {
		t.Errorf("corrected: %+v", w.desk.log)
	}
	if stand(flow.Passed); len(w.desk.forming) != 3 {
		t.Error("gone before the prediction is read")
	}
	w.desk.take(opened{src: w.desk.src, objects: make([]annotation.Object, 5)})
	stand(flow.Running)
	if form(4); w.desk.forming != nil {
		t.Error("laid over the objects of an earlier prediction")
	}
	w.desk.objects = nil
	form(4)
	stand(flow.Failed)
	if w.fillViewer(); w.desk.forming != nil {
		t.Error("left by a prediction that has failed")
	}
}

// TestTheSecondOfTwoStrokesHasTheFirst: a correction is there for the next one at once, also while
// neither is kept yet, and no reading takes back what came after it.
func TestTheSecondOfTwoStrokesHasTheFirst(t *testing.T) {
	w, posts := corrected(t)
	w.draw(square(10, 20))
	if len(w.desk.objects) != 1 {
		t.Fatalf("%d objects after the first stroke", len(w.desk.objects))
	}
	id := w.desk.objects[0].ID
	w.reshape(id, square(10, 30), nil)
	w.draw(square(60, 20))
	wide := func() bool {
		o := w.object(id)
		return o != nil && o.Outline[1].X == 40 && len(w.desk.objects) == 2
	}
	if !wide() {
		t.Errorf("shown before it is kept: %+v", w.desk.objects)
	}
	begin(t, w)
	wait(t, posts, func() bool {
		if !wide() {
			t.Errorf("shown on the way: %+v", w.desk.objects)
		}
		return w.desk.log[2].Seq > 0
	})
	if log := kept(t, w); len(log) != 3 || log[1].After.Outline[1].X != 40 || w.desk.log[2].Seq != log[2].Seq {
		t.Errorf("kept %+v", log)
	}
}

// TestACutIsOneStep: what breaks off of an object is another one of its class, and comes and goes with the cut,
// also on disk.
func TestACutIsOneStep(t *testing.T) {
	w, posts := corrected(t)
	w.desk.known = []string{"cell", "debris"}
	w.draw(square(10, 30))
	id := w.desk.objects[0].ID
	w.classify("", "debris")
	w.reshape(id, square(10, 10), [][]annotation.Point{square(30, 10)})
	check := func(when string, got []annotation.Object, want int) {
		t.Helper()
		if len(got) != want || got[0].ID != id || want == 2 && (got[1].ID == id || got[1].Class != "cell" || got[1].State != annotation.Drawn) {
			t.Errorf("%s: %+v", when, got)
		}
	}
	onDisk := func() []annotation.Object {
		it, _ := w.station.Items().Row("a")
		objects, _, err := w.station.Objects(t.Context(), it)
		if err != nil {
			t.Fatal(err)
		}
		return objects
	}
	check("cut", w.desk.objects, 2)
	w.step(annotation.Undo, w.station.Undo)
	check("taken back", w.desk.objects, 1)
	w.step(annotation.Redo, w.station.Redo)
	check("again", w.desk.objects, 2)
	begin(t, w)
	wait(t, posts, func() bool { return w.desk.log[3].Seq > 0 })
	check("shown", w.desk.objects, 2)
	check("kept", onDisk(), 2)
	w.step(annotation.Undo, w.station.Undo)
	wait(t, posts, func() bool { return w.desk.log[4].Seq > 0 })
	check("taken back when it was kept", onDisk(), 1)
	if log := kept(t, w); len(log) != 5 || len(log[1].With) != 1 || log[1].With[0].After.ID == id {
		t.Errorf("kept: %+v", log)
	}
}

// TestAClassIsKeptAndDrawnAgain: the one that a person chose last, where there is such a thing.
func TestAClassIsKeptAndDrawnAgain(t *testing.T) {
	w, posts := corrected(t)
	w.desk.known = []string{"cell", "debris"}
	w.draw(square(10, 20))
	id := w.desk.objects[0].ID
	if got := w.desk.objects[0].Class; got != "cell" {
		t.Errorf("where nothing is yet, drawn is a %s", got)
	}
	w.classify(id, "debris")
	w.draw(square(60, 20))
	w.classify("", "cell")
	w.draw(square(110, 20))
	if got := w.desk.objects; got[0].Class != "debris" || got[1].Class != "debris" || got[2].Class != "cell" {
		t.Errorf("shown: %+v", got)
	}
	begin(t, w)
	wait(t, posts, func() bool { return w.desk.log[3].Seq > 0 })
	if log := kept(t, w); len(log) != 4 || log[1].Kind != annotation.Change || log[1].Before.Class != "cell" || log[1].After.Class != "debris" {
		t.Errorf("kept %+v", log)
	}
	w.class, w.desk.known, w.desk.objects = "debris", []string{"nucleus"}, nil
	if got := w.drawnAs(); got != "nucleus" {
		t.Errorf("where there is no such thing, drawn is a %s", got)
	}
}

// TestWhatIsNotKeptIsNotShown: a correction that nobody is named for goes when it was refused.
func TestWhatIsNotKeptIsNotShown(t *testing.T) {
	w, posts := corrected(t)
	set := w.station.Settings()
	set.Person = config.Person{}
	if err := w.station.Save(t.Context(), set, nil); err != nil {
		t.Fatal(err)
	}
	w.draw([]annotation.Point{{X: 10, Y: 10}, {X: 30, Y: 10}, {X: 20, Y: 30}})
	refused := 0
	w.tell(func(string, string) { refused++ })
	begin(t, w)
	wait(t, posts, func() bool { return len(w.desk.log) == 0 })
	if refused != 1 || len(w.desk.objects) != 0 {
		t.Errorf("%d refused, shown: %+v", refused, w.desk.objects)
	}
}

// TestWhatIsNotKeptIsTakenBackAlone: to undo a stroke whose writing failed leaves the stroke before it.
func TestWhatIsNotKeptIsTakenBackAlone(t *testing.T) {
	w, posts := corrected(t)
	w.draw(square(10, 20))
	b := annotation.Object{ID: "b", State: annotation.Drawn, Outline: square(60, 20)}
	w.change(annotation.Edit{Kind: annotation.Add, After: &b}, func(context.Context) error { return errors.New("the disk is full") })
	w.step(annotation.Undo, w.station.Undo)
	begin(t, w)
	wait(t, posts, func() bool { return w.desk.log[len(w.desk.log)-1].Seq > 0 })
	if log := kept(t, w); len(log) != 1 || len(w.desk.objects) != 1 || w.desk.objects[0].ID == "b" {
		t.Errorf("kept %+v, shown %+v", log, w.desk.objects)
	}
}

// TestCommittedIsOnlyWhatIsInTheCommit: not what was corrected, or found anew, while it was made.
func TestCommittedIsOnlyWhatIsInTheCommit(t *testing.T) {
	at := time.Unix(1000, 0)
	it := flow.Item{Passes: map[string]flow.Pass{
		"infer": {State: flow.Passed}, "review": {State: flow.Passed, Out: []byte(`{"who":"Ada"}`)},
		"record": {State: flow.Passed, At: at, Out: []byte(`{"commit":"0123456789","edits":1}`)},
	}}
	log := []annotation.Entry{
		{Seq: 1, Edit: annotation.Edit{At: at.Add(-2 * time.Second)}},
		{Seq: 2, Edit: annotation.Edit{At: at.Add(-time.Second)}}, // while the commit was made
	}
	for _, c := range []struct {
		review flow.State
		log    []annotation.Entry
		say    string
	}{
		{flow.Passed, log[:1], "Committed as 0123456 by Ada"},
		{flow.Passed, log, "1 correction saved, not committed yet"},
		{flow.Passed, append(log[:2:2], annotation.Entry{Seq: -1}), "2 corrections being saved, not committed yet"},
		{flow.Yours, log[:1], "Objects found anew, not committed yet"},
	} {
		it.Passes["review"] = flow.Pass{State: c.review, Out: it.Passes["review"].Out}
		if say, _ := saved(it, c.log); say != c.say {
			t.Errorf("%s with %d corrections: %s", c.review, len(c.log), say)
		}
	}
	it.Passes["record"] = flow.Pass{State: flow.Failed}
	if say, _ := saved(it, log); say != "The review could not be committed: see the inbox" {
		t.Errorf("a failed commit: %s", say)
	}
}

// TestAPresetIsDroppedForItsChannelsOnly: one of the same name for other channels stays.
func TestAPresetIsDroppedForItsChannelsOnly(t *testing.T) {
	w, _ := corrected(t)
	one := viewer.Preset{Name: "bright", Channels: []tileview.Channel{{Name: "DAPI"}}}
	two := viewer.Preset{Name: "bright", Channels: []tileview.Channel{{Name: "DAPI"}, {Name: "GFP"}}}
	w.savePreset(one)
	w.savePreset(two)
	w.dropPreset(one)
	if all := w.presets(); len(all) != 1 || !all[0].Same(two) {
		t.Errorf("left are %+v", all)
	}
}

// TestTheNextCaptureIsOneThatTheInboxShows: also from one whose review is done, which the filter leaves out by then.
func TestTheNextCaptureIsOneThatTheInboxShows(t *testing.T) {
	w, _ := corrected(t)
	var rows []inbox.Row
	for i, id := range []string{"e", "d", "c", "b"} { // a was there before all of them
		at := time.Unix(int64(100-i), 0)
		w.station.Items().Put(id, flow.Item{ID: id, Line: intake.LineName, Created: at})
		if id != "d" {
			rows = append(rows, inbox.Row{ID: id, At: at})
		}
	}
	w.inbox.Set(rows)
	for _, c := range []struct{ id, place, next, before string }{
		{"e", "1 of 3", "c", ""}, {"d", "not among the 3 shown", "c", "e"}, {"c", "2 of 3", "b", "e"}, {"b", "3 of 3", "", "c"},
	} {
		w.desk.id = c.id
		if place, next, before := w.place(c.id), w.beside(1), w.beside(-1); place != c.place || next != c.next || before != c.before {
			t.Errorf("%s stands %q, between %q and %q", c.id, place, before, next)
		}
	}
}

// filmed is an image of several time points.
type filmed struct{ imageio.Source }

func (f filmed) Info() imageio.Info {
	i := f.Source.Info()
	i.T = 3
	return i
}

// TestAnotherPredictionIsFollowedAnew: its objects are other ones, of another time point perhaps.
func TestAnotherPredictionIsFollowedAnew(t *testing.T) {
	w, posts := corrected(t)
	begin(t, w)
	w.desk.src, w.desk.tracks = filmed{w.desk.src}, map[string]int{"of before": 5}
	w.take(opened{src: w.desk.src})
	if w.desk.film.Making {
		t.Error("linked anew for the same prediction")
	}
	w.desk.stamp = "of now"
	w.take(opened{src: w.desk.src})
	wait(t, posts, func() bool { return len(w.desk.tracks) == 0 })
	if w.take(opened{src: w.desk.src}); w.desk.film.Making {
		t.Error("linked twice for one prediction")
	}
	if say := w.desk.course().Say; say != "" {
		t.Errorf("with no correction it says %q", say)
	}
	if w.draw(square(10, 20)); !strings.Contains(w.desk.course().Say, "without corrections") {
		t.Error("it does not say that corrections are not in the tracks")
	}
}
