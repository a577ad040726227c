package pipeline

import (
	"fmt"
	"slices"
)

// kind is what a value in a dvc.yaml must be.
type kind struct {
	name string
	is   func(v any) bool
}

func isText(v any) bool { _, ok := v.(string); return ok }

func isBool(v any) bool { _, ok := v.(bool); return ok }

func isList(v any) bool { _, ok := v.([]any); return ok }

func isTexts(v any) bool {
	list, ok := v.([]any)
	return ok && !slices.ContainsFunc(list, func(e any) bool { return !isText(e) })
}

func kinds() (text, truth, texts, free kind) {
	return kind{"text", isText}, kind{"true or false", isBool}, kind{"list of texts", isTexts},
		kind{"", func(any) bool { return true }}
}

// stageKinds are what a stage may have. DVC looks at it before ${} is replaced.
func stageKinds() map[string]kind {
	text, truth, texts, free := kinds()
	return map[string]kind{
		"cmd":    {"text or list", func(v any) bool { return isText(v) || isList(v) }},
		"wdir":   text,
		"deps":   texts,
		"params": {"list", isList}, "outs": {"list", isList}, "metrics": {"list", isList}, "plots": {"list", isList},
		"vars":   {"list", isList},
		"frozen": truth, "always_changed": truth,
		"desc": text, "meta": free,
	}
}

// outKinds are what an output may have beside its path.
func outKinds(key string) map[string]kind {
	text, truth, texts, free := kinds()
	m := map[string]kind{
		"cache": truth, "persist": truth, "checkpoint": truth, "push": truth,
		"remote": text, "desc": text, "type": text, "labels": texts, "meta": free,
	}
	if key == "plots" {
		for _, k := range []string{"template", "x", "y", "x_label", "y_label", "title"} {
			m[k] = text
		}
		m["header"] = truth
	}
	return m
}

// check compares a mapping with what it may have.
func check(o *object, may map[string]kind, where string) error {
	for _, k := range o.keys {
		want, ok := may[k]
		if !ok || o.plain[k] {
			return fmt.Errorf("%s is nothing that %s has", k, where)
		}
		if !want.is(o.values[k]) {
			return fmt.Errorf("%s of %s is no %s", k, where, want.name)
		}
	}
	return nil
}

// checkStage refuses what DVC refuses in a stage as it is written.
func checkStage(body *object) error {
	if err := check(body, stageKinds(), "a stage"); err != nil {
		return err
	}
	for _, key := range []string{"outs", "metrics", "plots"} {
		list, err := listOf(body, key)
		if err != nil {
			return err
		}
		for _, v := range list {
			o, ok := v.(*object)
			if !ok {
				continue
			}
			for _, k := range o.keys {
				flags, ok := o.values[k].(*object)
				if !ok {
					return fmt.Errorf("%s of %s is no mapping", k, key)
				}
				if err := check(flags, outKinds(key), "an output"); err != nil {
					return err
				}
			}
		}
	}
	return nil
}
