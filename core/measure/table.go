package measure

import (
	"fmt"
	"math"

	"coverslip.dev/coverslip/core/imageio"
)

// Value is a number with the name of its column, which carries the unit.
type Value struct {
	Name  string
	Value float64
}

// oblong reports whether pixels are known not to be square, by more than a hundredth.
func oblong(um imageio.Micron) bool {
	return um.X > 0 && um.Y > 0 && math.Abs(um.X-um.Y) > 0.01*um.X
}

// Values returns a row's numbers, with the same names in each row of the table. Micrometres
// come where the image says how large its pixels are.
func (t Table) Values(r Row) []Value {
	mx, my := t.Image.Micron.X, t.Image.Micron.Y
	known := mx > 0 && my > 0
	um := r.Micron
	if !oblong(t.Image.Micron) {
		um = Lengths{r.Perimeter * mx, r.Diameter * mx, r.Major * mx, r.Minor * mx, r.Feret * mx, r.Nearest * mx}
	}
	out := []Value{{"Centroid X px", r.X}, {"Centroid Y px", r.Y}}
	if known {
		out = append(out, Value{"Centroid X µm", r.X * mx}, Value{"Centroid Y µm", r.Y * my})
	}
	out = append(out, Value{"Area px^2", r.Area})
	if known {
		out = append(out, Value{"Area µm^2", r.Area * mx * my})
	}
	length := func(name string, px, um float64) {
		out = append(out, Value{name + " px", px})
		if known {
			out = append(out, Value{name + " µm", um})
		}
	}
	length("Perimeter", r.Perimeter, um.Perimeter)
	length("Equivalent diameter", r.Diameter, um.Diameter)
	length("Major axis", r.Major, um.Major)
	length("Minor axis", r.Minor, um.Minor)
	length("Max Feret", r.Feret, um.Feret)
	out = append(out, Value{"Circularity", r.Circularity}, Value{"Eccentricity", r.Eccentricity}, Value{"Orientation °", r.Orientation * 180 / math.Pi})
	out = append(out, Value{"Neighbours within 5 px", r.Neighbours})
	length("Nearest neighbour", r.Nearest, um.Nearest)
	for i, c := range r.Channels {
		name := t.Channel(i)
		out = append(out, Value{name + ": Mean", c.Mean}, Value{name + ": Std.Dev.", c.SD}, Value{name + ": Min", c.Min}, Value{name + ": Max", c.Max}, Value{name + ": Integrated", c.Sum},
			Value{name + ": Background", c.Background}, Value{name + ": Mean corrected", c.Mean - c.Background}, Value{name + ": Integrated corrected", c.Sum - r.Area*c.Background})
	}
	return out
}

// Channel names the i-th channel of the table, and apart from the others.
func (t Table) Channel(i int) string {
	c := t.Channels[i]
	name := t.Image.Channels[c].Name
	if name == "" {
		return fmt.Sprintf("Channel %d", c+1)
	}
	for j, d := range t.Channels {
		if j != i && t.Image.Channels[d].Name == name {
			return fmt.Sprintf("%s (%d)", name, c+1)
		}
	}
	return name
}
