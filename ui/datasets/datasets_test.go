package datasets_test

import (
	"fmt"
	"image"
	"image/color"
	"slices"
	"strings"
	"testing"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/test"
	"fyne.io/fyne/v2/widget"

	"coverslip.dev/coverslip/core/job"
	"coverslip.dev/coverslip/ui/datasets"
	"coverslip.dev/coverslip/ui/kit"
	"coverslip.dev/coverslip/ui/theme"
)

func now() time.Time { return time.Date(2026, 3, 4, 15, 0, 0, 0, time.UTC) }

func at(minute int) time.Time { return time.Date(2026, 3, 4, 14, minute, 0, 0, time.UTC) }

func window(t *testing.T, m theme.Mode, act datasets.Actions) (*datasets.Screen, fyne.Window) {
	t.Helper()
	test.NewTempApp(t)
	test.ApplyTheme(t, theme.New(m))
	s := datasets.New(now, act)
	w := test.NewTempWindow(t, s)
	w.SetPadded(false)
	w.Resize(fyne.NewSize(1170, 640))
	return s, w
}

func values() datasets.Values {
	return datasets.Values{
		Folder: "/data/cells",
		Commits: []datasets.Commit{
			{
				ID: "1a2b3c4d5e", Who: "Ada Lovelace", When: at(40), Subject: "Review plate7_A01: 3 rejected, 1 drawn",
				Body: "The illumination was uneven at the left.", OnlyHere: true,
			},
			{ID: "9f8e7d6c5b", Who: "Ada Lovelace", When: at(12), Subject: "Capture plate7_A01.ome.tif from Confocal 2"},
			{ID: "55aa201bcd", Who: "Bo", When: at(3), Subject: "Start the dataset"},
		},
		Places: []datasets.Place{
			{Name: "This computer", Address: "/data/cells/.dvc/cache", Kind: datasets.Machine, Looked: true, Answers: true},
			{
				Key: "nas", Name: "nas", Address: "/mnt/nas/dvc", Default: true, Looked: true, Answers: true,
				Pushed: at(13), Checked: at(20), Found: datasets.Check{Objects: 1204},
			},
			{
				Key: "git server", Name: "Git server", Address: "https://git.lab/cells.git", Kind: datasets.Git, Looked: true, Behind: 1,
				Say: "The git server does not answer.", Hint: "Check the network; the work goes on by itself when it is back.",
			},
		},
	}
}

func files() []datasets.File {
	return []datasets.File{
		{Path: "plate7/A01.objects.geojson", Kind: datasets.Added, Git: true, Size: -1},
		{Path: "plate7/A01.ome.tif", Kind: datasets.Changed, Before: "c1", After: "c2", Size: 2_100_000},
		{Path: "plate7/A02.ome.tif", Kind: datasets.Removed, Before: "c3", Size: 1_900_000},
		{Path: "plate7/series", Kind: datasets.Changed, Before: "c4", After: "c5", Size: 48_000_000_000, Folder: true},
	}
}

// nuclei is a picture that a content's name decides.
func nuclei(content string, side int) image.Image {
	m := image.NewRGBA(image.Rect(0, 0, side, side*3/4))
	for y := range side * 3 / 4 {
		for x := range side {
			var v int
			for i, r := range content + "nuclei" {
				cx, cy := (int(r)*37+i*61)%side, (int(r)*53+i*29)%(side*3/4)
				v = max(v, 240-((x-cx)*(x-cx)+(y-cy)*(y-cy))*40000/(side*side))
			}
			m.Set(x, y, color.RGBA{0, uint8(v / 2), uint8(v), 255})
		}
	}
	return m
}

func pictures(content string, large bool) (image.Image, string) {
	switch {
	case content == "c3":
		return nil, "not on this computer"
	case large:
		return nuclei(content, 320), ""
	}
	return nuclei(content, 64), ""
}

// walk lists what is on the screen. (test.LaidOutObjects makes new renderers, and
// the labels it went through no longer show what is set later.)
func walk(o fyne.CanvasObject) []fyne.CanvasObject {
	if !o.Visible() {
		return nil
	}
	out := []fyne.CanvasObject{o}
	var inner []fyne.CanvasObject
	switch x := o.(type) {
	case *fyne.Container:
		inner = x.Objects
	case fyne.Widget:
		inner = test.WidgetRenderer(x).Objects()
	}
	for _, c := range inner {
		out = append(out, walk(c)...)
	}
	return out
}

// buttons are those that can be pressed, by what is on them.
func buttons(o fyne.CanvasObject, text string) []*widget.Button {
	var out []*widget.Button
	for _, x := range walk(o) {
		if b, ok := x.(*widget.Button); ok && b.Text == text && !b.Disabled() {
			out = append(out, b)
		}
	}
	return out
}

func press(t *testing.T, o fyne.CanvasObject, text string) {
	t.Helper()
	all := buttons(o, text)
	if len(all) == 0 {
		t.Fatalf("no button says %q", text)
	}
	test.Tap(all[0])
}

// lists are the virtual lists on the screen: the versions, then the files.
func lists(o fyne.CanvasObject) []*widget.List {
	var out []*widget.List
	for _, x := range walk(o) {
		if l, ok := x.(*widget.List); ok {
			out = append(out, l)
		}
	}
	return out
}

func said(o fyne.CanvasObject, text string) bool {
	for _, x := range walk(o) {
		if l, ok := x.(*widget.Label); ok && strings.Contains(l.Text, text) {
			return true
		}
	}
	return false
}

// bench is a screen that answers comparisons at once.
func bench(t *testing.T, m theme.Mode, act datasets.Actions) (*datasets.Screen, fyne.Window) {
	t.Helper()
	var s *datasets.Screen
	ask := act.Compare
	act.Compare = func(from, to string) {
		if ask != nil {
			ask(from, to)
		}
		if s != nil {
			s.Compared(datasets.Comparison{From: from, To: to, Files: files()})
		}
	}
	act.Picture = pictures
	s, w := window(t, m, act)
	s.Set(values())
	return s, w
}

// TestAsksOncePerReading: what is pending is compared anew when it was read anew, and not with every
// step of a job.
func TestAsksOncePerReading(t *testing.T) {
	asked := 0
	s, _ := bench(t, theme.Dark, datasets.Actions{Compare: func(string, string) { asked++ }})
	v := values()
	v.Pending, v.Read = 4, 1
	s.Set(v)
	lists(s)[1].Select(0)
	before := asked
	for range 3 {
		s.Set(v)
	}
	if asked != before {
		t.Errorf("asked %d times more without a reading", asked-before)
	}
	v.Read = 2
	s.Set(v)
	if asked != before+1 {
		t.Errorf("asked %d times after a reading", asked-before)
	}
}

// TestWithoutAGitServerNothingIsCalledPushed: the data are elsewhere, the history is not.
func TestWithoutAGitServerNothingIsCalledPushed(t *testing.T) {
	s, _ := bench(t, theme.Dark, datasets.Actions{})
	v := values()
	for i := range v.Commits {
		v.Commits[i].OnlyHere, v.Commits[i].Unshared = false, true
	}
	v.Places = append(v.Places[:1:1], datasets.Place{Key: "git server", Name: "Git server", Kind: datasets.Git, None: true, Say: "There is none."})
	s.Set(v)
	chip := func(want string) bool {
		return slices.ContainsFunc(walk(s), func(o fyne.CanvasObject) bool {
			c, ok := o.(*canvas.Text)
			return ok && c.Text == want
		})
	}
	if chip("pushed") || !chip("data pushed, history only here") {
		t.Error("the history is said to be elsewhere")
	}
	press(t, s, "Places")
	if chip("up to date") || !chip("none") {
		t.Error("a git server that there is not is said to be up to date")
	}
	if len(buttons(s, "Push")) > 0 {
		t.Error("it can be pushed to")
	}
}

// TestItSaysThatItReads: before the versions were read there are neither none nor some.
func TestItSaysThatItReads(t *testing.T) {
	s, _ := window(t, theme.Light, datasets.Actions{})
	said := func(text string) bool {
		return slices.ContainsFunc(walk(s), func(o fyne.CanvasObject) bool {
			l, ok := o.(*widget.Label)
			return ok && l.Visible() && l.Text == text
		})
	}
	s.Set(datasets.Values{Places: []datasets.Place{{Name: "This computer", Kind: datasets.Machine}}})
	if !said("Reading the versions…") {
		t.Error("it does not say that it reads them")
	}
	s.Set(datasets.Values{Read: 1, Commits: []datasets.Commit{{ID: "1a2b3c"}}})
	if said("Reading the versions…") {
		t.Error("it says so when they are there")
	}
}

func TestPictures(t *testing.T) {
	all := datasets.Actions{
		SaveCopy: func(datasets.File, string, string) {}, BringBack: func(datasets.File, string, string) {}, Commit: func(string) {},
	}
	t.Run("empty", func(t *testing.T) {
		s, w := window(t, theme.Light, datasets.Actions{Settings: func() {}})
		s.Set(datasets.Values{Read: 1})
		test.AssertRendersToImage(t, "empty-light.png", w.Canvas())
	})
	t.Run("typical", func(t *testing.T) {
		s, w := bench(t, theme.Light, all)
		lists(s)[1].Select(1)
		test.AssertRendersToImage(t, "typical-light.png", w.Canvas())
	})
	t.Run("pending", func(t *testing.T) {
		s, w := bench(t, theme.Dark, all)
		v := values()
		v.Pending = 4
		s.Set(v)
		lists(s)[1].Select(2)
		test.AssertRendersToImage(t, "pending-dark.png", w.Canvas())
	})
	t.Run("crowded", func(t *testing.T) {
		s, w := bench(t, theme.Dark, all)
		many := make([]datasets.File, 50_000)
		for i := range many {
			many[i] = datasets.File{Path: fmt.Sprintf("screen 2026-03/plate 7/a folder with a rather long name/well_%05d_field_1_of_9_Hoechst.ome.tif", i), Kind: datasets.Added, After: fmt.Sprint(i % 7), Size: 8_400_000}
		}
		s.Compared(datasets.Comparison{To: "1a2b3c4d5e", Files: many})
		test.AssertRendersToImage(t, "crowded-dark.png", w.Canvas())
	})
	t.Run("places", func(t *testing.T) {
		s, w := bench(t, theme.Light, all)
		press(t, s, "Places")
		test.AssertRendersToImage(t, "places-light.png", w.Canvas())
	})
	t.Run("places at work", func(t *testing.T) {
		s, w := bench(t, theme.Dark, all)
		v := values()
		v.Places[0].Found, v.Places[0].Checked = datasets.Check{Objects: 1204, Damaged: 2, Names: []string{"plate7/A01.ome.tif", "plate7/A02.ome.tif"}}, at(50)
		v.Places[1].Job = &job.Job{
			ID: "7", Title: "Push to nas", Step: "plate7/A03.ome.tif", State: job.Running, Done: 45_000_000, Total: 310_000_000,
			Files: 3, AllFiles: 12, Started: now().Add(-2 * time.Second),
		}
		v.Sifted = &datasets.Sifted{Older: "nas", Files: 412, Bytes: 3_400_000_000, OnlyHere: 18}
		s.Set(v)
		press(t, s, "Places")
		test.AssertRendersToImage(t, "places-busy-dark.png", w.Canvas())
	})
}

func stages() []datasets.Stage {
	return []datasets.Stage{
		{Name: "plate7.dvc", Title: "plate7", Desc: "versioned data"},
		{Name: "tile", Title: "tile", Desc: "Cut the wells into tiles", State: datasets.StageClean, Upstream: []string{"plate7.dvc"}, Commands: []string{"python tile.py"}},
		{
			Name: "split", Title: "split", State: datasets.StageChanged, Upstream: []string{"tile"}, Commands: []string{"python split.py"},
			Reads: []string{"tiles", "params.yaml: split.seed"}, Made: []string{"split.csv"}, Why: []string{"params.yaml: split.seed has changed"},
		},
		{Name: "train", Title: "train the network for nuclei", State: datasets.StageChanged, Upstream: []string{"tile", "split"}, Why: []string{"split.csv has changed"}},
		{Name: "report", Title: "report", State: datasets.StageChanged, Upstream: []string{"train"}, Why: []string{"Its result report.html is not there"}},
	}
}

func TestPipelinePictures(t *testing.T) {
	act := datasets.Actions{Run: func(bool) {}}
	t.Run("none", func(t *testing.T) {
		s, w := bench(t, theme.Dark, act)
		v := values()
		v.Pipeline.Asked = true
		s.Set(v)
		press(t, s, "Pipeline")
		test.AssertRendersToImage(t, "pipeline-none-dark.png", w.Canvas())
	})
	t.Run("changed", func(t *testing.T) {
		s, w := bench(t, theme.Light, act)
		v := values()
		v.Pipeline = datasets.Pipeline{Asked: true, Stages: stages()}
		s.Set(v)
		press(t, s, "Pipeline")
		test.AssertRendersToImage(t, "pipeline-light.png", w.Canvas())
	})
	t.Run("running", func(t *testing.T) {
		s, w := bench(t, theme.Dark, act)
		v := values()
		v.Pipeline = datasets.Pipeline{Asked: true, Stages: stages(), Job: &job.Job{ID: "3", Step: "train", State: job.Running, Done: 3, Total: 5, Started: at(58)}}
		v.Pipeline.Stages[2].State, v.Pipeline.Stages[3].State = datasets.StageDone, datasets.StageRunning
		for i := range 40 {
			v.Pipeline.Log = append(v.Pipeline.Log, fmt.Sprintf("train  epoch %d, loss 0.%d", i+1, 90-i))
		}
		s.Set(v)
		press(t, s, "Pipeline")
		test.AssertRendersToImage(t, "pipeline-running-dark.png", w.Canvas())
	})
}

func TestThePipelineRunsAndStops(t *testing.T) {
	var did []string
	s, w := bench(t, theme.Dark, datasets.Actions{
		Run: func(force bool) { did = append(did, fmt.Sprint("run ", force)) }, Stop: func(id string) { did = append(did, "stop "+id) },
		Pipeline: func() { did = append(did, "asked") },
	})
	v := values()
	v.Pipeline = datasets.Pipeline{Asked: true, Stages: stages()}
	s.Set(v)
	press(t, s, "Pipeline")
	if !said(s, "3 of 4 stages would run") || !said(s, "params.yaml: split.seed has changed") {
		t.Error("it does not say what has changed and why")
	}
	press(t, s, "Run")
	press(t, s, "Run all again…")
	press(t, w.Canvas().Overlays().Top(), "Run all")
	v.Pipeline.Job = &job.Job{ID: "3", State: job.Running, Step: "split"}
	s.Set(v)
	if len(buttons(s, "Run")) != 0 {
		t.Error("a second run can be started")
	}
	press(t, s, "Stop")
	if got := strings.Join(did, ", "); got != "asked, run false, run true, stop 3" {
		t.Errorf("did %s", got)
	}
}

func TestTheNewestVersionIsComparedWithTheOneBefore(t *testing.T) {
	var asked []string
	s, _ := bench(t, theme.Dark, datasets.Actions{Compare: func(from, to string) { asked = append(asked, from+">"+to) }})
	lists(s)[0].Select(2)
	press(t, s, "Compare…") // with a newer one: that is what changed
	lists(s)[0].Select(0)
	if got := strings.Join(asked, " "); got != ">1a2b3c4d5e >55aa201bcd 55aa201bcd>1a2b3c4d5e" {
		t.Errorf("asked for %s", got)
	}
	if !said(s, "since 55aa201") {
		t.Error("it does not say what it is compared with")
	}
}

func TestALateComparisonIsNotShown(t *testing.T) {
	s, _ := bench(t, theme.Dark, datasets.Actions{})
	s.Compared(datasets.Comparison{To: "9f8e7d6c5b", Files: []datasets.File{{Path: "late.tif", Kind: datasets.Added}}})
	if said(s, "late.tif") {
		t.Error("another version's files are shown")
	}
}

func TestAnOldVersionComesBackAfterAQuestion(t *testing.T) {
	var back, saved []string
	s, w := bench(t, theme.Dark, datasets.Actions{
		BringBack: func(f datasets.File, content, version string) { back = []string{f.Path, content, version} },
		SaveCopy:  func(f datasets.File, content, version string) { saved = []string{f.Path, content, version} },
	})
	lists(s)[1].Select(1)
	if n := len(buttons(s, "Bring it back…")); n != 1 {
		t.Errorf("%d versions can be brought back, though one is in use", n)
	}
	press(t, s, "Bring it back…")
	if back != nil {
		t.Fatal("nobody was asked")
	}
	lists(s)[1].Select(0) // as when a commit comes in meanwhile
	press(t, w.Canvas().Overlays().Top(), "Bring it back")
	if strings.Join(back, " ") != "plate7/A01.ome.tif c1 1a2b3c4d5e^" {
		t.Errorf("brought back %v", back)
	}
	lists(s)[1].Select(1)
	test.Tap(buttons(s, "Save a copy…")[1])
	if strings.Join(saved, " ") != "plate7/A01.ome.tif c2 1a2b3c4d5e" {
		t.Errorf("saved %v", saved)
	}
}

func TestCommitNeedsAMessage(t *testing.T) {
	var said string
	s, w := bench(t, theme.Dark, datasets.Actions{Commit: func(m string) { said = m }})
	v := values()
	v.Pending = 4
	s.Set(v)
	press(t, s, "Commit…")
	top := w.Canvas().Overlays().Top()
	if len(buttons(top, "Commit")) != 0 {
		t.Error("a commit without a message is possible")
	}
	e, _ := w.Canvas().Focused().(*kit.Field)
	test.Type(e, "Plate 7, second round")
	press(t, top, "Commit")
	if said != "Plate 7, second round" {
		t.Errorf("committed %q", said)
	}
}

func TestPlacesDoWhatIsAsked(t *testing.T) {
	var did []string
	note := func(what string) func(string) { return func(key string) { did = append(did, what+" "+key) } }
	s, w := bench(t, theme.Dark, datasets.Actions{
		Push: note("push"), Pull: note("pull"), Mend: note("mend"), Stop: note("stop"), Sift: note("sift"),
		Audit:  func(key string, deep bool) { did = append(did, fmt.Sprint("audit ", key, deep)) },
		Verify: func() { did = append(did, "verify") }, Remove: func() { did = append(did, "remove") },
	})
	v := values()
	v.Places[1].Found.Missing = 2
	v.Places[2].Job = &job.Job{ID: "9", State: job.Running, Started: at(59)}
	v.Sifted = &datasets.Sifted{Files: 3, Bytes: 4_000_000}
	s.Set(v)
	press(t, s, "Places")
	if n := len(buttons(s, "Push")); n != 1 {
		t.Errorf("%d places can be pushed to, though one is at work", n)
	}
	press(t, s, "Push")
	press(t, s, "Pull")
	press(t, s, "Mend")
	press(t, s, "Stop")
	press(t, s, "Verify")
	press(t, s, "Audit…")
	press(t, w.Canvas().Overlays().Top(), "Audit")
	press(t, s, "Clean up…")
	press(t, w.Canvas().Overlays().Top(), "Look")
	press(t, s, "Remove…")
	if did[len(did)-1] == "remove" {
		t.Error("files went without a question")
	}
	press(t, w.Canvas().Overlays().Top(), "Remove")
	want := "push nas, pull nas, mend nas, stop 9, verify, audit nasfalse, sift , remove"
	if got := strings.Join(did, ", "); got != want {
		t.Errorf("did %s", got)
	}
}

func TestANoticeStaysUntilItIsClosed(t *testing.T) {
	s, _ := bench(t, theme.Dark, datasets.Actions{})
	s.Tell(kit.Good, "Saved as A01.tif.", "It is in /tmp.")
	s.Set(values())
	if !said(s, "Saved as A01.tif.") {
		t.Fatal("the notice is gone")
	}
	press(t, s, "Close")
	if said(s, "Saved as A01.tif.") {
		t.Error("the notice stays")
	}
}
