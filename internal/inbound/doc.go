// Package inbound hears WeChat: it verifies a push, records it with the job that works on it in one transaction, and only then answers success.
//
// The order of checks is fixed: size, envelope, signature (constant time), decryption, appid, DOCTYPE, parsing. Which mode a push must have is decided by
// our configuration, never by the sender: a third-party platform is always pushed XML in safe mode. Opening what came is package letter's part. A push that
// fails a check leaves nothing but a counter and a rate-limited log line.
//
// It makes no network call, so that an answer never waits for anybody else (WeChat hangs up after 5 s).
package inbound
