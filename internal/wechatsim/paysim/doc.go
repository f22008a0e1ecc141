// Package paysim plays WeChat Pay APIv3 for the simulator: it checks every request's signature, signs every answer, and keeps a ledger of the money that moved. It is
// built from reference/wechat-pay.md alone and shares nothing with the client it judges.
//
// What is strict: the signature over method, path and query, time, nonce and body; the certificate's serial; five minutes of clock; unknown, missing and wrongly typed
// fields; the reason's 80 bytes; a notify_url with a query; the order's own total; 365 days; 50 refunds and one a minute for each order; never more than was paid; one
// content for each out_refund_no. What the reference calls unknown is decided the careful way and said at the place.
package paysim
