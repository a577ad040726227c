package recipe

import (
	"fmt"
	"math"
)

// The operations that make objects of a network's numbers. The first two are of the
// specification.
const (
	StarConvex = "stardist_postprocessing"
	FlowFields = "cellpose_flow_dynamics"
	Components = "components" // connected pixels above a threshold
	Floods     = "watershed"  // the same, parted by distance or by a boundary channel
	Semantic   = "classes"    // connected pixels of each class but the background
	LabelImage = "labels"     // the output numbers its objects
	Points     = "points"     // peaks
	BoxList    = "boxes"      // rectangles: n×4 corners, and n scores, and n classes if there are several
)

// Stars are the arguments of stardist_postprocessing.
type Stars struct {
	Prob, NMS float64 // thresholds of probability and overlap
	Rays      int
	Grid      int // pixels of the input a pixel of the outputs
	Border    int // pixels of the outputs at the image's edge that are no centres
}

// Flows are the arguments of cellpose_flow_dynamics.
type Flows struct {
	Prob    float64 // pixels above are of a cell; a logit
	Flow    float64 // cells whose flows differ more from the network's are dropped; 0: none is
	MinSize int     // pixels that a cell must have
}

// Pixels are the arguments of components, watershed, classes, labels and points.
type Pixels struct {
	Threshold float64 // what is above is inside; default 0.5
	Channel   int     // of the output
	Every     bool    // labels are in all channels, each of which is a class
	Boundary  int     // the channel that is high between objects; -1: none; the same as Channel: objects are what it encloses
	Ground    int     // background: the class that makes no objects; -1: the one of that name, or the first
	Distance  int     // min_distance: pixels between the middles of two objects; default 5
	MinSize   int     // pixels that an object must have
	Radius    float64 // of what is drawn around a point, in pixels; default 3
}

// Boxes are the arguments of boxes. A box is taken from the tile in which its middle counts.
// Tiles share 96 pixels, or twice the model's diameter if that is more: boxes larger than
// what tiles share are cut where they meet, or found twice.
type Boxes struct {
	Threshold float64 // of the score; default 0.5
	IoU       float64 // of two boxes that share more the one with the lower score goes; default 0.5
	Center    bool    // format: cxcywh, not xyxy
}

// Decoder returns the operation that makes objects of an output, the last of its list;
// false if there is none.
func (t *Tensor) Decoder() (Op, bool) {
	for _, o := range t.Ops {
		if o.ID == StarConvex || o.ID == FlowFields {
			return o, true
		}
	}
	return Op{}, false
}

// Threshold is the probability that the operation asks of an object, above 0 and below 1;
// 0 where it has no such threshold.
func (o Op) Threshold() float64 {
	t := 0.0
	switch o.ID {
	case StarConvex:
		s, _ := o.Stars() // a bad one has been told when the description was read
		t = s.Prob
	case FlowFields:
		f, _ := o.Flows()
		t = 1 / (1 + math.Exp(-f.Prob)) // theirs is a logit
	case Components, Floods, Points:
		p, _ := o.Pixels()
		t = p.Threshold
	case BoxList:
		b, _ := o.Boxes()
		t = b.Threshold
	}
	if t >= 1 {
		return 0
	}
	return max(t, 0)
}

// decoder tells whether the arguments of an operation that makes objects make sense.
func (o Op) decoder() error {
	var err error
	switch o.ID {
	case StarConvex:
		_, err = o.Stars()
	case FlowFields:
		_, err = o.Flows()
	case Components, Floods, Semantic, LabelImage, Points:
		_, err = o.Pixels()
	case BoxList:
		_, err = o.Boxes()
	default:
		err = invalid(fmt.Sprintf("The model needs %q to make objects, which Coverslip can't do.", o.ID), nil)
	}
	return err
}

// Stars reads the arguments of stardist_postprocessing.
func (o Op) Stars() (Stars, error) {
	k := args{op: o}
	if _, deep := o.Kwargs["anisotropy"]; deep {
		return Stars{}, invalid("The model makes star-convex bodies in three dimensions, which Coverslip can't do yet.", nil)
	}
	s := Stars{
		Prob: k.number("prob_threshold", 0.5), NMS: k.number("nms_threshold", 0.4),
		Rays: int(k.number("n_rays", 32)), Grid: int(k.number("grid", 1)), Border: int(k.number("b", 2)),
	}
	if err := k.end(); err != nil {
		return s, err
	}
	if s.Prob < 0 || s.Prob >= 1 || s.NMS < 0 || s.NMS > 1 || s.Rays < 3 || s.Grid < 1 || s.Border < 0 {
		return s, invalid("The model's description has a threshold, ray count or grid that makes no sense.", nil)
	}
	return s, nil
}

// Flows reads the arguments of cellpose_flow_dynamics.
func (o Op) Flows() (Flows, error) {
	k := args{op: o}
	if deep, _ := o.Kwargs["do_3D"].(bool); deep {
		return Flows{}, invalid("The model follows flows in three dimensions, which Coverslip can't do yet.", nil)
	}
	k.used = append(k.used, "do_3D", "output_dtype")
	f := Flows{
		Prob: k.number("cellprob_threshold", 0), Flow: k.number("flow_threshold", 0.4), MinSize: int(k.number("min_size", 15)),
	}
	if err := k.end(); err != nil {
		return f, err
	}
	if math.IsNaN(f.Prob) || f.Flow < 0 {
		return f, invalid("The model's description has a threshold of flows that makes no sense.", nil)
	}
	return f, nil
}

// Pixels reads the arguments of the operations that work pixel by pixel.
func (o Op) Pixels() (Pixels, error) {
	k := args{op: o}
	p := Pixels{
		Threshold: k.number("threshold", 0.5), Channel: int(k.number("channel", 0)), Boundary: int(k.number("boundary", -1)),
		Ground: int(k.number("background", -1)), Distance: int(k.number("min_distance", 5)), MinSize: int(k.number("min_size", 0)), Radius: k.number("radius", 3),
	}
	if o.ID == LabelImage {
		p.Every = k.flag("every")
	}
	if err := k.end(); err != nil {
		return p, err
	}
	if math.IsNaN(p.Threshold) || p.Channel < 0 || p.Boundary < -1 || p.Boundary == p.Channel && o.ID != Floods || p.Ground < -1 || p.Ground > math.MaxUint8 || p.Distance < 1 || !(p.Radius > 0) || p.Every && p.Channel > 0 {
		return p, invalid(fmt.Sprintf("The arguments of the model's %q make no sense.", o.ID), nil)
	}
	return p, nil
}

// Boxes reads the arguments of boxes.
func (o Op) Boxes() (Boxes, error) {
	k := args{op: o}
	b := Boxes{Threshold: k.number("threshold", 0.5), IoU: k.number("iou_threshold", 0.5)}
	format := k.word("format")
	b.Center = format == "cxcywh"
	if err := k.end(); err != nil {
		return b, err
	}
	if math.IsNaN(b.Threshold) || !(b.IoU >= 0 && b.IoU <= 1) || format != "" && format != "xyxy" && !b.Center {
		return b, invalid("The model's boxes have a threshold or a format that makes no sense.", nil)
	}
	return b, nil
}
