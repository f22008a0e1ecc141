// Package api is the HTTP API under /api/v1, the pages of the authorisation flow and the health endpoints. routes.go shows the whole surface, errors.go
// alone turns errors into answers, auth.go alone decides who is asking and what they may do.
//
// It holds no rules of its own and never talks to WeChat: it asks the packages that do.
package api
