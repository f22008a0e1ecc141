package wechatsim

import "net/http"

// endpoints is every call of api.weixin.qq.com that is played here, with its permission sets.
func endpoints() []endpoint {
	const get, post = http.MethodGet, http.MethodPost
	var (
		complaints = []int{76}
		material   = []int{19, 30}
		customer   = []int{1, 19}
		guarantee  = []int{151}
		badge      = []int{30, 151}
	)
	return []endpoint{
		{"api_start_push_ticket", post, "/cgi-bin/component/api_start_push_ticket", noToken, nil, (*Sim).startPushTicket},
		{"api_component_token", post, "/cgi-bin/component/api_component_token", noToken, nil, (*Sim).componentAccessToken},
		{"api_create_preauthcode", post, "/cgi-bin/component/api_create_preauthcode", componentToken, nil, (*Sim).createPreAuthCode},
		{"api_query_auth", post, "/cgi-bin/component/api_query_auth", componentToken, nil, (*Sim).queryAuth},
		{"api_authorizer_token", post, "/cgi-bin/component/api_authorizer_token", componentToken, nil, (*Sim).authorizerToken},
		{"api_get_authorizer_info", post, "/cgi-bin/component/api_get_authorizer_info", componentToken, nil, (*Sim).authorizerInfo},
		{"api_get_authorizer_list", post, "/cgi-bin/component/api_get_authorizer_list", componentToken, nil, (*Sim).authorizerList},
		{"clear_quota_v2", post, "/cgi-bin/component/clear_quota/v2", noToken, nil, (*Sim).clearQuota},
		{"quota_get", post, "/cgi-bin/openapi/quota/get", eitherToken, nil, (*Sim).quotaGet},
		{"getcallbackip", get, "/cgi-bin/getcallbackip", eitherToken, nil, (*Sim).callbackIPs},
		{"get_api_domain_ip", get, "/cgi-bin/get_api_domain_ip", eitherToken, nil, (*Sim).callbackIPs},
		{"token", get, "/cgi-bin/token", noToken, nil, (*Sim).plainToken},
		{"stable_token", post, "/cgi-bin/stable_token", noToken, nil, (*Sim).stableToken},
		{"custom_send", post, "/cgi-bin/message/custom/send", accountToken, customer, (*Sim).customSend},
		{"template_send", post, "/cgi-bin/message/template/send", accountToken, nil, (*Sim).templateSend},
		{"get_all_private_template", get, "/cgi-bin/template/get_all_private_template", accountToken, nil, (*Sim).templateList},
		{"qrcode_create", post, "/cgi-bin/qrcode/create", accountToken, nil, (*Sim).qrcodeCreate},
		{"media_upload", post, uploadPath, accountToken, material, (*Sim).upload},
		{"complaintOrderDetail", get, complaintPrefix + "complaintOrderDetail", accountToken, complaints, (*Sim).detail},
		{"bussiRespondComplaint", post, complaintPrefix + "bussiRespondComplaint", accountToken, complaints, (*Sim).respond},
		{"bussiSupplyProof", post, complaintPrefix + "bussiSupplyProof", accountToken, complaints, (*Sim).supplyProof},
		{"bussiSupplyRefund", post, complaintPrefix + "bussiSupplyRefund", accountToken, complaints, (*Sim).supplyRefund},
		{"busiAppeal", post, complaintPrefix + "busiAppeal", accountToken, complaints, (*Sim).appeal},
		{"get_penalty_list", get, "/wxaapi/wxamptrade/get_penalty_list", accountToken, guarantee, (*Sim).penaltyList},
		{"get_guarantee_status", get, "/wxaapi/wxamptrade/get_guarantee_status", accountToken, badge, (*Sim).guaranteeStatus},
		{"getillegalrecords", post, "/wxa/getillegalrecords", accountToken, complaints, (*Sim).illegalRecords},
	}
}

// Handler is api.weixin.qq.com, mp.weixin.qq.com and open.weixin.qq.com, the control API and the phone page in one.
func (s *Sim) Handler() http.Handler {
	mux := http.NewServeMux()
	eps := endpoints()
	for i := range eps {
		mux.HandleFunc(eps[i].path, s.serveAPI(&eps[i]))
	}

	mux.HandleFunc("/cgi-bin/componentloginpage", s.authPage(false))
	mux.HandleFunc("/wxaopen/safe/bindcomponent", s.authPage(true))
	mux.HandleFunc("/safe/bindcomponent", s.authPage(true))
	mux.HandleFunc("GET "+cdnPrefix+"{name}", s.serveCDN)
	mux.HandleFunc("GET /{$}", s.phonePage)
	mux.HandleFunc("POST /{$}", s.sendSMS) // sms.tencentcloudapi.com

	s.robotRoutes(mux)
	s.pay.Register(mux) // api.mch.weixin.qq.com, and the controls about money

	mux.HandleFunc("GET /control/offiaccount", s.controlOffi)
	mux.HandleFunc("POST /control/offiaccount", s.controlSetOffi)
	mux.HandleFunc("POST /control/offiaccount/scan", s.controlScan)
	mux.HandleFunc("POST /control/offiaccount/unfollow", s.controlUnfollow)
	mux.HandleFunc("GET /control/sms", s.controlSMS)
	mux.HandleFunc("POST /control/sms", s.controlSetSMS)

	mux.HandleFunc("GET /control/complaints", s.controlComplaints)
	mux.HandleFunc("POST /control/complaints", s.controlFile)
	mux.HandleFunc("GET /control/complaints/{id}", s.controlComplaint)
	mux.HandleFunc("POST /control/complaints/{id}/advance", s.controlAdvance)
	mux.HandleFunc("POST /control/complaints/{id}/set", s.controlSetComplaint)
	mux.HandleFunc("GET /control/outbox", s.controlOutbox)
	mux.HandleFunc("DELETE /control/outbox", s.controlClearOutbox)
	mux.HandleFunc("GET /control/faults", s.controlFaults)
	mux.HandleFunc("POST /control/faults", s.controlAddFault)
	mux.HandleFunc("DELETE /control/faults", s.controlClearFaults)
	mux.HandleFunc("GET /control/clock", s.controlClock)
	mux.HandleFunc("POST /control/clock", s.controlAdvanceClock)

	mux.HandleFunc("GET /control/programs", s.controlPrograms)
	mux.HandleFunc("POST /control/programs", s.controlAddProgram)
	mux.HandleFunc("POST /control/programs/{appid}/push", s.controlProgramPush)
	mux.HandleFunc("POST /control/programs/{appid}/secret", s.controlProgramSecret)
	mux.HandleFunc("POST /control/authorize", s.controlAuthorize)
	mux.HandleFunc("POST /control/unauthorize", s.controlUnauthorize)
	mux.HandleFunc("POST /control/standing", s.controlStanding)
	mux.HandleFunc("POST /control/penalties", s.controlDeduct)
	mux.HandleFunc("GET /control/settings", s.controlSettings)
	mux.HandleFunc("POST /control/settings", s.controlSetSettings)
	mux.HandleFunc("POST /control/variants", s.controlVariants)
	mux.HandleFunc("POST /control/endpoints", s.controlEndpoints)
	mux.HandleFunc("POST /control/keys", s.controlKeys)
	mux.HandleFunc("POST /control/ticket", s.controlTicket)
	mux.HandleFunc("POST /control/tokens/invalidate", s.controlInvalidate)
	mux.HandleFunc("GET /control/calls", s.controlCalls)
	mux.HandleFunc("GET /control/pushes", s.controlPushes)
	mux.HandleFunc("POST /control/pushes/hold", s.controlHold)
	mux.HandleFunc("POST /control/pushes/release", s.controlRelease)
	mux.HandleFunc("POST /control/push", s.controlPush)
	mux.HandleFunc("POST /control/release-check", s.controlReleaseCheck)
	mux.HandleFunc("/control/", func(w http.ResponseWriter, _ *http.Request) {
		writeJSON(w, http.StatusNotFound, map[string]string{"error": "no such control"})
	})
	return mux
}
