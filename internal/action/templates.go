package action

import (
	"context"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/uptrace/bun"

	"github.com/zhisu/zhisu/internal/complaint"
	"github.com/zhisu/zhisu/internal/db"
)

// Template is a text to choose from (话术). Variables in it: {商品} {金额} {订单号} {退款单号} {快递单号} {小程序} {剩余时间}.
type Template struct {
	bun.BaseModel `bun:"table:templates"`

	ID   string `bun:",pk"`
	Name string
	// Kinds are the actions it is for; empty means all.
	Kinds    db.JSON[[]string]
	Decision Decision // for respond; empty means both
	// Types are the problems it is for; empty means all.
	Types     db.JSON[[]int64]
	Body      string
	Position  int64
	CreatedAt db.Time
	UpdatedAt db.Time
}

func (t *Template) check() error {
	t.Name, t.Body = strings.TrimSpace(t.Name), strings.TrimSpace(t.Body)
	switch {
	case t.Name == "" || utf8.RuneCountInString(t.Name) > 40:
		return &FieldError{"name", "名称需要 1 到 40 个字"}
	case t.Body == "" || utf8.RuneCountInString(t.Body) > MaxContent:
		return &FieldError{"body", fmt.Sprintf("内容需要 1 到 %d 字", MaxContent)}
	case t.Decision != "" && t.Decision != Agree && t.Decision != Refuse:
		return &FieldError{"decision", "请选择同意、拒绝或都可以"}
	case len(t.Types.V) > 100:
		return &FieldError{"types", "问题类型太多"}
	}
	for _, k := range t.Kinds.V {
		if !slices.Contains(complaint.Actions(), complaint.Action(k)) {
			return &FieldError{"kinds", "没有这项操作"}
		}
	}
	for _, v := range variables.FindAllString(t.Body, -1) {
		if !slices.Contains(known, v) {
			return &FieldError{"body", "没有变量 " + v + "，可以用的有 " + strings.Join(known, " ")}
		}
	}
	return nil
}

// Templates lists all, in the order staff gave them.
func (s *Service) Templates(ctx context.Context) ([]Template, error) {
	out := []Template{}
	if err := s.db.Read.NewSelect().Model(&out).Order("position", "id").Scan(ctx); err != nil {
		return nil, fmt.Errorf("list templates: %w", err)
	}
	return out, nil
}

// Also does what belongs to a change of a template in the transaction that makes it.
type Also func(ctx context.Context, tx db.Tx, t *Template) error

// SaveTemplate stores a new template (without an id) or changes one. It gives *FieldError or ErrNotFound.
func (s *Service) SaveTemplate(ctx context.Context, t *Template, also Also) error {
	if err := t.check(); err != nil {
		return err
	}
	t.UpdatedAt = s.now()
	fresh := t.ID == ""
	if fresh {
		t.ID, t.CreatedAt = db.NewID(), s.now()
	}
	return s.db.InTx(ctx, func(ctx context.Context, tx db.Tx) error {
		if fresh {
			if _, err := tx.NewInsert().Model(t).Exec(ctx); err != nil {
				return fmt.Errorf("store template: %w", err)
			}
			return also(ctx, tx, t)
		}
		ok, err := db.Changed(tx.NewUpdate().Model(t).ExcludeColumn("created_at").WherePK().Exec(ctx))
		if err != nil {
			return fmt.Errorf("store template: %w", err)
		}
		if !ok {
			return ErrNotFound
		}
		return also(ctx, tx, t)
	})
}

// Template returns one or ErrNotFound.
func (s *Service) Template(ctx context.Context, id string) (*Template, error) {
	t := &Template{ID: id}
	err := s.db.Read.NewSelect().Model(t).WherePK().Scan(ctx)
	if db.IsNotFound(err) {
		return nil, ErrNotFound
	}
	if err != nil {
		return nil, fmt.Errorf("read template: %w", err)
	}
	return t, nil
}

// DeleteTemplate removes one, or gives ErrNotFound.
func (s *Service) DeleteTemplate(ctx context.Context, id string, also Also) error {
	return s.db.InTx(ctx, func(ctx context.Context, tx db.Tx) error {
		ok, err := db.Changed(tx.NewDelete().Model((*Template)(nil)).Where("id = ?", id).Exec(ctx))
		if err != nil {
			return fmt.Errorf("delete template: %w", err)
		}
		if !ok {
			return ErrNotFound
		}
		return also(ctx, tx, &Template{ID: id})
	})
}

// variables are what looks like one; known are those that can be filled in.
var (
	variables = regexp.MustCompile(`\{[^{}\n]{1,12}\}`)
	known     = []string{"{商品}", "{金额}", "{订单号}", "{退款单号}", "{快递单号}", "{小程序}", "{剩余时间}"}
)

// Rendered is a template filled in for a case.
type Rendered struct {
	Template *Template
	Text     string
	// Unfilled are variables whose value is not known; they stand in the text as they are.
	Unfilled []string
}

// Render fills in a template. values are by variable name without braces.
func Render(t *Template, values map[string]string) Rendered {
	r := Rendered{Template: t, Unfilled: []string{}}
	r.Text = variables.ReplaceAllStringFunc(t.Body, func(v string) string {
		if value := values[strings.Trim(v, "{}")]; value != "" {
			return value
		}
		if !slices.Contains(r.Unfilled, v) {
			r.Unfilled = append(r.Unfilled, v)
		}
		return v
	})
	return r
}

// Unfilled returns the variables that stand in a text unfilled.
func Unfilled(text string) []string {
	out := []string{}
	for _, v := range variables.FindAllString(text, -1) {
		if slices.Contains(known, v) && !slices.Contains(out, v) {
			out = append(out, v)
		}
	}
	return out
}

// UnknownVariables returns what looks like a variable in a text and is none.
func UnknownVariables(text string) []string {
	out := []string{}
	for _, v := range variables.FindAllString(text, -1) {
		if !slices.Contains(known, v) && !slices.Contains(out, v) {
			out = append(out, v)
		}
	}
	return out
}

// Suggest returns the templates that fit an action on a problem, the most special first.
func Suggest(all []Template, kind complaint.Action, problem complaint.Problem) []*Template {
	rank := func(t *Template) int {
		n := 0
		if len(t.Types.V) > 0 {
			n += 2
		}
		if len(t.Kinds.V) > 0 {
			n++
		}
		return -n
	}
	out := []*Template{}
	for i := range all {
		t := &all[i]
		if (len(t.Kinds.V) == 0 || slices.Contains(t.Kinds.V, string(kind))) && (len(t.Types.V) == 0 || slices.Contains(t.Types.V, int64(problem))) {
			out = append(out, t)
		}
	}
	slices.SortStableFunc(out, func(a, b *Template) int { return rank(a) - rank(b) })
	return out
}
