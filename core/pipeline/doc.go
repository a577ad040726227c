// Package pipeline reads the stages of a dataset's dvc.yaml files, says which of them have
// changed and why, and runs those.
//
// It decides as DVC 3.67.1 does and writes the same dvc.lock and the same record of runs,
// byte for byte, so that a person with the dvc program works on the same pipeline.
package pipeline
