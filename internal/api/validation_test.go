package api

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/danielgtaylor/huma/v2"
	"github.com/google/go-cmp/cmp"
)

func TestWhatIsWrongWithARequestIsSaidInChineseAndNamesTheField(t *testing.T) {
	type in struct {
		Limit int `query:"limit" maximum:"200"`
		Body  struct {
			Name   string   `json:"name" minLength:"1" maxLength:"4"`
			Kind   string   `json:"kind,omitempty" enum:"agree,refuse"`
			Amount int64    `json:"amount,omitempty" minimum:"1"`
			Tags   []string `json:"tags,omitempty" maxItems:"1"`
		}
	}
	a := New(Deps{})
	huma.Register(a.huma, huma.Operation{OperationID: "test", Method: http.MethodPost, Path: "/test"}, func(context.Context, *in) (*struct{}, error) { return nil, nil })
	served, ok := a.huma.Adapter().(http.Handler)
	if !ok {
		t.Fatal("the adapter serves nothing")
	}
	for _, c := range []struct {
		name, query, body string
		want              FieldProblem
		detail            string
	}{
		{"missing", "", `{}`, FieldProblem{"body", "缺少 name"}, "缺少 name"},
		{"empty", "", `{"name":""}`, FieldProblem{"name", "至少 1 个字"}, "name 至少 1 个字"},
		{"too long", "", `{"name":"一二三四五"}`, FieldProblem{"name", "最多 4 个字"}, "name 最多 4 个字"},
		{"misspelt", "", `{"name":"a","amout":1}`, FieldProblem{"amout", "没有这个字段"}, "amout 没有这个字段"},
		{"text for a number", "", `{"name":"a","amount":"1"}`, FieldProblem{"amount", "要填整数"}, "amount 要填整数"},
		{"too small", "", `{"name":"a","amount":0}`, FieldProblem{"amount", "不能小于 1"}, "amount 不能小于 1"},
		{"not in the list", "", `{"name":"a","kind":"maybe"}`, FieldProblem{"kind", "只能是 agree, refuse 之一"}, "kind 只能是 agree, refuse 之一"},
		{"too many", "", `{"name":"a","tags":["x","y"]}`, FieldProblem{"tags", "最多 1 项"}, "tags 最多 1 项"},
		{"an item", "", `{"name":"a","tags":[1]}`, FieldProblem{"tags[0]", "要填文字"}, "tags[0] 要填文字"},
		{"a parameter", "?limit=x", `{"name":"a"}`, FieldProblem{"limit", "要填整数"}, "limit 要填整数"},
		{"nothing", "", ``, FieldProblem{"body", "请求内容不能为空"}, "请求内容不能为空"},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/test"+c.query, strings.NewReader(c.body))
			r.Header.Set("Content-Type", "application/json")
			w := httptest.NewRecorder()
			served.ServeHTTP(w, r)
			var p Problem
			if err := json.Unmarshal(w.Body.Bytes(), &p); err != nil {
				t.Fatal(err)
			}
			want := Problem{
				Type: "about:blank", Title: "Unprocessable Entity", Status: 422, Code: CodeValidation,
				Detail: "请求内容不完整或格式不对：" + c.detail, Errors: []FieldProblem{c.want},
			}
			if d := cmp.Diff(want, p, cmp.AllowUnexported(Problem{})); d != "" || w.Code != 422 {
				t.Errorf("answer %d (-want +got):\n%s", w.Code, d)
			}
		})
	}
	for body, want := range map[string]string{`{"name"`: "不是正确的 JSON", `{"name":"a","amount":1e30}`: "数字太大或太小"} {
		r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/test", strings.NewReader(body))
		r.Header.Set("Content-Type", "application/json")
		w := httptest.NewRecorder()
		served.ServeHTTP(w, r)
		if !strings.Contains(w.Body.String(), want) || w.Code != 422 {
			t.Errorf("%s: %d %s", body, w.Code, w.Body)
		}
	}
}
