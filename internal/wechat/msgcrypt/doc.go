// Package msgcrypt signs, checks, encrypts and decrypts the messages WeChat
// pushes, as pure functions: no network, no clock, no state. Randomness is
// passed in.
//
// Everything here follows reference/wechat-open-platform.md §3 (read
// 2026-11-23): SHA-1 over byte-sorted parts, AES-256-CBC with the first 16 key
// bytes as IV, PKCS#7 padding to blocks of 32 bytes (not 16), and a plaintext of
//
//	16 random bytes ‖ uint32 big-endian len(msg) ‖ msg ‖ appid
//
// The order of work for an incoming push belongs to the caller: limit the size,
// parse the envelope, Verify msg_signature over (token, timestamp, nonce,
// encrypt), only then decrypt, and only then compare the appid. The query
// parameter "signature" does not cover the body and must never be used to
// accept a POST (§3.1).
//
// No error of this package contains a key, a token or a piece of a message.
package msgcrypt
