package action

import (
	"regexp"
	"strings"
	"unicode/utf8"

	"github.com/zhisu/zhisu/internal/complaint"
)

// Warning is something a careful colleague would mention before the text goes out. It keeps nobody from sending.
type Warning struct{ Code, Text string }

var (
	saysRefunded = regexp.MustCompile(`已(经)?(为您|给您|全额|原路)*(退款|退还|退回)`)
	saysYes      = regexp.MustCompile(`(^|[^不无法能予])(同意|接受)(您的|您|你的|你)?(退款|诉求|要求|和解)`)
	saysNo       = regexp.MustCompile(`(不同意|不予|无法|不能|拒绝|不支持)(您的|您|你的|你)?(退款|退货|诉求|要求|和解|赔付)`)
	phoneNumber  = regexp.MustCompile(`(^|[^0-9])1[3-9][0-9]{9}([^0-9]|$)`)
	placeholder  = regexp.MustCompile(`（请[^）]*）|（[^）]*(说明|凭证名称|一句话)[^）]*）`)
)

// Warnings looks over what is about to be sent. refunded says whether a refund of the order is known.
func Warnings(in Intent, refunded bool) []Warning {
	text := strings.TrimSpace(in.Content)
	out := []Warning{}
	add := func(cond bool, code, words string) {
		if cond {
			out = append(out, Warning{code, words})
		}
	}
	add(in.Kind != complaint.Respond && len(in.EvidenceIDs) == 0, "no_pictures", "没有附上图片。平台一般要看到截图或单据才会采信")
	add(text == "", "no_text", "没有写文字说明，用户或平台可能看不懂图片要证明什么")
	add(text != "" && utf8.RuneCountInString(text) < 10, "short", "文字很短，建议写清楚事实和处理结果")
	add(!refunded && saysRefunded.MatchString(text), "refund_unknown", "文字里说已经退款，但知诉没有查到这笔订单的退款，请先确认")
	add(in.Decision == Refuse && saysYes.MatchString(text) && !saysNo.MatchString(text), "contradiction", "选择的是拒绝和解，但文字像是同意")
	add(in.Decision == Agree && saysNo.MatchString(text) && !saysYes.MatchString(text), "contradiction", "选择的是同意和解，但文字像是拒绝")
	add(phoneNumber.MatchString(text), "phone", "文字里有手机号，用户和平台都会看到")
	add(variables.MatchString(text), "unfilled", "文字里还有没填的变量："+strings.Join(variables.FindAllString(text, -1), " "))
	add(placeholder.MatchString(text), "placeholder", "模板里需要自己填写的部分还没有改")
	return out
}
