package wechatsim

import (
	"encoding/json"
	"slices"
	"time"
)

// The platform's own calls, reference/wechat-open-platform.md §1.3–1.6.

const (
	ticketLife   = 12 * time.Hour
	maxListCount = 500
)

// startPushTicket restarts the ticket push and says whether it had stopped.
func (s *Sim) startPushTicket(c *call) (fields, *apiError) {
	m, aerr := object(c.body)
	if aerr != nil {
		return nil, aerr
	}
	if aerr := s.checkComponent(m, "component_secret"); aerr != nil {
		return nil, aerr
	}
	if !s.settings.TicketsStopped {
		return fields{"errcode": 0, "errmsg": "in a normal state"}, nil
	}
	s.settings.TicketsStopped = false
	s.nextTicket = time.Time{}
	s.poke()
	return okay(), nil
}

// checkComponent checks component_appid and, when secretField is not empty, the secret under that name.
func (s *Sim) checkComponent(m map[string]json.RawMessage, secretField string) *apiError {
	if _, ok := m["component_appid"]; !ok {
		return refuse(41018)
	}
	id, aerr := textField(m, "component_appid")
	if aerr != nil {
		return aerr
	}
	if id != s.cfg.ComponentAppID {
		return refuse(40013)
	}
	if secretField == "" {
		return nil
	}
	if _, ok := m[secretField]; !ok {
		return refuse(41004)
	}
	secret, aerr := textField(m, secretField)
	if aerr != nil {
		return aerr
	}
	if secret != s.cfg.ComponentSecret {
		return refuse(40125)
	}
	return nil
}

func (s *Sim) componentAccessToken(c *call) (fields, *apiError) {
	m, aerr := object(c.body)
	if aerr != nil {
		return nil, aerr
	}
	if aerr := s.checkComponent(m, "component_appsecret"); aerr != nil {
		return nil, aerr
	}
	ticket, aerr := textField(m, "component_verify_ticket")
	if aerr != nil {
		return nil, aerr
	}
	born, ok := s.tickets[ticket]
	switch {
	case !ok:
		return nil, refuse(61006)
	case c.now.Sub(born) >= ticketLife:
		return nil, refuse(61005)
	}
	if s.settings.ComponentTokenReplacesOld {
		s.dropTokens(componentToken, s.cfg.ComponentAppID)
	}
	return fields{
		"component_access_token": s.issueToken(componentToken, s.cfg.ComponentAppID, false),
		"expires_in":             s.settings.TokenSeconds,
	}, nil
}

func (s *Sim) createPreAuthCode(c *call) (fields, *apiError) {
	m, aerr := object(c.body)
	if aerr != nil {
		return nil, aerr
	}
	if aerr := s.checkComponent(m, ""); aerr != nil {
		return nil, aerr
	}
	return fields{"pre_auth_code": s.newPreAuthCode(), "expires_in": s.settings.PreAuthCodeSeconds}, nil
}

func (s *Sim) newPreAuthCode() string {
	code := "preauthcode@@@" + s.random.text(60)
	s.preAuthCodes[code] = s.now().Add(time.Duration(s.settings.PreAuthCodeSeconds) * time.Second)
	return code
}

func (s *Sim) queryAuth(c *call) (fields, *apiError) {
	m, aerr := object(c.body)
	if aerr != nil {
		return nil, aerr
	}
	if aerr := s.checkComponent(m, ""); aerr != nil {
		return nil, aerr
	}
	raw, aerr := textField(m, "authorization_code")
	if aerr != nil {
		return nil, aerr
	}
	code, ok := s.authCodes[raw]
	switch {
	case !ok, code.used && !s.settings.AuthCodeReusable:
		return nil, refuse(61009)
	case !c.now.Before(code.expires):
		return nil, refuse(61010)
	}
	a := s.accounts[code.appid]
	if !a.authorized {
		return nil, refuse(61009)
	}
	code.used = true
	return fields{"authorization_info": fields{
		"authorizer_appid":         a.AppID,
		"authorizer_access_token":  s.issueToken(accountToken, a.AppID, false),
		"expires_in":               s.settings.TokenSeconds,
		"authorizer_refresh_token": a.refresh,
		"func_info":                funcInfo(a.sets),
	}}, nil
}

// funcInfo carries confirm_info on exclusive sets, as live answers do.
func funcInfo(sets []int) []fields {
	out := []fields{}
	for _, id := range sets {
		f := fields{"funcscope_category": fields{"id": id}}
		if slices.Contains([]int{18, 25, 30, 76}, id) {
			f["confirm_info"] = fields{"need_confirm": 0, "already_confirm": 0, "can_confirm": 0}
		}
		out = append(out, f)
	}
	return out
}

// authorizerOf reads authorizer_appid; a program that granted nothing gives 61003.
func (s *Sim) authorizerOf(m map[string]json.RawMessage) (*account, *apiError) {
	if aerr := s.checkComponent(m, ""); aerr != nil {
		return nil, aerr
	}
	id, aerr := textField(m, "authorizer_appid")
	if aerr != nil {
		return nil, aerr
	}
	a := s.accounts[id]
	if a == nil {
		return nil, refuse(40013)
	}
	if !a.authorized {
		return nil, refuse(61003)
	}
	return a, nil
}

func (s *Sim) authorizerToken(c *call) (fields, *apiError) {
	m, aerr := object(c.body)
	if aerr != nil {
		return nil, aerr
	}
	a, aerr := s.authorizerOf(m)
	if aerr != nil {
		return nil, aerr
	}
	refresh, aerr := textField(m, "authorizer_refresh_token")
	if aerr != nil {
		return nil, refuse(61023)
	}
	grace := refresh == a.oldRefresh && c.now.Before(a.oldUntil)
	if refresh != a.refresh && !grace {
		return nil, refuse(61023)
	}
	if s.settings.RotateRefreshTokens {
		if !grace {
			a.oldRefresh, a.oldUntil = a.refresh, c.now.Add(accessTokenGrace)
			a.refresh = s.newRefreshToken()
		}
	}
	s.shortenTokens(accountToken, a.AppID, false, accessTokenGrace)
	return fields{
		"authorizer_access_token":  s.issueToken(accountToken, a.AppID, false),
		"expires_in":               s.settings.TokenSeconds,
		"authorizer_refresh_token": a.refresh,
	}, nil
}

func (s *Sim) authorizerInfo(c *call) (fields, *apiError) {
	m, aerr := object(c.body)
	if aerr != nil {
		return nil, aerr
	}
	a, aerr := s.authorizerOf(m)
	if aerr != nil {
		return nil, aerr
	}
	info := fields{
		"nick_name": a.NickName, "head_img": a.HeadImg, "user_name": a.UserName, "alias": "",
		"qrcode_url": s.publicURL() + "/cdn/qrcode/" + a.AppID, "principal_name": a.PrincipalName, "signature": "",
		"service_type_info": fields{"id": 0}, "verify_type_info": fields{"id": 0},
		"business_info": fields{"open_pay": 1, "open_shake": 0, "open_scan": 0, "open_card": 0, "open_store": 0},
		"idc":           1, "register_type": 0, "account_status": 1,
		"basic_config": fields{"is_phone_configured": true, "is_email_configured": true},
	}
	if !a.official {
		info["MiniProgramInfo"] = fields{
			"network": fields{
				"RequestDomain": []string{}, "WsRequestDomain": []string{}, "UploadDomain": []string{},
				"DownloadDomain": []string{}, "BizDomain": []string{}, "UDPDomain": []string{}, "TCPDomain": []string{},
			},
			"categories": []fields{{"first": "商家自营", "second": "百货"}}, "visit_status": 0,
		}
	}
	return fields{
		"authorizer_info": info,
		"authorization_info": fields{
			"authorizer_appid": a.AppID, "authorizer_refresh_token": a.refresh, "func_info": funcInfo(a.sets),
		},
	}, nil
}

func (s *Sim) authorizerList(c *call) (fields, *apiError) {
	m, aerr := object(c.body)
	if aerr != nil {
		return nil, aerr
	}
	if aerr := s.checkComponent(m, ""); aerr != nil {
		return nil, aerr
	}
	offset, aerr := intField(m, "offset")
	if aerr != nil {
		return nil, aerr
	}
	count, aerr := intField(m, "count")
	switch {
	case aerr != nil:
		return nil, aerr
	case count > maxListCount:
		return nil, refuse(40170)
	case offset < 0 || count <= 0:
		return nil, refusef(47001, "data format error hint: [offset or count]")
	}
	all := []fields{}
	for _, id := range s.order {
		a := s.accounts[id]
		listed := a.authorized && !a.test || a.test && s.settings.TestAccountsInList
		if !listed {
			continue
		}
		refresh := a.refresh
		if s.settings.EmptyRefreshInList {
			refresh = ""
		}
		all = append(all, fields{"authorizer_appid": a.AppID, "refresh_token": refresh, "auth_time": a.authorizedAt.Unix()})
	}
	page := all[min(offset, len(all)):]
	return fields{"total_count": len(all), "list": page[:min(count, len(page))]}, nil
}
