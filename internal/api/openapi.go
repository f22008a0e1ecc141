package api

import (
	_ "embed"
	"net/http"
)

//go:embed docs.html
var docsPage []byte

func (a *API) openapiDocument(w http.ResponseWriter, r *http.Request) {
	b, err := a.huma.OpenAPI().MarshalJSON()
	if err != nil {
		a.Logger.ErrorContext(r.Context(), "encode openapi", "err", err)
		http.Error(w, "internal", http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	_, _ = w.Write(b)
}

// docs is a small page of our own: the usual viewers load scripts from elsewhere, which a self-hosted product must not.
func (a *API) docs(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; connect-src 'self'")
	_, _ = w.Write(docsPage)
}
