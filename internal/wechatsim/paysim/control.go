package paysim

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
)

// The part of the simulator's control API that is about money.
func (h *Host) registerControl(mux *http.ServeMux) {
	mux.HandleFunc("GET /control/merchants", func(w http.ResponseWriter, _ *http.Request) {
		reply(w, map[string]any{"merchants": h.Merchants()}, nil)
	})
	mux.HandleFunc("POST /control/merchants", control(h.AddMerchant))
	mux.HandleFunc("POST /control/merchants/{mchid}", func(w http.ResponseWriter, r *http.Request) {
		control(func(in struct {
			Balance *int64 `json:"balance"`
		},
		) (map[string]any, error) {
			return map[string]any{}, h.SetBalance(r.PathValue("mchid"), in.Balance)
		})(w, r)
	})
	mux.HandleFunc("POST /control/orders", control(func(o Order) (map[string]any, error) { return map[string]any{}, h.PutOrder(o) }))
	mux.HandleFunc("POST /control/pay", control(func(s Settings) (map[string]any, error) { return map[string]any{}, h.Set(s) }))
	mux.HandleFunc("GET /control/refunds", func(w http.ResponseWriter, _ *http.Request) { reply(w, h.Ledger(), nil) })
	mux.HandleFunc("POST /control/refunds", control(func(in struct {
		TransactionID string `json:"transaction_id"`
		Amount        int64  `json:"amount"`
	},
	) (map[string]any, error) {
		return map[string]any{}, h.RefundByHand(in.TransactionID, in.Amount)
	}))
}

// control reads the body strictly, does it, and answers.
func control[I, O any](do func(I) (O, error)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		var in I
		dec := json.NewDecoder(http.MaxBytesReader(w, r.Body, maxBody))
		dec.DisallowUnknownFields()
		if err := dec.Decode(&in); err != nil && !errors.Is(err, io.EOF) {
			reply(w, nil, fmt.Errorf("read the body: %w: %w", ErrInvalid, err))
			return
		}
		out, err := do(in)
		reply(w, out, err)
	}
}

func reply(w http.ResponseWriter, v any, err error) {
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	switch {
	case errors.Is(err, ErrNotFound):
		w.WriteHeader(http.StatusNotFound)
	case err != nil:
		w.WriteHeader(http.StatusBadRequest)
	}
	if err != nil {
		v = map[string]string{"error": err.Error()}
	}
	_, _ = w.Write(encode(v)) // the caller has gone; nobody is left to tell
}
