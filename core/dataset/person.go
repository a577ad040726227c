package dataset

import (
	"context"
	"strings"

	"coverslip.dev/coverslip/core/fault"
)

// Person returns who git says works here: user.name and user.email.
func (r *Repository) Person(ctx context.Context) (Author, error) {
	name, nerr := r.git.run(ctx, "config", "user.name")
	mail, merr := r.git.run(ctx, "config", "user.email")
	if nerr != nil || merr != nil {
		return Author{}, fault.New(fault.Invalid, "Nobody is named for this commit.",
			"Enter your name in Settings, or with: git config user.name and user.email.", nil)
	}
	return Author{Name: strings.TrimSpace(name), Email: strings.TrimSpace(mail)}, nil
}
