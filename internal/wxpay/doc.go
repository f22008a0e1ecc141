// Package wxpay is the client of WeChat Pay's API v3, as far as money back needs it: refund, query, order query, platform certificates, notifications, and the
// reading of keys and certificates as merchants have them. Facts are from reference/wechat-pay.md, whose sections are named beside them.
//
// It is written on the standard library and checked against the official SDK in its tests (reference §3.3): the SDK has a fixed host, one process-wide
// certificate store, and answers nil and an error for a payment that may have been made. What it promises instead:
//
//   - Every request is signed and names the key the answer is to be signed with. A 2xx without a good signature within ±300 s is an error of class Query: what it
//     says is not believed, and neither is that nothing happened.
//   - Every error has a class that says what may be done next; for the creation of a refund, anything that is not certain is Query.
//   - No error, and nothing else that leaves the package, contains a key, a signature or a body.
package wxpay
