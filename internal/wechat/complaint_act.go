package wechat

import (
	"context"
	"net/http"
	"strconv"
)

// Decisions of Respond (bussiHandle, complaint §4.2).
const (
	HandleAgree  = 1 // 同意和解
	HandleRefuse = 2 // 拒绝和解
)

// Proof is a text, images, or both. One of the two must be there; neither the
// length of the text nor the number of images is documented (complaint §6.1,
// §12).
type Proof struct {
	ComplaintOrderID string
	Content          string
	// MediaIDs come from UploadTempMedia and live 3 days.
	MediaIDs []string
}

// RefundProof is a Proof for SubmitRefundProof. AcceptReturn and ReturnID belong
// to the return situation only and are left out when nil or "".
type RefundProof struct {
	Proof
	// AcceptReturn: "received the returned goods?"; its values are not documented,
	// 1 was seen (complaint §6.1).
	AcceptReturn *int
	// ReturnID is the one of Detail.ReturnBill.
	ReturnID string
}

// actBody is the body of the four acting calls. Absent parts are not sent.
type actBody struct {
	ID           any      `json:"complaintOrderId"`
	Handle       int      `json:"bussiHandle,omitempty"`
	Content      string   `json:"content,omitempty"`
	Media        []string `json:"mediaIdList,omitempty"`
	AcceptReturn *int     `json:"acceptReturn,omitempty"`
	ReturnID     any      `json:"returnId,omitempty"`
}

// Respond answers a complaint in status 201: handle is HandleAgree or
// HandleRefuse. Acting: never repeat an Unknown outcome before reading back.
//
// Page: api_respondcomplaint (complaint §6, read 2026-11-23); token of the
// program; set SetComplaints. Limit: none stated. Codes: 1 (no such complaint),
// 309 (wrong status, somebody was faster or the time is over), 10001 Never; -1
// Unknown; 40001 NewToken; 61007 NoPermission.
func (c *Client) Respond(ctx context.Context, token string, handle int, p Proof) error {
	k := actCall(APIRespond, token, p, CodeNoSuchComplaint, CodeWrongStatus, CodeBadParameter)
	if handle != HandleAgree && handle != HandleRefuse {
		return k.argument("bussiHandle is neither 1 nor 2")
	}
	body := p.body()
	body.Handle = handle
	return c.act(ctx, k, p, body)
}

// SupplyProof supplies evidence in status 106 or 108 (our reading of the flow,
// complaint §3). Acting: never repeat an Unknown outcome before reading back.
//
// Page: api_supplyproof (complaint §6, read 2026-11-23); token of the program; set
// SetComplaints. Limit: none stated. Codes: 1, 309, 10001 Never; -1 Unknown;
// 40001 NewToken; 61007 NoPermission.
func (c *Client) SupplyProof(ctx context.Context, token string, p Proof) error {
	k := actCall(APISupplyProof, token, p, CodeNoSuchComplaint, CodeWrongStatus, CodeBadParameter)
	return c.act(ctx, k, p, p.body())
}

// SubmitRefundProof proves that a ruling was carried out, in status 206, or in a
// return (309) with AcceptReturn and ReturnID (our reading, complaint §3).
// Acting: never repeat an Unknown outcome before reading back.
//
// Page: api_submitrefund (complaint §6, read 2026-11-23); token of the program;
// set SetComplaints. Limit: none stated. Codes: 1, 309, 10001 Never; -1 Unknown;
// 40001 NewToken; 61007 NoPermission.
func (c *Client) SubmitRefundProof(ctx context.Context, token string, p RefundProof) error {
	k := actCall(APISubmitRefundProof, token, p.Proof, CodeNoSuchComplaint, CodeWrongStatus, CodeBadParameter)
	body := p.body()
	body.AcceptReturn = p.AcceptReturn
	if p.ReturnID != "" {
		body.ReturnID = numeric(p.ReturnID)
	}
	return c.act(ctx, k, p.Proof, body)
}

// Appeal appeals against a ruling while the appeal state is 401. Acting: never
// repeat an Unknown outcome before reading back.
//
// Page: api_busiappeal (complaint §6, read 2026-11-23); token of the program; set
// SetComplaints. Limit: within 72 h as of 2024-01. Codes: 1, 2 (content or
// mediaIdList malformed), 1002 (not allowed now, also after the time), 10001
// Never; -1 Unknown; 61007 NoPermission.
func (c *Client) Appeal(ctx context.Context, token string, p Proof) error {
	k := actCall(APIAppeal, token, p, CodeNoSuchComplaint, CodeBadEvidence, CodeAppealNotAllowed, CodeBadParameter)
	return c.act(ctx, k, p, p.body())
}

// actCall describes an acting complaint call whose own codes all mean Never.
func actCall(api, token string, p Proof, codes ...int) *call {
	return &call{
		api: api, method: http.MethodPost, path: "/wxaapi/minishop/" + api, tokenParam: "access_token", token: token,
		acting: true, plain: true, codes: never(codes...), hide: []string{p.Content},
	}
}

func (p Proof) body() actBody {
	return actBody{ID: numeric(p.ComplaintOrderID), Content: p.Content, Media: p.MediaIDs}
}

func (c *Client) act(ctx context.Context, k *call, p Proof, body actBody) error {
	if p.ComplaintOrderID == "" {
		return k.argument("the complaint id is empty")
	}
	if p.Content == "" && len(p.MediaIDs) == 0 {
		return k.argument("content and mediaIdList are both empty")
	}
	k.body = body
	_, err := c.do(ctx, k)
	return err
}

// numeric sends an id as a JSON number, which is the documented type, if that
// loses nothing; text is tolerated by WeChat (complaint §6.1).
func numeric(id string) any {
	n, err := strconv.ParseInt(id, 10, 64)
	if err != nil || n < 0 || n > 1<<53 || strconv.FormatInt(n, 10) != id {
		return id
	}
	return n
}
