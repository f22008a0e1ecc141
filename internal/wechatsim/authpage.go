package wechatsim

import (
	"embed"
	"fmt"
	"html/template"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

//go:embed page/*.html
var pageFiles embed.FS

var pages = template.Must(template.ParseFS(pageFiles, "page/*.html"))

// authQuery is what the product put into the link to the authorisation page.
type authQuery struct {
	componentAppID, preAuthCode, redirectURI, bizAppID string
	authType                                           int
	categories                                         []int
}

// setNames are the sets the reference names (reference/wechat-open-platform.md §6).
var setNames = map[int]string{
	1: "消息管理", 18: "小程序开发与数据分析", 19: "小程序客服管理", 25: "开放平台账号管理", 30: "小程序基本信息管理",
	76: "小程序违规与交易投诉管理", 119: "小程序支付管理服务", 142: "小程序发货管理服务", 151: "小程序交易保障",
	161: "微信客服管理", 182: "小程序订单管理",
}

const refererTrouble = "请确认授权入口页所在域名，与授权后回调页所在域名相同，并且，此两者都必须与申请第三方平台时填写的授权发起页域名相同。"

// authPage serves both faces, PC and phone, of the page where an admin agrees (reference/wechat-open-platform.md §2).
func (s *Sim) authPage(phone bool) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		switch r.Method {
		case http.MethodGet:
			s.showAuthPage(w, r, phone)
		case http.MethodPost:
			s.confirmAuthPage(w, r)
		default:
			w.Header().Set("Allow", "GET, POST")
			http.Error(w, "405 Method Not Allowed", http.StatusMethodNotAllowed)
		}
	}
}

type pageProgram struct {
	AppID, NickName, PrincipalName, Initial string
	Authorized                              bool
	Sets                                    []pageSet
}

type pageSet struct {
	ID      int
	Name    string
	Checked bool
}

func (s *Sim) showAuthPage(w http.ResponseWriter, r *http.Request, phone bool) {
	s.learnBase(r)
	q, trouble := s.readAuthQuery(r.URL.Query(), phone)
	if trouble == "" {
		trouble = s.refererTrouble(r)
	}
	if trouble != "" {
		s.errorPage(w, trouble)
		return
	}
	s.mu.Lock()
	trouble = s.preAuthCodeTrouble(q.preAuthCode)
	var list []pageProgram
	if slices.Contains([]int{2, 3, 6}, q.authType) {
		for _, a := range s.programs() {
			if q.bizAppID == "" || q.bizAppID == a.AppID {
				list = append(list, s.pageProgram(a, q))
			}
		}
	}
	s.mu.Unlock()
	if trouble != "" {
		s.errorPage(w, trouble)
		return
	}
	s.render(w, http.StatusOK, "authorize.html", map[string]any{
		"Phone": phone, "Programs": list, "Component": q.componentAppID, "PreAuth": q.preAuthCode,
		"Redirect": q.redirectURI, "AuthType": q.authType, "Biz": q.bizAppID, "Categories": r.URL.Query().Get("category_id_list"),
	})
}

func (s *Sim) pageProgram(a *account, q authQuery) pageProgram {
	p := pageProgram{AppID: a.AppID, NickName: a.NickName, PrincipalName: a.PrincipalName, Authorized: a.authorized}
	for _, r := range a.NickName {
		p.Initial = string(r)
		break
	}
	for _, id := range s.offeredSets(a, q) {
		name := setNames[id]
		if name == "" {
			name = "权限集"
		}
		p.Sets = append(p.Sets, pageSet{ID: id, Name: name, Checked: slices.Contains(a.FuncIDs, id)})
	}
	return p
}

func (s *Sim) confirmAuthPage(w http.ResponseWriter, r *http.Request) {
	r.Body = http.MaxBytesReader(w, r.Body, maxJSONBody)
	if err := r.ParseForm(); err != nil {
		s.errorPage(w, "请求无法识别")
		return
	}
	q, trouble := s.readAuthQuery(r.PostForm, false)
	if trouble != "" {
		s.errorPage(w, trouble)
		return
	}
	appid := r.PostForm.Get("appid")
	var sets []int
	for _, raw := range r.PostForm["sets."+appid] {
		id, err := strconv.Atoi(raw)
		if err != nil {
			s.errorPage(w, "权限集无法识别")
			return
		}
		sets = append(sets, id)
	}
	code, life, trouble := s.agree(r.Context(), q, appid, sets)
	if trouble != "" {
		s.errorPage(w, trouble)
		return
	}
	if !s.Settings().AuthorizeRedirect {
		s.render(w, http.StatusOK, "notice.html", map[string]any{"Good": true, "Title": "授权成功", "Text": "可以关闭此页面。"})
		return
	}
	http.Redirect(w, r, withCode(q.redirectURI, code, life), http.StatusFound)
}

// withCode appends auth_code and expires_in and keeps what redirect_uri already carries.
func withCode(redirect, code string, life int) string {
	u, err := url.Parse(redirect)
	if err != nil {
		return redirect
	}
	v := u.Query()
	v.Set("auth_code", code)
	v.Set("expires_in", strconv.Itoa(life))
	u.RawQuery = v.Encode()
	return u.String()
}

// readAuthQuery checks the parameters of the link; the second result is the sentence for the error page.
func (s *Sim) readAuthQuery(v url.Values, phone bool) (authQuery, string) {
	q := authQuery{
		componentAppID: v.Get("component_appid"), preAuthCode: v.Get("pre_auth_code"),
		redirectURI: v.Get("redirect_uri"), bizAppID: v.Get("biz_appid"),
	}
	s.mu.Lock()
	component, domain := s.cfg.ComponentAppID, s.cfg.AuthDomain
	known := q.bizAppID == "" || s.accounts[q.bizAppID] != nil
	s.mu.Unlock()
	if phone && v.Get("action") != "bindcomponent" {
		return q, "缺少参数 action=bindcomponent"
	}
	if q.componentAppID != component {
		return q, "component_appid 无效"
	}
	u, err := url.Parse(q.redirectURI)
	switch {
	case q.redirectURI == "":
		return q, "缺少参数 redirect_uri"
	case err != nil || (u.Scheme != "http" && u.Scheme != "https"):
		return q, "redirect_uri 无法识别"
	case u.Host != domain:
		return q, fmt.Sprintf("%s授权回调页所在域名：%s，授权发起页域名：%s", refererTrouble, orEmpty(u.Host), domain)
	}
	q.authType, err = strconv.Atoi(v.Get("auth_type"))
	if err != nil || !slices.Contains([]int{1, 2, 3, 4, 5, 6, 8}, q.authType) {
		return q, "auth_type 无效"
	}
	if !known {
		return q, "biz_appid 无效"
	}
	for raw := range strings.SplitSeq(v.Get("category_id_list"), "|") {
		if raw == "" {
			continue
		}
		id, err := strconv.Atoi(raw)
		if err != nil {
			return q, "category_id_list 无效"
		}
		q.categories = append(q.categories, id)
	}
	return q, ""
}

// refererTrouble: the page must be opened from a page on the AuthDomain.
func (s *Sim) refererTrouble(r *http.Request) string {
	s.mu.Lock()
	check, domain := s.settings.RefererCheck, s.cfg.AuthDomain
	s.mu.Unlock()
	if !check {
		return ""
	}
	host := ""
	if u, err := url.Parse(r.Referer()); err == nil {
		host = u.Host
	}
	if host == domain {
		return ""
	}
	return fmt.Sprintf("%s授权入口页所在域名：%s，授权发起页域名：%s", refererTrouble, orEmpty(host), domain)
}

func orEmpty(host string) string {
	if host == "" {
		return "空"
	}
	return host
}

func (s *Sim) errorPage(w http.ResponseWriter, text string) {
	s.render(w, http.StatusBadRequest, "notice.html", map[string]any{"Good": false, "Title": "无法授权", "Text": text})
}

func (s *Sim) render(w http.ResponseWriter, status int, name string, data any) {
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	if err := pages.ExecuteTemplate(w, name, data); err != nil {
		s.cfg.Logger.Error("render a page", "page", name, "error", err)
	}
}
