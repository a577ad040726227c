package dataset

import (
	"context"
	"strings"
)

// Upstream is the version that the branch's git server is known to have.
const Upstream = "@{upstream}"

// Ahead returns the ids of the commits that the present version has and another lacks,
// the newest first; all of them for an empty version. A version that is not there, such
// as [Upstream] before the first push, is fault.NotFound.
func (r *Repository) Ahead(ctx context.Context, of string) ([]string, error) {
	args := []string{"rev-list", "HEAD"}
	if of != "" {
		id, err := r.version(ctx, of)
		if err != nil {
			return nil, err
		}
		args = append(args, "^"+id)
	}
	out, err := r.git.run(ctx, append(args, "--")...)
	return strings.Fields(out), err
}
