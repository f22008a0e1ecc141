package action

import (
	"errors"

	"github.com/zhisu/zhisu/internal/complaint"
)

// Errors that callers tell apart.
var (
	ErrNotFound = errors.New("action not found")
	// ErrInFlight says that another action of the same case has not finished.
	ErrInFlight = errors.New("another action of this complaint is under way")
)

// NotLegalError says that an action may not be done now.
type NotLegalError struct {
	Legality complaint.Legality
	Legal    []complaint.Action
}

// Error implements error.
func (e *NotLegalError) Error() string { return "not legal now: " + e.Legality.Reason }

// FieldError says which value of a request is wrong and why, for the person who typed it.
type FieldError struct{ Field, Text string }

// Error implements error.
func (e *FieldError) Error() string { return e.Field + ": " + e.Text }

// Codes of a failed action, stable for scripts. Text gives the sentence for people.
const (
	CodeMovedOn      = "moved_on"      // 309, 1002: the case is in another stage
	CodeNoSuchCase   = "no_such_case"  // 1
	CodeBadContent   = "bad_content"   // 2, 10001
	CodeNoPermission = "no_permission" // 61007, 48001
	CodeRevoked      = "revoked"       // the authorisation is gone
	CodeNotLegal     = "not_legal_now" // refused by our own table after a fresh look
	CodeNotTaken     = "not_taken"     // the outcome was unknown and reading back shows that nothing was done
	CodeRefused      = "refused"       // any other refusal
	CodeGaveUp       = "gave_up"       // could not be sent before it made sense to stop
	CodeUnclear      = "unclear"       // no answer came, and the case does not show whether it was taken
	CodeBadPicture   = "bad_picture"   // WeChat or our own check refused a picture
	CodeHandedOver   = "handed_over"   // a rule's answer that was stopped before it was sent
	CodeNoUpload     = "no_upload"     // the permission to upload pictures is missing
)

// Problem is the sentence a merchant reads about an action that failed, empty otherwise.
func (a *Action) Problem() string { return problem(a.Kind, a.ErrorCode) }

func problem(kind complaint.Action, code string) string {
	if kind == complaint.Appeal && code == CodeMovedOn { // 1002, also when the appeal's time is over (reference/wechat-complaint-api.md §6.4)
		return "这张投诉单现在不能申诉：可能已超过申诉时间，或者已经申诉过。刚刚已为您刷新"
	}
	return Text(code)
}

// Text is the sentence a merchant reads for a failure code.
func Text(code string) string {
	switch code {
	case CodeMovedOn:
		return "该投诉单已进入下一环节，刚刚已为您刷新"
	case CodeNoSuchCase:
		return "微信查不到这张投诉单，请核对单号"
	case CodeBadContent:
		return "微信认为内容不合要求，请修改文字或图片后再发送"
	case CodeNoPermission:
		return "小程序没有授权「小程序违规与交易投诉管理」，不能处理投诉。请管理员重新授权"
	case CodeRevoked:
		return "小程序已取消授权，不能处理投诉。请管理员重新授权"
	case CodeNoUpload:
		return "小程序没有授权「客服」或「基本信息」，不能上传图片。可以先只发文字，或请管理员重新授权"
	case CodeBadPicture:
		return "微信没有接受其中的图片，请换一张或重新上传"
	case CodeUnclear:
		return "没有收到微信的结果，投诉单上也没有显示这次提交。请到微信后台核对，确认没有生效后再发一次"
	case CodeNotLegal:
		return "发送前刷新发现：这张投诉单现在不能做这项操作"
	case CodeNotTaken:
		return "已向微信核实：刚才的操作没有生效，可以再发一次"
	case CodeHandedOver:
		return "自动处理已停止，或者有人已经在处理，没有发送"
	case CodeGaveUp:
		return "多次尝试都没能送达微信，请稍后再试"
	case CodeRefused:
		return "微信没有接受这次操作。请检查内容后再发一次；仍不成功，请把 errcode 和 rid 提供给微信客服"
	}
	return ""
}
