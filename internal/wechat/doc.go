// Package wechat is our own small client for WeChat's HTTP API and the reader of
// the messages WeChat pushes. It speaks WeChat's words; the rest of Zhisu gets
// plain Go types. It keeps nothing: no tokens, no retries, no database, no
// clock. It decides nothing about complaints either: states, stages and Chinese
// texts belong to package complaint.
//
// Every fact comes from reference/wechat-open-platform.md (below "open
// platform") and reference/wechat-complaint-api.md (below "complaint"), both
// read 2026-11-23. Where they say unknown or contradictory, every variant is
// accepted. Each call names its page, limits, permission sets and error codes.
//
// # Errors
//
// Every failed call returns an *Error. Its Class says what to do:
//
//	Unknown       the request may have reached WeChat and its outcome is not known: timeout,
//	              connection lost, HTTP status other than 2xx, an answer that is not the promised
//	              JSON, an errcode no table names, and -1 on an acting call. An acting call
//	              (respond, proof, refund proof, appeal, custom message, clear quota) must be read
//	              back before it is repeated; a reading or token call may simply be repeated later.
//	Again         the request certainly did not reach WeChat (name lookup, dial, TLS): repeat soon.
//	Later         WeChat refused for now: repeat after RetryAfter.
//	NewToken      the access token is not accepted: get a new one, repeat once.
//	NoPermission  the permission set or ability is not granted (61007, 48001 …).
//	Revoked       the authorisation is gone (61003, 43007, 42007): reconcile with the
//	              authorizer list, then treat the program as revoked.
//	Never         this call will not succeed as it is: bad parameter, wrong state, wrong secret.
//
// Codes that any call can return (open platform §7):
//
//	-1                                     Later; Unknown on an acting call
//	40001 40014 42001 42006                NewToken (40001 without a token in play = wrong secret: Never)
//	45009                                  Later, 1 h (daily quota used up)
//	45011                                  Later, 1 min (per-minute limit); HTTP 429 likewise
//	48001 48004 61007 61016 61017          NoPermission
//	42007 43007 61003                      Revoked
//	61005 61006                            Later, 1 min (ticket old or invalid: use the newest)
//	40164 40243 45035 61004 61028 61029
//	89501-89507                            Later, 10 min, NeedsOperator: the same call works once
//	                                       somebody has repaired the configuration
//	40013 40125 50002 61011                Never, NeedsOperator
//	40002 40007 40097 40170 41001 41002 41004 41018 41021 43002 43003
//	44002 45015 45047 47001 48006 61009 61010 61012-61015 61018-61024
//	61030 76003 76021 76022                Never
//	anything else                          Unknown
//
// 61023 (refresh token invalid) is Never for that token; the token keeper looks
// for CodeRefreshTokenInvalid and recovers through the authorizer list.
//
// Codes of the complaint calls (complaint §6.4), meaningful only there:
//
//	1 (no such complaint)                  Never   respond, proof, refund proof, appeal
//	2 (content or mediaIdList malformed)   Never   appeal
//	309 (wrong status, already moved on)   Never   respond, proof, refund proof
//	1002 (not allowed now)                 Never   appeal
//	10001 (bad parameter)                  Never   respond, proof, refund proof, appeal
//
// An *Error prints without tokens, secrets, URLs and bodies. Values that hold
// tokens or personal data hide them from every fmt verb, tokens also from JSON.
package wechat
