package main

/*
#include <stdlib.h>
#ifdef __GLIBC__
#include <malloc.h>
static void few_arenas(void) { mallopt(M_ARENA_MAX, 2); }
#else
static void few_arenas(void) {}
#endif
*/
import "C"

// fewArenas bounds what the C library keeps: each thread of OpenGL in software and of the embedded engine
// would get an arena of its own, and none gives back what it has once used.
func fewArenas() { C.few_arenas() }
