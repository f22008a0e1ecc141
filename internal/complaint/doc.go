// Package complaint owns the cases: what a status means, what may be done in it, until when, what happened so far; and how a case is kept in step
// with WeChat (sync). The files status.go, stage.go, legal.go, problem.go and mask.go are pure.
//
// It decides nothing about who is told or what is answered: it enqueues Changed in the transaction that changed a case.
package complaint
