package wechatsim

import (
	"fmt"
	"slices"
)

// Variants choose between the shapes that documents, samples and captures of real traffic disagree about
// (reference/wechat-complaint-api.md §2.3, §6.3, §12, §13). The zero value is the commonest shape: wrapped XML, item as
// array, openId, totalCost as a bare number.
type Variants struct {
	// Flat leaves BussiCallBackInfo out of the push.
	Flat bool `json:"flat"`
	// WrapJSON puts BussiCallBackInfo into JSON pushes, which are flat otherwise.
	WrapJSON bool `json:"wrap_json"`
	// History: "" all entries, single = the latest only, none.
	History string `json:"history"`
	// NoMaterial leaves customer_material_* out.
	NoMaterial bool `json:"no_material"`
	// MediaList: "" repeats the element per picture, comma joins the links with commas.
	MediaList string `json:"media_list"`
	// NoUnderscore writes payorder@4200… instead of payorder@_4200…
	NoUnderscore bool `json:"no_underscore"`
	// SpacedEvent writes "complaint callback".
	SpacedEvent bool `json:"spaced_event"`
	// Duplicates sends every push so many times more.
	Duplicates int `json:"duplicates"`
	// PushType and PushStatus replace the values, for example 12 and 1, the junk of the official samples.
	PushType   *string `json:"push_type"`
	PushStatus *string `json:"push_status"`
	// PushOmit names elements to leave out.
	PushOmit []string `json:"push_omit"`

	// ItemObject answers item as an object (the latest node) instead of an array.
	ItemObject bool `json:"item_object"`
	// LowerOpenID answers openid instead of openId.
	LowerOpenID bool `json:"lower_openid"`
	// TotalCost: "" number in fen, text = the same as text, str = totalCostStr "￥0.01", currency = totalCost "￥0.01".
	TotalCost string `json:"total_cost"`
	// NumericIDs answers complaintOrderId and returnId as numbers.
	NumericIDs bool `json:"numeric_ids"`
	// StringNumbers answers every number as text.
	StringNumbers bool `json:"string_numbers"`
	// ExpireZero answers expireTime 0.
	ExpireZero bool `json:"expire_zero"`
	// Status and Type replace the values, for example by codes nobody knows.
	Status *int `json:"status"`
	Type   *int `json:"type"`
	// Omit names fields to leave out, of complaintOrder or of the top level.
	Omit []string `json:"omit"`
}

func (v Variants) validate() error {
	switch {
	case !slices.Contains([]string{"", "single", "none"}, v.History):
		return fmt.Errorf("%w: history %q", ErrInvalid, v.History)
	case !slices.Contains([]string{"", "comma"}, v.MediaList):
		return fmt.Errorf("%w: media_list %q", ErrInvalid, v.MediaList)
	case !slices.Contains([]string{"", "text", "str", "currency"}, v.TotalCost):
		return fmt.Errorf("%w: total_cost %q", ErrInvalid, v.TotalCost)
	case v.Duplicates < 0 || v.Duplicates > 100:
		return fmt.Errorf("%w: duplicates %d", ErrInvalid, v.Duplicates)
	}
	return nil
}

// SetVariants chooses shapes for one complaint, else for one program, else (both empty) for all. The narrower choice wins as
// a whole.
func (s *Sim) SetVariants(appid, complaintID string, v Variants) error {
	if err := v.validate(); err != nil {
		return fmt.Errorf("set variants: %w", err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	key := ""
	switch {
	case complaintID != "":
		if s.complaints[complaintID] == nil {
			return fmt.Errorf("set variants: complaint %q: %w", complaintID, ErrNotFound)
		}
		key = "complaint " + complaintID
	case appid != "":
		if s.accounts[appid] == nil {
			return fmt.Errorf("set variants: program %q: %w", appid, ErrNotFound)
		}
		key = "program " + appid
	}
	s.variants[key] = v
	return nil
}

func (s *Sim) variantsOf(c *complaint) Variants {
	if v, ok := s.variants["complaint "+c.id]; ok {
		return v
	}
	if v, ok := s.variants["program "+c.appid]; ok {
		return v
	}
	return s.variants[""]
}
