package action

import (
	"fmt"

	"github.com/zhisu/zhisu/internal/complaint"
	"github.com/zhisu/zhisu/internal/db"
)

// Values are a case's variables by name; what is unknown is left out. refundID is WeChat Pay's number of the refund that went through.
func Values(c *complaint.Complaint, programName, refundID string, now db.Time) map[string]string {
	v := map[string]string{"商品": c.ProductName, "订单号": c.OutTradeNo, "小程序": programName, "退款单号": refundID}
	if v["订单号"] == "" {
		v["订单号"] = c.TransactionID
	}
	if c.Amount != nil {
		v["金额"] = fmt.Sprintf("%d.%02d 元", *c.Amount/100, *c.Amount%100)
	}
	if b, err := c.Return(); err == nil {
		v["快递单号"] = b.WaybillID
	}
	if left := c.DueAt - now; !c.DueAt.IsZero() && left > 0 {
		v["剩余时间"] = fmt.Sprintf("%d 小时 %d 分", left/3_600_000, left/60_000%60)
	}
	return v
}
