// Package refund gives money back through WeChat Pay, exactly once, and keeps the credentials it is given back with (merchants 商户号).
//
// How money moves once:
//
//   - A refund is a row with its number (out_refund_no) before anything is called, and WeChat Pay refunds a number once. The row's request_key makes a repeated request
//     find it; a partial unique index lets one refund of an order be on its way, whichever case, program, rule or person asks; and everything that decides about an
//     order takes the order's row first (refund_orders), so that two instances decide one after the other.
//   - Every change is a compare-and-set on the row's turn and state, in one transaction with the job of the next turn. A job with an old turn does nothing.
//   - An attempt row is written before the call. If the process dies, the refund is found running, and is asked about by its number before anything else; so is
//     every answer that is not certain. The number never changes, so even a repeat that was not needed moves nothing.
//   - Failure is declared only when WeChat Pay said so with certainty and no earlier call is unaccounted for: it must have had a minute to arrive and still be unknown.
//   - ABNORMAL is never refunded a second time. CLOSED is dead: what follows is a new refund that a person decides on.
//
// Facts are from reference/wechat-pay.md §1. Nobody else changes these tables; what others need to know arrives as SettledArgs.
package refund
