// Package standing keeps what WeChat thinks of a program (交易表现): the 交易体验分 and its history, the deductions and the complaints they name, the 交易保障标, and the
// platform's own records of violations.
//
// WeChat pushes none of it reliably, so it is read once a day, soon after a ruling, and when somebody asks. A reading that fails says so and leaves what is known. A
// complaint that a deduction names and nobody pushed is fetched, bounded, and marked. Facts are from reference/wechat-complaint-api.md §8 and §9; what they leave open
// (thresholds, the time for an appeal) is shown as such and decides nothing. There is no call that appeals a deduction.
package standing
