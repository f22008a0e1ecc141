package wechat

import "slices"

// Permission sets (权限集) a mini program must have granted to the platform for a
// call on its behalf. Direct-mode programs need none. Source: open platform §6,
// and the page of each call.
const (
	SetDevelopment     = 18  // 小程序开发与数据分析, exclusive
	SetCustomerService = 19  // 小程序客服管理
	SetBasicInfo       = 30  // 小程序基本信息管理
	SetComplaints      = 76  // 小程序违规与交易投诉管理, exclusive
	SetGuarantee       = 151 // 小程序交易保障
)

// Names of the calls, as they stand in Error.API.
const (
	APIStartPushTicket   = "api_start_push_ticket"
	APIComponentToken    = "api_component_token"
	APIPreAuthCode       = "api_create_preauthcode"
	APIQueryAuth         = "api_query_auth"
	APIAuthorizerToken   = "api_authorizer_token"
	APIAuthorizerInfo    = "api_get_authorizer_info"
	APIAuthorizerList    = "api_get_authorizer_list"
	APIClearQuotaV2      = "clear_quota_v2"
	APIQuota             = "quota_get"
	APICallbackIPs       = "getcallbackip"
	APIStableToken       = "stable_token"
	APIComplaintDetail   = "complaintOrderDetail"
	APIRespond           = "bussiRespondComplaint"
	APISupplyProof       = "bussiSupplyProof"
	APISubmitRefundProof = "bussiSupplyRefund"
	APIAppeal            = "busiAppeal"
	APIUploadTempMedia   = "media_upload"
	APISendCustomText    = "custom_send"
	APIPenaltyList       = "get_penalty_list"
	APIGuaranteeStatus   = "get_guarantee_status"
	APIIllegalRecords    = "getillegalrecords"
	APISendTemplate      = "template_send"
	APIListTemplates     = "get_all_private_template"
	APISceneCode         = "qrcode_create"
)

// SetsUpload lists the sets that each allow UploadTempMedia, those useful for a
// mini program first. 76 is not among them (complaint §7).
func SetsUpload() []int {
	return []int{SetCustomerService, SetBasicInfo, 1, 3, 8, 9, 11, 31, 59, 61, 62, 100}
}

// PermissionSets returns the sets of which a platform needs one to make the call
// named api, the one to ask for first; nil = none. The page of getillegalrecords
// notes 18 beside 76; 18 is exclusive and keeps merchants from publishing, so it
// is not asked for (complaint §8.5, open platform §0).
func PermissionSets(api string) []int {
	switch api {
	case APIComplaintDetail, APIRespond, APISupplyProof, APISubmitRefundProof, APIAppeal, APIIllegalRecords:
		return []int{SetComplaints}
	case APIPenaltyList:
		return []int{SetGuarantee}
	case APIGuaranteeStatus:
		return []int{SetGuarantee, SetBasicInfo}
	case APIUploadTempMedia:
		return slices.Clone(SetsUpload())
	case APISendCustomText:
		return []int{SetCustomerService}
	}
	return nil
}
