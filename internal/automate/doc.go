// Package automate answers complaints, and gives money back, by rules that people wrote, inside limits that they set.
//
// A rule never does anything itself: it decides, and packages action and refund do, with every brake they have for people. What keeps it safe:
//
//   - One decision for each case, ever (rule_decisions.complaint_id). It is judged by pure functions (judge.go) when the case arrives and again, on a case read from WeChat that
//     very moment, before anything is done. What is not known is not met: nothing is automated on an unknown status, type, amount or user.
//   - Order: room inside the limits is taken in one transaction with the rule's row locked → the refund is asked for → only when the money has certainly gone back, the
//     answer → done. The decision's id is the request key of both, so whatever is repeated finds the same refund number and the same answer.
//   - Every change is a compare-and-set on the decision's turn, with the job of the next step in the same transaction. Outcomes that are not known stay with action and
//     refund until they are; here one only waits.
//   - The switch, a rule's pause and its edits stop what is not sent yet: a decision goes on only while Stands says so, and the first call of a refund and every call of an answer
//     ask it once more in the transaction that writes their attempt.
//   - What a rule sends is what its replay showed: the text is part of a rule's version, and a template that changes makes another version, which has to be replayed.
//   - Two cases about one order are one for rules. A refund that waited is sent only for a case that still waits for an answer, by a reading of that moment (refund.reread).
//   - A rule that failed three times in a row, or had a refund turn abnormal, pauses itself.
package automate
