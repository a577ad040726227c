package recipe_test

import (
	"fmt"
	"strings"
	"testing"

	"coverslip.dev/coverslip/core/fault"
	"coverslip.dev/coverslip/core/recipe"
)

// TestWhatChannelsHoldIsToldOrRefused: nothing is made of channels that nobody has named.
func TestWhatChannelsHoldIsToldOrRefused(t *testing.T) {
	five := func(names, post string) string {
		return strings.Replace(plane5("", post), `  - id: prob
    axes:
      - {type: batch}
      - {type: channel, channel_names: [background, b]}`, `  - id: prob
    axes:
      - {type: batch}
      - {type: channel, channel_names: [`+names+`]}`, 1)
	}
	four := func(post string) string {
		return strings.Replace(plane4("", post), "config: {coverslip: {decode: {id: classes}}}", "", 1)
	}
	named := func(text string) string {
		return strings.Replace(text, "name: a model", "name: NucleiSegmentationBoundaryModel", 1)
	}
	output := func(text string) string { return strings.ReplaceAll(text, "id: prob", "id: output") }
	told := func(description, text string) string {
		return strings.Replace(output(text), "description: for a test", "description: "+description, 1)
	}
	whole := func(text string) string {
		return strings.Replace(text, "data: [{type: float32}, {type: float32}]", "data: {type: uint16}", 1)
	}
	stardist := func(config string) string {
		return strings.Replace(four(""), "offset: [0, 1, 0, -4]", "offset: [0, 16.5, 0, -4]", 1) + "\nconfig: {stardist: {config: {" + config + "}, thresholds: {nms: 0.3, prob: 0.48}}}\n"
	}
	const sigmoid = "{id: sigmoid}"
	for name, c := range map[string]struct{ text, want string }{
		"named boundary":             {five("foreground, boundary", sigmoid), "watershed map[boundary:1 channel:0]"},
		"boundary first":             {five("Border, inside", sigmoid), "watershed map[boundary:0 channel:1]"},
		"with a background":          {five("background, inside, boundary", sigmoid), "watershed map[boundary:2 channel:1]"},
		"no inside":                  {five("background, boundary", sigmoid), ""},
		"two edges":                  {five("membrane, boundary", sigmoid), ""},
		"two insides":                {five("nuclei, cytoplasm, boundary", sigmoid), ""},
		"membrane":                   {five("cell, membrane", sigmoid), "watershed map[boundary:1 channel:0]"},
		"edge":                       {five("Edges, cell", sigmoid), "watershed map[boundary:0 channel:1]"},
		"contour":                    {five("cell, contour", sigmoid), "watershed map[boundary:1 channel:0]"},
		"classes":                    {five("background, cell, debris", sigmoid), "classes map[]"},
		"background last":            {five("foreground, Background", sigmoid), "classes map[]"},
		"two backgrounds":            {five("background, BG", sigmoid), ""},
		"not the background":         {five("non-background, ' Background'", sigmoid), "classes map[]"},
		"in other words":             {five("cell_boundaries, inside", sigmoid), "watershed map[boundary:0 channel:1]"},
		"a class membrane":           {five("background, nuclei, membrane", "{id: softmax}"), "classes map[]"},
		"one of several":             {five("background, nuclei, cytoplasm, membrane", sigmoid), "classes map[]"},
		"no edge":                    {five("background, dapi, hedgehog", sigmoid), "classes map[]"},
		"no boundary":                {five("bg, bound, unbound", sigmoid), "classes map[]"},
		"no border":                  {five("background, normal, borderline", sigmoid), "classes map[]"},
		"no background":              {five("cell, debris", sigmoid), ""},
		"no background, softmax":     {five("cell, debris", "{id: softmax}"), ""},
		"background, softmax":        {five("cell, bg", "{id: softmax}"), "classes map[]"},
		"softmax":                    {five("channel0, channel1, channel2", "{id: softmax}"), "classes map[]"},
		"numbered":                   {five("channel0, channel1", sigmoid), ""},
		"empty":                      {five("'', ''", sigmoid), ""},
		"numbered, of a name":        {named(five("channel0, channel1", sigmoid)), "watershed map[boundary:1]"},
		"three, of a name":           {named(five("channel0, channel1, channel2", sigmoid)), ""},
		"older":                      {four("{name: sigmoid}"), ""},
		"older, of a name":           {named(four("{name: sigmoid}")), "watershed map[boundary:1]"},
		"older, of a tag":            {"tags: [unet, boundary-prediction]\n" + four("{name: sigmoid}"), "watershed map[boundary:1]"},
		"in a bounding box only":     {strings.Replace(four("{name: sigmoid}"), "for a test", "unbounded", 1), ""},
		"said":                       {plane4("", "{name: sigmoid}"), "classes map[]"},
		"one channel":                {five("channel0", sigmoid), "components map[]"},
		"of the background":          {five("background", sigmoid), ""},
		"of the boundary":            {five("boundary", sigmoid), "watershed map[boundary:0]"},
		"of walls by a tag":          {"tags: [unet, cell-membrane]\n" + output(five("channel0", sigmoid)), "watershed map[boundary:0]"},
		"of stained membranes":       {strings.Replace(output(five("channel0", sigmoid)), "for a test", "EM images of membranes", 1), "components map[]"},
		"beside walls":               {told("foreground of nuclei, trained with a loss weighted at boundaries", five("channel0", sigmoid)), "components map[]"},
		"whose walls touch":          {told("Segments nuclei whose borders touch", five("channel0", sigmoid)), "components map[]"},
		"better at walls":            {told("nuclei, trained for segmentation at boundaries", five("channel0", sigmoid)), "components map[]"},
		"of no walls":                {told("Probability of nuclei. Not of boundaries.", five("channel0", sigmoid)), "components map[]"},
		"of walls, in words":         {told("A U-Net that predicts the cell boundaries in confocal stacks", five("channel0", sigmoid)), "watershed map[boundary:0]"},
		"of walls, in a noun":        {told("cell boundary segmentation of projections", five("channel0", sigmoid)), "watershed map[boundary:0]"},
		"of walls by its name":       {strings.Replace(output(five("channel0", sigmoid)), "name: a model", "name: EMBoundaryEnhancer", 1), "watershed map[boundary:0]"},
		"of walls by its output":     {strings.Replace(five("channel0", sigmoid), "id: prob", "id: boundaries", 1), "watershed map[boundary:0]"},
		"a name before its output's": {strings.Replace(five("nuclei", sigmoid), "id: prob", "id: foreground_or_boundary", 1), "components map[]"},
		"of walls, it is said":       {strings.Replace(output(five("channel0", "")), "id: output", "id: output\n    description: boundaries of cells", 1), "watershed map[boundary:0]"},
		"of a named channel":         {named(output(five("nuclei", sigmoid))), "components map[]"},
		"a mask, of a name":          {named(output(five("channel0", "{id: binarize, kwargs: {threshold: 0.5}}"))), "components map[]"},
		"another image":              {"tags: [super-resolution]\n" + five("channel0", ""), ""},
		"another, in words":          {strings.Replace(five("channel0", ""), "for a test", "Images as of a deconvolution", 1), ""},
		"another, by its output":     {"tags: [segmentation]\n" + strings.Replace(five("denoised", ""), "for a test", "segments cells", 1), ""},
		"of denoised images":         {strings.Replace(five("channel0", ""), "for a test", "Foreground of cells; denoised images were used for training", 1), "components map[]"},
		"another, squashed":          {"tags: [denoising]\n" + five("channel0", sigmoid), "components map[]"},
		"as many as the input":       {"tags: [instance-segmentation]\n" + strings.Replace(four(""), "scale: [1, 0, 2, 1], offset: [0, 1, 0, -4]", "scale: [1, 1, 2, 1], offset: [0, 0, 0, -4]", 1), "watershed map[boundary:1]"},
		"instances by its name":      {output(strings.Replace(five("nuclei", ""), "id: prob", "id: instance_segmentation", 1)), "labels map[]"},
		"of two kinds":               {output(strings.Replace(five("nuclei, cells", ""), "id: prob", "id: instance_segmentation", 1)), "labels map[every:true]"},
		"of probabilities":           {strings.Replace(five("nuclei, cells", sigmoid), "id: prob", "id: prob\n    description: for instance segmentation", 1), ""},
		"masks of cellpose":          {"tags: [Cellpose]\n" + strings.Replace(five("channel0", ""), "id: prob", "id: masks", 1), "labels map[]"},
		"flows of cellpose":          {"tags: [cellpose]\n" + strings.Replace(five("flow1, flow2, flow3", ""), "id: prob", "id: flow", 1), "cellpose_flow_dynamics map[]"},
		"three of BiaPy":             {"tags: [biapy, instance-segmentation]\n" + five("channel0, channel1, channel2", sigmoid), "watershed map[boundary:1]"},
		"affinities of BiaPy":        {"tags: [biapy, instance-segmentation, affinity-prediction]\n" + five("channel0, channel1, channel2", sigmoid), ""},
		"classes by a tag":           {"tags: [semantic-segmentation]\n" + five("channel0, channel1, channel2", ""), "classes map[]"},
		"two by a tag":               {"tags: [semantic-segmentation]\n" + five("channel0, channel1", ""), ""},
		"letters of BiaPy":           {five("F, C, Dc", ""), "watershed map[boundary:1 channel:0]"},
		"of walls, as described":     {strings.Replace(output(five("pred", "")), "id: output", "id: output\n    description: membrane prediction", 1), "watershed map[boundary:0]"},
		"a boolean mask":             {strings.Replace(whole(five("channel0", "")), "id: prob", "id: prob\n    description: predicted boolean mask", 1), "components map[]"},
		"instances by a tag":         {"tags: [instance-segmentation]\n" + whole(five("channel0", "")), "labels map[]"},
		"artificial labels":          {"tags: [in-silico-labeling]\n" + five("channel0", ""), ""},
		"of stardist, older":         {stardist(""), "stardist_postprocessing map[grid:<nil> n_rays:32 nms_threshold:0.3 prob_threshold:0.48]"},
		"of stardist's classes":      {stardist("grid: [2, 2], n_rays: 28"), ""},
		"of stardist":                {stardist("grid: [2, 2], n_rays: 32"), "stardist_postprocessing map[grid:[2 2] n_rays:32 nms_threshold:0.3 prob_threshold:0.48]"},
		"whole numbers":              {whole(five("channel0", "")), ""},
		"a mask":                     {whole(five("channel0", "{id: binarize, kwargs: {threshold: 0.5}}")), "components map[]"},
		"instances":                  {whole(five("instance labels", "")), "labels map[]"},
		"nominal": {strings.Replace(five("channel0, channel1", sigmoid), "data: [{type: float32}, {type: float32}]",
			"data: [{values: [no, yes]}, {values: [no, yes]}]", 1), "classes map[]"},
	} {
		m, err := recipe.Read([]byte(c.text))
		if c.want == "" {
			say, hint := fault.Explain(err)
			if fault.KindOf(err) != fault.Invalid || !strings.Contains(say, `of its output "prob" are`) || !strings.Contains(hint, "config.coverslip.decode") {
				t.Errorf("%s: %v", name, err)
			}
			continue
		}
		if err != nil {
			t.Errorf("%s: %v", name, err)
		} else if got := fmt.Sprint(m.Decode.ID, " ", m.Decode.Kwargs); got != c.want {
			t.Errorf("%s: %s, want %s", name, got, c.want)
		}
	}
}

// TestWhereLabelsAre: what is written says as little as it ever did, the first channel, and others if it says so.
func TestWhereLabelsAre(t *testing.T) {
	for decode, want := range map[string]string{
		"{id: labels}":                                    "0 false",
		"{id: labels, kwargs: {channel: 1}}":              "1 false",
		"{id: labels, kwargs: {every: true}}":             "0 true",
		"{id: labels, kwargs: {every: false}}":            "0 false",
		"{id: labels, kwargs: {every: 1}}":                "",
		"{id: labels, kwargs: {every: true, channel: 1}}": "",
		"{id: components, kwargs: {every: true}}":         "",
	} {
		m, err := recipe.Read([]byte("name: a\ntask: instances\ninputs: [{id: image, axes: bcyx}]\noutputs: [{id: y, axes: bcyx, channels: [nuclei, cells]}]\ndecode: " + decode))
		if want == "" {
			if fault.KindOf(err) != fault.Invalid {
				t.Errorf("%s: %v", decode, err)
			}
			continue
		}
		if err != nil {
			t.Fatalf("%s: %v", decode, err)
		}
		if p, err := m.Decode.Pixels(); err != nil || fmt.Sprint(p.Channel, " ", p.Every) != want {
			t.Errorf("%s: %+v, %v", decode, p, err)
		}
	}
}

// TestWhyNothingIsMade: models that mark no objects, or bodies, are told apart from those that only
// do not say what they do.
func TestWhyNothingIsMade(t *testing.T) {
	four := strings.Replace(plane4("", ""), "config: {coverslip: {decode: {id: classes}}}", "", 1)
	image := four[strings.LastIndex(four, "    axes: bcyx"):strings.LastIndex(four, "    postprocessing")]
	for output, want := range map[string][2]string{
		"    axes: bc\n    data_type: float32\n    shape: [1, 28]\n":                                                                        {"no image", "Choose a model"},
		"    axes: bic\n    data_type: float32\n    shape: [1, 100, 6]\n":                                                                   {"the numbers of its output", "{id: boxes}"},
		strings.Replace(image, "float32", "uint16", 1):                                                                                      {"the 2 channels of its output", "{id: watershed"},
		"    axes: byx\n    data_type: uint16\n    shape: [1, 64, 64]\n":                                                                    {"the numbers of its output", "{id: labels}"},
		"    axes: bzyxc\n    data_type: float32\n    shape: [1, 8, 64, 64, 33]\nconfig: {stardist: {thresholds: {prob: 0.5, nms: 0.4}}}\n": {"in three dimensions", ""},
	} {
		_, err := recipe.Read([]byte(strings.NewReplacer(image, output, "    postprocessing: []\n", "").Replace(four)))
		if say, hint := fault.Explain(err); fault.KindOf(err) != fault.Invalid || !strings.Contains(say, want[0]) || !strings.Contains(hint, want[1]) {
			t.Errorf("%s: %s; %s: %v", output, say, hint, err)
		}
	}
	_, err := recipe.Read([]byte(strings.NewReplacer(image, "    axes: xc\n    data_type: float32\n    shape: [16, 4]\n", "    postprocessing: []\n", "", "name: prob", "name: bboxes").Replace(four)))
	if _, hint := fault.Explain(err); !strings.Contains(hint, "{id: boxes}") {
		t.Errorf("a list by its name: %v", err)
	}
}

// TestPrompts: what Segment Anything is asked by nobody here gives it.
func TestPrompts(t *testing.T) {
	text := strings.ReplaceAll(strings.Replace(plane5("", ""), "outputs:\n", hint5, 1), "id: hint", "id: box_prompts\n    optional: true")
	if _, err := recipe.Read([]byte(text)); err != nil {
		t.Error("prompts that may be left out:", err)
	}
	_, err := recipe.Read([]byte(strings.Replace(text, "id: prob", "id: box_prompts", 1)))
	if say, _ := fault.Explain(err); fault.KindOf(err) != fault.Invalid || !strings.Contains(say, "prompts") {
		t.Error(err)
	}
}

// TestListsAreAsLongAsTheirAxis: a mean for each channel, no more and no less.
func TestListsAreAsLongAsTheirAxis(t *testing.T) {
	texts := map[string]string{}
	for _, op := range []string{
		"{id: fixed_zero_mean_unit_variance, kwargs: {axis: channel, mean: [1, 2, 3], std: 1}}", "{id: scale_linear, kwargs: {axis: channel, gain: [1, 2, 3]}}",
		"{id: binarize, kwargs: {axis: channel, threshold: [1, 2, 3]}}",
	} {
		texts["0.5, in "+op], texts["0.5, out "+op] = plane5(op, ""), plane5("", op)
		for _, channels := range []string{"", ", channels: [a, b]", ", channels: [a, b, c, d]"} {
			texts["own"+channels+op] = "name: a\ntask: instances\ninputs: [{id: image, axes: bcyx" + channels + ", ops: [" + op + "]}]\noutputs: [{id: y, axes: bcyx}]\ndecode: {id: components}\n"
		}
	}
	texts["0.4"] = plane4("{name: scale_linear, kwargs: {axes: yx, gain: [1, 2, 3], offset: 0}}", "")
	for name, text := range texts {
		_, err := recipe.Read([]byte(text))
		if say, _ := fault.Explain(err); fault.KindOf(err) != fault.Invalid || !strings.Contains(say, "3 numbers for") {
			t.Errorf("%s: %v", name, err)
		}
	}
	// Along an axis whose length only the image tells, when it is known.
	of := recipe.Tensor{ID: "x", Axes: []recipe.Axis{{ID: "z", Kind: recipe.Space, Scale: 1}, {ID: "y", Kind: recipe.Space, Scale: 1}, {ID: "x", Kind: recipe.Space, Scale: 1}}, Ops: []recipe.Op{
		{ID: "scale_linear", Kwargs: map[string]any{"axis": "z", "gain": []any{1, 2}}},
	}}
	if _, err := of.Fit([]recipe.Plane{{At: map[string]int{"z": 1}}}); err != nil {
		t.Error(err)
	}
	if _, err := of.Fit([]recipe.Plane{{At: map[string]int{"z": 2}}}); err == nil {
		t.Error("no argument for the third plane")
	}
}

// TestWhichClassIsTheBackground: the one that is said or named so, or else the first.
func TestWhichClassIsTheBackground(t *testing.T) {
	for of, want := range map[string]int{
		"channels: [background, cell]}]\ndecode: {id: classes}":                           0,
		"channels: [cell, Background]}]\ndecode: {id: classes}":                           1,
		"channels: [cell, debris]}]\ndecode: {id: classes}":                               0,
		"channels: [non-background, background]}]\ndecode: {id: classes}":                 1,
		"channels: [none, cell, background staining]}]\ndecode: {id: classes}":            0,
		"channels: [cell, debris]}]\ndecode: {id: classes, kwargs: {background: 1}}":      1,
		"channels: [background, cell]}]\ndecode: {id: classes, kwargs: {background: 1}}":  1,
		"channels: [cell, debris]}]\ndecode: {id: classes, kwargs: {background: 256}}":    -1,
		"channels: [background, cell]}]\ndecode: {id: classes, kwargs: {background: -2}}": -1,
	} {
		m, err := recipe.Read([]byte("name: a\ntask: semantic\ninputs: [{id: image, axes: bcyx}]\noutputs: [{id: y, axes: bcyx, " + of))
		switch {
		case want < 0:
			if fault.KindOf(err) != fault.Invalid {
				t.Errorf("%s: %v", of, err)
			}
		case err != nil:
			t.Errorf("%s: %v", of, err)
		case m.Background() != want:
			t.Errorf("%s: %d, want %d", of, m.Background(), want)
		}
	}
}
