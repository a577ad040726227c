package recipe

import "math"

// The operations that make objects of a network's numbers.
const (
	starDecode = "stardist_postprocessing"
	flowDecode = "cellpose_flow_dynamics"
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

// Stars returns how the model's outputs become star-convex polygons.
func (r *Recipe) Stars() (Stars, error) { return r.Decode.stars() }

// Decoder returns the operation that makes objects of an output, the last of its list;
// false if there is none.
func (t *Tensor) Decoder() (Op, bool) {
	for _, o := range t.Ops {
		if o.ID == starDecode || o.ID == flowDecode {
			return o, true
		}
	}
	return Op{}, false
}

// decoder tells whether the arguments of an operation that makes objects make sense.
func (o Op) decoder() error {
	var err error
	switch o.ID {
	case starDecode:
		_, err = o.stars()
	case flowDecode:
		_, err = o.flows()
	}
	return err
}

func (o Op) stars() (Stars, error) {
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

func (o Op) flows() (Flows, error) {
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
