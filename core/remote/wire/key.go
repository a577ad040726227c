// Package wire is what remotes over HTTP have in common: keys, the options of DVC's
// settings, connections that notice a silent server, and bodies that end as they should.
package wire

import (
	"encoding/hex"
	"fmt"
	"io/fs"
	"strings"

	"coverslip.dev/coverslip/core/fault"
)

// CheckKey refuses keys that lead elsewhere once they are paths.
func CheckKey(key string) error {
	if key == "." || !fs.ValidPath(key) || strings.ContainsAny(key, "\x00\r\n\\") {
		return fault.New(fault.Invalid, "A file's name in the dataset leads outside of its place.",
			"Check where the dataset came from.", fmt.Errorf("key %q", key))
	}
	return nil
}

// MD5 returns the MD5 that a key of DVC's cache promises of its blob, nil if it promises none.
func MD5(key string) []byte {
	rest, ok := strings.CutPrefix(key, "files/md5/")
	if !ok {
		return nil
	}
	sum, err := hex.DecodeString(strings.Replace(strings.TrimSuffix(rest, ".dir"), "/", "", 1))
	if err != nil || len(sum) != 16 || rest[2] != '/' {
		return nil
	}
	return sum
}

// Prefix cleans the part of a remote's URL after the bucket, to stand before keys: empty,
// or with a slash at its end.
func Prefix(path string) (string, error) {
	p := strings.Trim(path, "/")
	if p == "" {
		return "", nil
	}
	return p + "/", CheckKey(p)
}
