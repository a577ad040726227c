// Package core is Coverslip without its window: it finds finished captures,
// versions them in DVC's format, asks models about them, remembers what people
// decided, and promotes models.
//
// Nothing under core imports ui or Fyne. Which package may import which is the
// table in arch_test.go.
package core
