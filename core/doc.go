// Package core is Coverslip without its window: it finds finished captures, versions
// them in DVC's format, asks models what is in them, remembers what people decided, and
// puts models in force.
//
//	the ground     fault secret event disk process ruamel
//	the things     annotation capture capture/ending config health imageio job model recipe remote session
//	the adapters   imageio/{czi,foreign,ometiff,raster,video,zarr}, over imageio/{inflate,j2k,jpeg,jxr}
//	               infer/{embedded,triton}, several as one by infer/pool; model/{local,mlflow}
//	               remote/{folder,s3,azure}, the last two over remote/wire
//	the contracts  imageio/imageiotest infer/infertest model/modeltest remote/remotetest
//	               dataset/datasettest, over servertest: how tests find real servers
//	the work       dataset pipeline segment infer measure exchange flow intake release gateway
//	the whole      station builds all of it from the settings and owns every goroutine
//
// Two lines carry the work; each stage is written down before the next begins and may run
// twice. Intake: capture, version, push; beside them infer; then the review by a person,
// record and publish. Release: load, probe, promote; a rollback is the same line towards
// the version before.
//
// Nothing under core imports ui or Fyne. Which package may import which is the table in
// arch_test.go; why things are as they are is in decisions/.
package core
