package capture

import "time"

// Profiles are the profiles that come with Coverslip, in the order in which people choose;
// the first one is that of the zero value.
func Profiles() []Profile {
	return []Profile{
		{Name: "single", Title: "Single files"},
		microManager(),
		tiffSeries(),
		plate(),
		video(),
		zarr(),
	}
}

// Named returns the profile of that name; "" is single files.
func Named(name string) (Profile, bool) {
	for _, p := range Profiles() {
		if p.Name == name || name == "" {
			return p, true
		}
	}
	return Profile{}, false
}

// microManager takes an acquisition as a whole. Both ways to save are met: stacks named
// NAME_MMStack_Pos0.ome.tif, and a folder for each position with a file for each plane.
// Not every version writes the metadata into a file of their own, and those come last.
func microManager() Profile {
	return Profile{
		Name: "micro-manager", Title: "Micro-Manager",
		Group: `(?i)^(?:(.+)/(?:\d+-)?(?:Pos|Default|Full resolution)[^/]*/[^/]+` +
			`|(.+)/(?:[^/]*_(?:MMStack|NDTiffStack)[^/]*|img_[^/]+|[^/]*metadata\.txt|NDTiff\.index|DisplaySettings\.json|display_settings\.txt|comments\.txt)` +
			`|([^/]+?)_MMStack[^/]*)$`,
		Companions: []string{"*metadata.txt|NDTiff.index"},
		Quiet:      20 * time.Second, MaxWait: 5 * time.Minute,
	}
}

// tiffSeries takes files that differ in their numbers as one capture: those of a folder
// that are named by numbers only, NAME_t001_z02_c1, NAME_0001 and NAME0001.
func tiffSeries() Profile {
	const axis = `(?:t|z|c|s|p|f|w|x|y|m|r|ch|xy|tp|pos|time|chan|channel|slice|frame)`
	return Profile{
		Name: "tiff-series", Title: "TIFF series",
		Group: `(?i)^(?:(.+)/[_-]?\d+\.tiff?` +
			`|(.+?)(?:[_-]` + axis + `\d+)+(?:[_-]\d+)?\.(?:ome\.)?tiff?` +
			`|(.*[^/])[_-]\d+\.(?:ome\.)?tiff?` +
			`|(.*[^/\d])\d+\.(?:ome\.)?tiff?)$`,
		Quiet: time.Minute,
	}
}

// plate takes a plate's folder as a whole once its index is there: Index.xml of Harmony
// (Opera, Operetta), .HTD of MetaXpress, .mlf of the CellVoyager.
func plate() Profile {
	return Profile{
		Name: "plate", Title: "Plate folders",
		Group: `(?i)^(?:(.+?)/(?:Images|TimePoint_\d+|ZStep_\d+|Assaylayout|FFC_Profile)/.+` +
			`|(.+)/[^/]+\.(?:tiff?|png|jpe?g|c01|dib|flex|htd|mlf|mrf|mes|wpi|wpp|kw\.txt)` +
			`|(.+)/Index[^/]*\.xml)$`,
		Companions: []string{"index*.xml|*.htd|*.mlf"},
		Quiet:      time.Minute,
	}
}

// video takes films. Recorders write in spurts.
func video() Profile {
	return Profile{
		Name: "video", Title: "Video",
		Match: []string{"*.avi", "*.mp4", "*.m4v", "*.mov", "*.mkv", "*.webm"},
		Quiet: 20 * time.Second,
	}
}

// inStore is the path of a file of a store, which is a folder, in groups as [Profile] has them.
const inStore = `(?i)^(.+?\.zarr)/.+$`

// zarr takes a store as a whole.
func zarr() Profile {
	return Profile{
		Name: "ome-zarr", Title: "OME-Zarr",
		Group:      inStore,
		Companions: []string{"zarr.json|.zattrs|.zgroup"},
		Quiet:      time.Minute,
	}
}
