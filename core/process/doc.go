// Package process runs programs of which nothing is left when they are stopped.
package process
