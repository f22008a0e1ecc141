package api

import (
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/validation"
)

// newHumaError turns what huma itself refuses (malformed JSON, wrong types, missing fields) into our problem.
func newHumaError(status int, msg string, errs ...error) huma.StatusError {
	code := CodeInternal
	switch {
	case status == http.StatusBadRequest || status == http.StatusUnprocessableEntity:
		status, code = http.StatusUnprocessableEntity, CodeValidation
	case status == http.StatusUnsupportedMediaType || status == http.StatusNotAcceptable:
		code = CodeValidation
	case status == http.StatusRequestEntityTooLarge:
		code = CodeTooLarge
	}
	if code == CodeInternal {
		return problemOf(status, code, "服务出错了，请稍后再试")
	}
	p := problemOf(status, code, "请求内容不完整或格式不对")
	for _, err := range errs {
		var d *huma.ErrorDetail
		if errors.As(err, &d) {
			p.Errors = append(p.Errors, FieldProblem{fieldName(d.Location), inWords(d.Message)})
		}
	}
	if len(p.Errors) == 0 && code == CodeValidation {
		p.Errors = []FieldProblem{{"body", inWords(msg)}}
	}
	if len(p.Errors) > 0 {
		p.Detail += "：" + strings.TrimPrefix(p.Errors[0].Field+" "+p.Errors[0].Text, "body ")
	}
	return p
}

// fieldName leaves out where the field stood, as our own refusals do: "body.items[0].name" → "items[0].name".
func fieldName(location string) string {
	for _, place := range []string{"body.", "query.", "path.", "header.", "cookie."} {
		if name, ok := strings.CutPrefix(location, place); ok && name != "" {
			return name
		}
	}
	return location
}

// inWords says what huma, or the decoder of JSON below it, cannot be told to say otherwise. The decoder's own words stay: they name the place.
func inWords(msg string) string {
	switch {
	case msg == "invalid integer":
		return "要填整数"
	case msg == "invalid float", msg == "invalid floating value":
		return "要填数字"
	case msg == "invalid boolean":
		return "要填 true 或 false"
	case msg == "unknown query parameter":
		return "没有这个参数"
	case msg == "request body is required":
		return "请求内容不能为空"
	case strings.HasPrefix(msg, "required ") && strings.HasSuffix(msg, " parameter is missing"):
		return "必须填写"
	case strings.HasPrefix(msg, "json: cannot unmarshal number"):
		return fmt.Sprintf("数字太大或太小（%s）", msg)
	case strings.HasPrefix(msg, "cannot read multipart form"):
		return "要以 multipart/form-data 上传文件"
	case strings.HasPrefix(msg, "invalid character"), strings.HasPrefix(msg, "unexpected end of JSON"):
		return fmt.Sprintf("不是正确的 JSON（%s）", msg)
	}
	return msg
}

// sayInWords gives huma's findings our language. The patterns take the arguments of the originals, in the same order.
func sayInWords() {
	validation.MsgUnexpectedProperty = "没有这个字段"
	validation.MsgExpectedRFC3339DateTime = "要填 RFC 3339 格式的时间"
	validation.MsgExpectedRFC5322Email = "邮箱格式不对（%v）"
	validation.MsgExpectedRFC3986URI = "网址格式不对（%v）"
	validation.MsgExpectedMatchAtLeastOneSchema = "格式不对"
	validation.MsgExpectedMatchExactlyOneSchema = "格式不对"
	validation.MsgExpectedBoolean = "要填 true 或 false"
	validation.MsgExpectedNumber = "要填数字"
	validation.MsgExpectedInteger = "要填整数"
	validation.MsgExpectedString = "要填文字"
	validation.MsgExpectedBase64String = "要填 base64"
	validation.MsgExpectedArray = "要填列表"
	validation.MsgExpectedObject = "要填对象"
	validation.MsgExpectedArrayItemsUnique = "不能有重复的项"
	validation.MsgExpectedOneOf = "只能是 %s 之一"
	validation.MsgExpectedMinimumNumber = "不能小于 %v"
	validation.MsgExpectedExclusiveMinimumNumber = "要大于 %v"
	validation.MsgExpectedMaximumNumber = "不能大于 %v"
	validation.MsgExpectedExclusiveMaximumNumber = "要小于 %v"
	validation.MsgExpectedNumberBeMultipleOf = "要是 %v 的倍数"
	validation.MsgExpectedMinLength = "至少 %d 个字"
	validation.MsgExpectedMaxLength = "最多 %d 个字"
	validation.MsgExpectedBePattern = "格式不对，要填%s"
	validation.MsgExpectedMatchPattern = "格式不对，要符合 %s"
	validation.MsgExpectedMinItems = "至少 %d 项"
	validation.MsgExpectedMaxItems = "最多 %d 项"
	validation.MsgExpectedMinProperties = "至少 %d 个字段"
	validation.MsgExpectedMaxProperties = "最多 %d 个字段"
	validation.MsgExpectedRequiredProperty = "缺少 %s"
	validation.MsgExpectedDependentRequiredProperty = "缺少 %s：填了 %s 就要一起填"
}
