// Package app is the composition root: it builds every part, starts and stops them in order. jobs.go shows who reacts to what on one page, periodic.go every
// schedule. It holds no rules.
package app
