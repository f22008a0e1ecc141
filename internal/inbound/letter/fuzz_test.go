package letter

import (
	"net/url"
	"testing"

	"github.com/zhisu/zhisu/internal/secret"
	"github.com/zhisu/zhisu/internal/wechat/msgcrypt"
	"github.com/zhisu/zhisu/internal/wechat/push"
)

func FuzzOpen(f *testing.F) {
	const token = "ownToken1"
	for _, message := range []string{
		"<xml><ToUserName>gh_shop1</ToUserName><MsgType>event</MsgType><Event>complaint_callback</Event><complaint_order_id>11897048</complaint_order_id></xml>",
		`{"ToUserName":"gh_shop1","MsgType":"event","Event":"complaint_callback","complaint_order_id":"11897048","history":{"content":"坏了","media_id_list":[]}}`,
	} {
		f.Add(message, int(push.FormatAuto), string(Safe))
		f.Add(`{"ToUserName":"gh","Encrypt":"`+message+`"}`, int(push.FormatJSON), string(Compat))
		f.Add("<xml><Encrypt>AAAA</Encrypt></xml>", int(push.FormatXML), string(Plain))
	}
	f.Fuzz(func(t *testing.T, body string, format int, mode string) {
		terms := Terms{
			Secrets: Secrets{
				AppID: "wx0a9d3be1724f6c58", Tokens: []secret.Text{secret.New(token)},
				Keys: []secret.Text{secret.New("abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG")},
			},
			Mode: Mode(mode), Format: push.Format(format),
		}
		// Signed with the 3-value signature only, which everybody who saw one push can repeat: nothing but a plain push in plain mode may pass.
		q := url.Values{"timestamp": {"1"}, "nonce": {"n"}, "signature": {msgcrypt.Sign(token, "1", "n")}}
		plain, err := terms.Open(q, []byte(body))
		if err == nil && (terms.Mode != Plain || string(plain) != body) {
			t.Errorf("mode %q took %q", mode, body)
		}
	})
}
