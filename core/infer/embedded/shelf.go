package embedded

import (
	"cmp"
	"slices"

	"coverslip.dev/coverslip/core/infer"
)

// shelf holds the loaded versions of one model. The engine's mutex guards it.
type shelf struct {
	versions []*network // the last used one last
	latest   string     // version that was loaded last
}

// put adds n, in the place of the same version if there is one.
func (s *shelf) put(n *network) {
	if i := s.index(n.ref.Version); i >= 0 {
		s.drop(i)
	}
	s.versions = append(s.versions, n)
	s.latest = n.ref.Version
	if len(s.versions) > Versions {
		s.drop(0)
	}
}

// take returns a version, the one loaded last for "", with a reference to it.
func (s *shelf) take(version string) *network {
	i := s.index(cmp.Or(version, s.latest))
	if i < 0 {
		return nil
	}
	n := s.versions[i]
	s.versions = append(slices.Delete(s.versions, i, i+1), n)
	n.users.Add(1)
	return n
}

func (s *shelf) clear() {
	for len(s.versions) > 0 {
		s.drop(0)
	}
}

func (s *shelf) drop(i int) {
	s.versions[i].release()
	s.versions = slices.Delete(s.versions, i, i+1)
}

func (s *shelf) index(version string) int {
	return slices.IndexFunc(s.versions, func(n *network) bool { return n.ref.Version == version })
}

func compare(a, b infer.Ref) int {
	return cmp.Or(cmp.Compare(a.Model, b.Model), cmp.Compare(a.Version, b.Version))
}
