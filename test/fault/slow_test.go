package fault

import (
	"bytes"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"strings"
	"time"
)

// slowly makes WeChat, or WeChat Pay, take its time before and after a call under path has its effect, so that a kill hits every moment of it.
func slowly(path string, most time.Duration) func(http.Handler) http.Handler {
	return func(sim http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if !strings.HasPrefix(r.URL.Path, path) {
				sim.ServeHTTP(w, r)
				return
			}
			body, err := io.ReadAll(r.Body)
			if err != nil {
				return
			}
			r.Body = io.NopCloser(bytes.NewReader(body))
			pause(r.Context(), rand.N(most))
			if r.Context().Err() != nil && rand.IntN(2) == 0 {
				return // the caller died and its call was lost; else it comes late
			}
			rec := httptest.NewRecorder()
			sim.ServeHTTP(rec, r)
			pause(r.Context(), rand.N(most))
			for k, v := range rec.Header() {
				w.Header()[k] = v
			}
			w.WriteHeader(rec.Code)
			_, _ = w.Write(rec.Body.Bytes()) // the caller may be dead: that is the point
		})
	}
}
