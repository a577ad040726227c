package pipeline

import (
	"cmp"
	"fmt"
	"maps"
	"slices"

	"coverslip.dev/coverslip/core/dataset"
)

// record is what a dvc.lock, or a remembered run, says of a stage: what it read and made
// when it last ran. Paths are as in the dvc.yaml.
type record struct {
	cmd        any
	deps, outs map[string]item
	params     map[string]*object
}

// item is a file or folder of a record.
type item struct {
	dataset.Object

	legacy bool // hashed as DVC 2 did
}

func parseRecord(v any) (*record, error) {
	o, ok := v.(*object)
	if !ok {
		return nil, fmt.Errorf("a stage is no mapping")
	}
	r := &record{params: map[string]*object{}}
	if r.cmd, ok = o.get("cmd"); !ok {
		return nil, fmt.Errorf("a stage has no cmd")
	}
	var err error
	for k, to := range map[string]*map[string]item{"deps": &r.deps, "outs": &r.outs} {
		if *to, err = parseItems(o, k); err != nil {
			return nil, err
		}
	}
	params, _ := o.get("params")
	files, ok := params.(*object)
	if params != nil && !ok {
		return nil, fmt.Errorf("params is no mapping")
	}
	if files == nil {
		return r, nil
	}
	for _, name := range files.keys {
		values, ok := files.values[name].(*object)
		if !ok {
			return nil, fmt.Errorf("the params of %s are no mapping", name)
		}
		r.params[name] = values
	}
	return r, nil
}

func parseItems(o *object, key string) (map[string]item, error) {
	list, err := listOf(o, key)
	if err != nil {
		return nil, err
	}
	items := map[string]item{}
	for _, v := range list {
		e, ok := v.(*object)
		name, isText := "", false
		if ok {
			name, isText = e.values["path"].(string)
		}
		if !isText {
			return nil, fmt.Errorf("an entry of %s has no path", key)
		}
		it := item{}
		if it.MD5, ok = e.values["md5"].(string); !ok && e.values["md5"] != nil {
			return nil, fmt.Errorf("the md5 of %s is no text", name)
		}
		it.Exec, _ = e.values["isexec"].(bool)
		hash, _ := e.values["hash"].(string)
		it.legacy = it.MD5 != "" && hash != "md5"
		items[name] = it
	}
	return items, nil
}

// facts are what a stage has read and made now, to be written down.
type facts struct {
	deps, outs map[string]dataset.Object // by path as written
	params     map[string]*object
}

// entry is the mapping that dvc.lock has for a stage.
func (f facts) entry(s *Stage) *object {
	e := newObject()
	e.set("cmd", s.cmd)
	if len(f.deps) > 0 {
		e.set("deps", itemList(f.deps))
	}
	if len(f.params) > 0 {
		files := newObject()
		for _, p := range s.Params {
			files.set(p.as, sorted(f.params[p.as]))
		}
		e.set("params", files)
	}
	if len(f.outs) > 0 {
		e.set("outs", itemList(f.outs))
	}
	return e
}

func itemList(items map[string]dataset.Object) []any {
	var list []any
	for _, name := range slices.Sorted(maps.Keys(items)) {
		o, e := items[name], newObject()
		e.set("path", name)
		e.set("hash", "md5")
		e.set("md5", o.MD5)
		e.set("size", o.Size)
		if o.Dir() {
			e.set("nfiles", int64(o.Files))
		}
		if o.Exec {
			e.set("isexec", true)
		}
		list = append(list, e)
	}
	return list
}

// sorted returns the mapping with its own keys, but not those within, in order.
func sorted(o *object) *object {
	c := newObject()
	for _, k := range slices.SortedFunc(slices.Values(o.keys), cmp.Compare[string]) {
		c.set(k, o.values[k])
	}
	c.plain = o.plain
	return c
}
