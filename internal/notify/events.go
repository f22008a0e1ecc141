package notify

import "slices"

// The kinds of events (design §6.6). Subscriptions name them.
const (
	EventComplaintNew      = "complaint.new"
	EventComplaintProgress = "complaint.progress"
	EventEvidenceWanted    = "complaint.evidence_wanted"
	EventRuledAgainst      = "complaint.ruled_against"
	EventWithdrawn         = "complaint.withdrawn"
	EventClosed            = "complaint.closed"
	EventAppealResult      = "appeal.result"
	EventDeadlineNear      = "deadline.near"
	EventRefundDone        = "refund.done"
	EventRefundFailed      = "refund.failed"
	EventRuleActed         = "rule.acted"
	EventRuleStopped       = "rule.stopped"
	EventPermissionLost    = "permission.lost"
	EventPushSilent        = "push.silent"
	EventScoreDropped      = "score.dropped"
	EventChannelFailing    = "channel.failing"
	EventMerchantExpiring  = "merchant.expiring"
)

// eventDigest is the daily digest: nobody subscribes to it, its receivers are a setting.
const eventDigest = "digest.daily"

// Event is something that people may want to hear of.
type Event struct {
	// Kind is one of the constants above.
	Kind string
	// ComplaintID is the case; empty for what happens to a program as a whole.
	ComplaintID string
	// ProgramID is needed where there is no case. A merchant is told of through one of its programs: who hears of several of them hears once.
	ProgramID string
	// Key tells repeats of the same kind in one case apart, for example by status and time; the same key is told once.
	Key string
}

// heads are the words before the problem in a subject, and the first sentence of the message.
var heads = map[string]struct{ subject, lead string }{
	EventComplaintNew:      {"", "收到一件新投诉。"},
	EventComplaintProgress: {"投诉有进展：", "这件投诉有新进展。"},
	EventEvidenceWanted:    {"平台要求补充凭证：", "平台要求补充凭证。"},
	EventRuledAgainst:      {"判定商家责任：", "平台判定这件投诉为商家责任。"},
	EventWithdrawn:         {"用户已撤销：", "用户撤销了这件投诉。"},
	EventClosed:            {"投诉已完结：", "这件投诉已经完结。"},
	EventAppealResult:      {"申诉有结果：", "申诉有结果了。"},
	EventDeadlineNear:      {"快到期了：", "这件投诉快到截止时间了，还没有处理。"},
	EventRefundDone:        {"退款成功：", "这件投诉的退款已经成功。"},
	EventRefundFailed:      {"退款失败：", "这件投诉的退款没有成功，需要人工处理。"},
	EventRuleActed:         {"已自动处理：", "自动规则处理了这件投诉。"},
	EventRuleStopped:       {"规则没有处理：", "自动规则停住了，这件投诉需要人工处理。"},
	EventPermissionLost:    {"缺少权限", "这个小程序缺少必要的权限，投诉可能收不到或无法处理。"},
	EventPushSilent:        {"很久没有收到推送", "很久没有收到微信的推送，请检查消息与事件接收 URL。"},
	EventScoreDropped:      {"交易体验分下降", "这个小程序的交易体验分下降了。"},
	EventMerchantExpiring:  {"商户证书快到期", "商户证书快到期了，到期后不能退款，请尽快更换。"},
	eventMention:           {"备注里提到你：", "有同事在备注里提到了你。"},
	EventChannelFailing:    {"通知渠道发送失败", "有一个通知渠道发不出消息，请检查它的设置。"},
}

var kinds = []string{
	EventComplaintNew, EventComplaintProgress, EventEvidenceWanted, EventRuledAgainst, EventWithdrawn, EventClosed, EventAppealResult, EventDeadlineNear,
	EventRefundDone, EventRefundFailed, EventRuleActed, EventRuleStopped, EventPermissionLost, EventPushSilent, EventScoreDropped, EventChannelFailing, EventMerchantExpiring,
}

// Kinds lists every kind of event.
func Kinds() []string { return slices.Clone(kinds) }

// ofProgram reports whether a kind is about a program and not about one case.
func ofProgram(kind string) bool {
	switch kind {
	case EventPermissionLost, EventPushSilent, EventScoreDropped, EventChannelFailing, EventMerchantExpiring:
		return true
	}
	return false
}

func knownKind(k string) bool { return slices.Contains(kinds, k) }
