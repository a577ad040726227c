package ruamel

import (
	"regexp"
	"strings"
)

// YAML 1.2 as ruamel.yaml resolves plain words.
var (
	boolForm  = regexp.MustCompile(`^(?:true|True|TRUE|false|False|FALSE)$`)
	nullForm  = regexp.MustCompile(`^(?:~|null|Null|NULL|)$`)
	floatForm = regexp.MustCompile(`^(?:[-+]?[0-9][0-9_]*\.[0-9_]*(?:[eE][-+]?[0-9]+)?|[-+]?[0-9][0-9_]*[eE][-+]?[0-9]+|` +
		`[-+]?\.[0-9_]+(?:[eE][-+][0-9]+)?|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN))$`)
	intForm  = regexp.MustCompile(`^(?:[-+]?0b[0-1_]+|[-+]?0o?[0-7_]+|[-+]?[0-9_]+|[-+]?0x[0-9a-fA-F_]+)$`)
	dateForm = regexp.MustCompile(`^(?:[0-9]{4}-[0-9]{2}-[0-9]{2}|[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}(?:[Tt]|[ \t]+)[0-9]{1,2}:[0-9]{2}:[0-9]{2}` +
		`(?:\.[0-9]*)?(?:[ \t]*(?:Z|[-+][0-9]{1,2}(?::[0-9]{2})?))?)$`)
)

// Tag says what a plain word stands for: "str", "bool", "null", "float", "int",
// "date", or "odd" for words with a meaning of their own.
func Tag(s string) string {
	switch {
	case nullForm.MatchString(s):
		return "null"
	case boolForm.MatchString(s):
		return "bool"
	case s == "=" || s == "<<":
		return "odd"
	case !strings.ContainsRune("-+0123456789.", rune(s[0])):
		return "str"
	case floatForm.MatchString(s):
		return "float"
	case intForm.MatchString(s):
		return "int"
	case dateForm.MatchString(s):
		return "date"
	}
	return "str"
}
