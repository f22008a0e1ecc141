package wechat

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
)

// AuthorizerInfo describes an authorised account. It prints without its token.
type AuthorizerInfo struct {
	AppID         string
	NickName      string
	HeadImg       string // URL
	UserName      string // original id, gh_…
	Alias         string
	QRCodeURL     string
	PrincipalName string
	Signature     string // the mini program's introduction
	// ServiceType, VerifyType, RegisterType, AccountStatus: WeChat's numbers, open
	// platform §1.6. VerifyType is -1 (none) when absent, the others 0.
	ServiceType   int
	VerifyType    int
	RegisterType  int
	AccountStatus int
	// IsMiniProgram: MiniProgramInfo is present.
	IsMiniProgram bool
	Categories    []Category
	// RefreshToken may be empty.
	RefreshToken string `json:"-"`
	// Sets are the permission sets granted; nil = WeChat did not tell.
	Sets []int
}

// Format hides the token from every fmt verb.
func (i AuthorizerInfo) Format(f fmt.State, _ rune) {
	hidden(f, "authorizer %s, sets %v", i.AppID, i.Sets)
}

// Category is a service category of a mini program.
type Category struct{ First, Second string }

// AuthorizerInfo reads name, avatar, principal and granted permission sets of an
// authorised account. authorization_info is optional in practice: without it
// AppID is the one asked for, Sets is nil and RefreshToken is "".
//
// Page: api_get_authorizer_info (open platform §1.3, §1.6, read 2026-11-23);
// component token, no permission set. Limit: none stated. Codes: 61003 Revoked.
func (c *Client) AuthorizerInfo(ctx context.Context, componentToken, componentAppID, appID string) (AuthorizerInfo, error) {
	k := componentCall(APIAuthorizerInfo, "/cgi-bin/component/api_get_authorizer_info", componentToken)
	k.body = struct {
		Component string `json:"component_appid"`
		AppID     string `json:"authorizer_appid"`
	}{componentAppID, appID}
	if componentAppID == "" || appID == "" {
		return AuthorizerInfo{}, k.argument("an appid is empty")
	}
	var out struct {
		Info looseObject[authorizerFields]  `json:"authorizer_info"`
		Auth looseObject[authorizationInfo] `json:"authorization_info"`
	}
	if err := c.get(ctx, k, &out); err != nil {
		return AuthorizerInfo{}, err
	}
	if !out.Info.present {
		return AuthorizerInfo{}, k.badAnswer("authorizer_info")
	}
	info := out.Info.value.info()
	info.AppID, info.RefreshToken, info.Sets = appID, string(out.Auth.value.RefreshToken), out.Auth.value.sets()
	return info, nil
}

// idOf is WeChat's {"id": N}.
type idOf = looseObject[struct {
	ID looseInt `json:"id"`
}]

type authorizerFields struct {
	NickName      looseText `json:"nick_name"`
	HeadImg       looseText `json:"head_img"`
	UserName      looseText `json:"user_name"`
	Alias         looseText `json:"alias"`
	QRCodeURL     looseText `json:"qrcode_url"`
	PrincipalName looseText `json:"principal_name"`
	Signature     looseText `json:"signature"`
	ServiceType   idOf      `json:"service_type_info"`
	VerifyType    idOf      `json:"verify_type_info"`
	RegisterType  looseInt  `json:"register_type"`
	AccountStatus looseInt  `json:"account_status"`
	MiniProgram   looseObject[struct {
		Categories looseList[struct {
			First  looseText `json:"first"`
			Second looseText `json:"second"`
		}] `json:"categories"`
	}] `json:"MiniProgramInfo"`
}

func (a authorizerFields) info() AuthorizerInfo {
	info := AuthorizerInfo{
		NickName: string(a.NickName), HeadImg: string(a.HeadImg), UserName: string(a.UserName), Alias: string(a.Alias),
		QRCodeURL: string(a.QRCodeURL), PrincipalName: string(a.PrincipalName), Signature: string(a.Signature),
		ServiceType: a.ServiceType.value.ID.asInt(), VerifyType: -1, RegisterType: a.RegisterType.asInt(),
		AccountStatus: a.AccountStatus.asInt(), IsMiniProgram: a.MiniProgram.present,
	}
	if v := a.VerifyType.value.ID; v.ok {
		info.VerifyType = v.asInt()
	}
	for _, g := range a.MiniProgram.value.Categories {
		info.Categories = append(info.Categories, Category{First: string(g.First), Second: string(g.Second)})
	}
	return info
}

// funcInfo is func_info: the permission sets granted. A missing func_info leaves
// sets nil, an empty one makes it empty.
type funcInfo struct{ sets []int }

// UnmarshalJSON implements json.Unmarshaler.
func (f *funcInfo) UnmarshalJSON(b []byte) error {
	f.sets = nil
	var list looseList[struct {
		Category idOf `json:"funcscope_category"`
	}]
	if len(b) == 0 || (b[0] != '[' && b[0] != '{') || json.Unmarshal(b, &list) != nil {
		return nil
	}
	f.sets = []int{}
	for _, l := range list {
		if id := l.Category.value.ID; id.ok && id.asInt() > 0 && !slices.Contains(f.sets, id.asInt()) {
			f.sets = append(f.sets, id.asInt())
		}
	}
	return nil
}
