package loose

import (
	"strconv"
	"strings"
)

// AmountSource says where an amount was found, which decides its unit.
type AmountSource int

// Where amounts are found.
const (
	ShownText  AmountSource = iota // totalCostStr: made for people
	PlainText                      // totalCost or total_cost as a string
	JSONNumber                     // totalCost as a bare number
)

// AmountFen reads an amount in fen. WeChat gives it in several ways and never
// states the unit (complaint §2.2, §6.3); the rules are:
//
//   - a currency sign (￥ ¥ CNY RMB 元) or, in text, a decimal point: yuan;
//   - whole digits in totalCost or total_cost ("5000", 5000): fen, as the push has it;
//   - a bare number with a non-zero fraction (0.01): yuan, since fen have none;
//   - everything else is ambiguous and not read: whole digits in totalCostStr,
//     5000.0, negative, more than two decimals.
func AmountFen(s string, source AmountSource) (int64, bool) {
	s, signed := withoutCurrency(strings.TrimSpace(s))
	s = strings.NewReplacer(",", "", "，", "", " ", "").Replace(s)
	whole, fraction, point := strings.Cut(s, ".")
	if !digits(whole) || (point && !digits(fraction)) || len(whole) > 13 {
		return 0, false
	}
	if !signed {
		switch {
		case !point && source != ShownText:
			n, err := strconv.ParseInt(whole, 10, 64)
			return n, err == nil
		case !point:
			return 0, false
		case source == JSONNumber && strings.Trim(fraction, "0") == "":
			return 0, false
		}
	}
	fraction = strings.TrimRight(fraction, "0")
	if len(fraction) > 2 {
		return 0, false
	}
	fraction += strings.Repeat("0", 2-len(fraction))
	n, err := strconv.ParseInt(whole+fraction, 10, 64)
	return n, err == nil
}

func withoutCurrency(s string) (rest string, found bool) {
	for _, sign := range []string{"￥", "¥", "CNY", "RMB"} {
		if r, ok := strings.CutPrefix(s, sign); ok {
			s, found = r, true
		}
	}
	if r, ok := strings.CutSuffix(s, "元"); ok {
		s, found = r, true
	}
	return strings.TrimSpace(s), found
}

func digits(s string) bool {
	if s == "" {
		return false
	}
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return true
}

// TransactionID takes WeChat's prefix off an order id: "payorder@_4200…" and, in
// one official example, "payorder@4200…" (complaint §2.2). What has no prefix is
// returned as it is.
func TransactionID(orderID string) string {
	orderID = strings.TrimSpace(orderID)
	if rest, ok := strings.CutPrefix(orderID, "payorder@_"); ok {
		return rest
	}
	return strings.TrimPrefix(orderID, "payorder@")
}
