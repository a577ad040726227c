package dataset

import (
	"strings"
	"testing"
)

// The sums were taken by DVC 3.67.1's dvc_data.hashfile.hash.file_md5(name="md5-dos2unix").
func TestLegacySums(t *testing.T) {
	r := newRepo(t)
	for name, c := range legacyCases() {
		put(t, r, name, c.text)
		if same, err := r.SameAsLegacy(t.Context(), name, c.sum); err != nil || !same {
			t.Errorf("%s: %v, %v", name, same, err)
		}
		if same, err := r.SameAsLegacy(t.Context(), name, strings.Repeat("0", 32)); err != nil || same {
			t.Errorf("%s: equals anything, %v", name, err)
		}
	}
}

func legacyCases() map[string]struct{ text, sum string } {
	const mib = 1 << 20
	return map[string]struct{ text, sum string }{
		"empty":         {"", "d41d8cd98f00b204e9800998ecf8427e"},
		"lf":            {"a\nb\n", "dd8c6a395b5dd36c56d23275028f526c"},
		"crlf":          {"a\r\nb\r\n", "dd8c6a395b5dd36c56d23275028f526c"},
		"zero":          {"\x00a\r\nb\r\n", "1336478d095a693e514198c06812ee2f"},
		"late zero":     {strings.Repeat("x", 600) + "\r\n\x00", "94ab30f07d5337841affed878e6b09b7"},
		"umlauts":       {strings.Repeat("ä", 10) + "\r\n", "d0ff994cb060a462ea844b0ec466c6ce"},
		"few umlauts":   {"äabcdef\r\n", "a5db75289d2a02241fec37a64b65a61d"},
		"edge":          {"\x80\x80\x80aaaaa\r\n", "5e1ea9682f77ba8aa49a9631a192b580"},
		"across":        {strings.Repeat("a", mib-1) + "\r\n", "2647acae3fed7a4538ecf474e9a98d1e"},
		"two":           {strings.Repeat("a", mib) + "\r\n", "a495e6ffc210f4586be4deb4aba92bd4"},
		"binary second": {strings.Repeat("a", mib) + "\x00\r\n", "aceb5b5491f0767dd6cd310bdf692732"},
	}
}
