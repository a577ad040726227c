package dataset

import (
	"bytes"
	"context"
	"crypto/md5"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"path/filepath"
	"strings"
)

// DVC 2 hashed the lines of texts as if they ended as on Unix, and had another layout of
// its cache. What it has versioned is compared so, and is never written.

// SameAsLegacy reports whether the file or folder rel has the hash oid of DVC 2.
func (r *Repository) SameAsLegacy(ctx context.Context, rel, oid string) (bool, error) {
	if err := checkPath(rel); err != nil {
		return false, err
	}
	files, err := r.scan(ctx, rel)
	if err != nil {
		return false, fmt.Errorf("describe: %w", err)
	}
	var entries []entry
	for _, f := range files {
		sum, err := legacySum(ctx, r.abs(path.Join(rel, f.rel)))
		if err != nil {
			return false, fmt.Errorf("describe %s: %w", rel, err)
		}
		if f.rel == "." {
			return sum == oid, nil
		}
		entries = append(entries, entry{sum, f.rel})
	}
	return sum(encodeTree(entries))+dirSuffix == oid, nil
}

// HoldsLegacy is [Repository.Holds] for the cache of DVC 2.
func (r *Repository) HoldsLegacy(oid string) (bool, error) {
	if !oidForm.MatchString(oid) {
		return false, nil
	}
	at := func(oid string) string { return filepath.Join(r.cache.dir, oid[:2], oid[2:]) }
	if !strings.HasSuffix(oid, dirSuffix) {
		return exists(at(oid))
	}
	data, err := os.ReadFile(at(oid))
	if errors.Is(err, os.ErrNotExist) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("cache: %w", err)
	}
	entries, err := parseTree(data)
	if err != nil {
		return false, nil //nolint:nilerr // a damaged list is none
	}
	for _, e := range entries {
		if ok, err := exists(at(e.MD5)); err != nil || !ok {
			return false, err
		}
	}
	return true, nil
}

func exists(name string) (bool, error) {
	_, err := os.Stat(name)
	if errors.Is(err, os.ErrNotExist) {
		return false, nil
	}
	return err == nil, err
}

// legacyChunk is how many bytes DVC 2 looked at in one go, and legacyHead how many of them
// said whether they are text.
const (
	legacyChunk = 1 << 20
	legacyHead  = 512
)

func legacySum(ctx context.Context, name string) (string, error) {
	f, err := os.Open(name)
	if err != nil {
		return "", err
	}
	defer f.Close() //nolint:errcheck // read only
	h := md5.New()
	buf := make([]byte, legacyChunk)
	for {
		if err := ctx.Err(); err != nil {
			return "", err
		}
		n, err := io.ReadFull(f, buf)
		chunk := buf[:n]
		if n > 0 && isLegacyText(chunk[:min(n, legacyHead)]) {
			chunk = bytes.ReplaceAll(chunk, []byte("\r\n"), []byte("\n"))
		}
		h.Write(chunk)
		if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
			return hex.EncodeToString(h.Sum(nil)), nil
		}
		if err != nil {
			return "", err
		}
	}
}

// isLegacyText reports whether DVC 2 took bytes for text: no zero, and at most three in ten
// that are neither ASCII letters nor usual blanks.
func isLegacyText(head []byte) bool {
	odd := 0
	for _, c := range head {
		switch {
		case c == 0:
			return false
		case c >= 32 && c < 127, c == '\n', c == '\r', c == '\t', c == '\f', c == '\b':
		default:
			odd++
		}
	}
	return odd*10 <= len(head)*3
}
