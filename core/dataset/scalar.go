package dataset

import "coverslip.dev/coverslip/core/ruamel"

// scalar writes s as the path of an output, the way DVC does: folded if it is long.
func scalar(s string) string { return ruamel.Value(s, len("  path:"), len("  ")) }
