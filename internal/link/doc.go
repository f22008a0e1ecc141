// Package link makes and checks one-tap links: an address in a message that opens one case for one receiver, on a phone, without login.
//
// A link is a secret of 160 random bits. A request is compared with its SHA-256; the secret itself is kept sealed, only so that every message to the same receiver
// about the same case carries the same link. It ends after Life, or AfterClose after the case is closed, or when somebody revokes it. Opening a link spends
// nothing, so programs that look at links before people do are harmless.
//
// What a link may do is decided in api/auth.go, what a case is by complaint; this package knows neither.
package link
