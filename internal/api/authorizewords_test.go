package api

import (
	"net/http/httptest"
	"reflect"
	"testing"
)

func TestThePagesOfTheAuthorisationSpeakTheBrowsersLanguage(t *testing.T) {
	t.Parallel()
	for accept, lang := range map[string]string{
		"":                        "zh-CN", // curl, link previews
		"zh-CN,zh;q=0.9,en;q=0.8": "zh-CN",
		"en-US,en;q=0.9,zh;q=0.8": "en",
		"EN":                      "en",
		"de-DE, en;q=0.5":         "en",
		"fr":                      "zh-CN",
	} {
		r := httptest.NewRequest("GET", "/authorize/x", nil)
		r.Header.Set("Accept-Language", accept)
		if got := authorizeIn(r).Lang; got != lang {
			t.Errorf("Accept-Language %q: %s, want %s", accept, got, lang)
		}
	}
}

func TestBothLanguagesOfTheAuthorisationSayEverything(t *testing.T) {
	t.Parallel()
	for _, w := range []authorizeWords{authorizeChinese, authorizeEnglish} {
		v := reflect.ValueOf(w)
		for i := range v.NumField() {
			if f := v.Type().Field(i); f.IsExported() && v.Field(i).String() == "" {
				t.Errorf("%s: %s is empty", w.Lang, f.Name)
			}
		}
	}
}
