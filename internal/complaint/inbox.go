package complaint

import (
	"context"
	"fmt"
	"hash/fnv"
	"slices"
	"strings"

	"github.com/google/uuid"
	"github.com/uptrace/bun"

	"github.com/zhisu/zhisu/internal/db"
)

// inboxRow is what a case is filtered, sorted and counted by, in numbers. It follows the complaint in the same transaction.
type inboxRow struct {
	bun.BaseModel `bun:"table:inbox"`

	No          int64 `bun:",pk"`
	ComplaintID string
	Program     int64
	Stage       int64
	Status      int64
	Type        int64
	Assignee    int64
	Due         int64
	Created     int64
	TextHash    int64
	Doc         *int64
}

// countRow is a change of the number of cases of a program in a stage; the sum over all rows is the number.
type countRow struct {
	bun.BaseModel `bun:"table:inbox_counts"`

	ID      string `bun:",pk"`
	Program int64
	Stage   int64
	N       int64
}

// stageCodes are the stages by number. Numbers are stored: only append.
var stageCodes = []Stage{StageUnknown, ToRespond, ToSupplement, ToProve, ToAppeal, WaitingUser, AtPlatform, Closed}

func stageCode(s Stage) int64 { return int64(max(slices.Index(stageCodes, s), 0)) }

// keyOf stands for an id in narrow rows; 0 is nobody. Two ids that meet in 63 bits are as likely as two equal UUIDs.
func keyOf(id string) int64 {
	if id == "" {
		return 0
	}
	h := fnv.New64a()
	_, _ = h.Write([]byte(id)) // never fails
	return int64(h.Sum64()>>1) | 1
}

// numberOf makes a case's number from its id: the milliseconds of a UUIDv7 first, then what follows them, so that numbers sort like ids.
func numberOf(id string) int64 {
	u, err := uuid.Parse(id)
	if err != nil || u.Version() != 7 {
		return keyOf(id)
	}
	ms := int64(u[0])<<40 | int64(u[1])<<32 | int64(u[2])<<24 | int64(u[3])<<16 | int64(u[4])<<8 | int64(u[5])
	sub := int64(u[6]&0x0f)<<8 | int64(u[7])
	return (ms&(1<<42-1))<<21 | sub<<9 | int64(u[8]&0x3f)<<3 | int64(u[9]>>5)
}

// Cases without a deadline come after all that have one, the last filed first.
const (
	afterDues = int64(1) << 61
	farFuture = int64(1) << 60
)

func dueOf(c *Complaint, created int64) int64 {
	if c.DueAt.IsZero() || c.Stage == Closed {
		return afterDues + farFuture - created
	}
	return int64(c.DueAt)
}

func inboxOf(c *Complaint) *inboxRow {
	created := int64(c.CreatedAt)
	if created == 0 {
		created = int64(c.FirstSeenAt)
	}
	return &inboxRow{
		No: numberOf(c.ID), ComplaintID: c.ID, Program: keyOf(c.ProgramID), Stage: stageCode(c.Stage), Status: int64(c.Status), Type: int64(c.Type),
		Assignee: keyOf(c.AssigneeID), Due: dueOf(c, created), Created: created, TextHash: keyOf(searchText(c)),
	}
}

// searchText is what the inbox is searched in, field by field: nothing personal, only what is shown.
func searchText(c *Complaint) string {
	return strings.Join([]string{c.ComplaintOrderID, c.TransactionID, c.OutTradeNo, c.ProductName, c.ContentMasked, c.PhoneMasked}, "\n")
}

// putInbox adds a case to the inbox, in the transaction that stores it.
func putInbox(ctx context.Context, tx bun.IDB, c *Complaint) error {
	r := inboxOf(c)
	fresh, err := db.Changed(tx.NewInsert().Model(r).On("CONFLICT (no) DO NOTHING").Exec(ctx))
	if err != nil || !fresh {
		return wrapInbox(err)
	}
	return addCount(ctx, tx, r.Program, r.Stage, 1)
}

// moveInbox brings a case's row up to date, in the transaction that changed the case (whose row lock keeps two of them apart). Who is responsible is Assign's to change.
func moveInbox(ctx context.Context, tx bun.IDB, c *Complaint) error {
	next, old := inboxOf(c), new(inboxRow)
	err := tx.NewSelect().Model(old).Where("no = ?", next.No).Scan(ctx)
	if db.IsNotFound(err) {
		return putInbox(ctx, tx, c)
	}
	if err != nil {
		return wrapInbox(err)
	}
	next.Assignee = old.Assignee
	if next.TextHash == old.TextHash {
		next.Doc = old.Doc // else it waits to be indexed anew
	}
	if *next == *old {
		return nil
	}
	if _, err := tx.NewUpdate().Model(next).WherePK().Exec(ctx); err != nil {
		return wrapInbox(err)
	}
	if next.Stage == old.Stage {
		return nil
	}
	if err := addCount(ctx, tx, old.Program, old.Stage, -1); err != nil {
		return err
	}
	return addCount(ctx, tx, next.Program, next.Stage, 1)
}

func addCount(ctx context.Context, tx bun.IDB, program, stage, n int64) error {
	_, err := tx.NewInsert().Model(&countRow{ID: db.NewID(), Program: program, Stage: stage, N: n}).Exec(ctx)
	return wrapInbox(err)
}

func wrapInbox(err error) error {
	if err != nil {
		return fmt.Errorf("keep the inbox: %w", err)
	}
	return nil
}

// FillInbox adds cases that are not in the inbox yet, those of an older version, and returns how many. It is called before anything else runs; when nothing is
// missing it costs two counts.
func (s *Service) FillInbox(ctx context.Context) (int, error) {
	cases, err := s.db.Read.NewSelect().Model((*Complaint)(nil)).Count(ctx)
	if err != nil {
		return 0, wrapInbox(err)
	}
	rows, err := s.db.Read.NewSelect().Model((*inboxRow)(nil)).Count(ctx)
	if err != nil || rows >= cases {
		return 0, wrapInbox(err)
	}
	added, after := 0, ""
	for {
		var page []Complaint
		if err := s.db.Read.NewSelect().Model(&page).ExcludeColumn("phone_sealed", "openid_sealed", "content_sealed").
			Where("id > ?", after).Order("id").Limit(fillBatch).Scan(ctx); err != nil {
			return added, wrapInbox(err)
		}
		if len(page) == 0 {
			return added, nil
		}
		after = page[len(page)-1].ID
		n, err := s.fill(ctx, page)
		if err != nil {
			return added, err
		}
		added += n
	}
}

const fillBatch = 500

func (s *Service) fill(ctx context.Context, page []Complaint) (int, error) {
	rows, numbers := make([]*inboxRow, len(page)), make([]int64, len(page))
	for i := range page {
		rows[i] = inboxOf(&page[i])
		numbers[i] = rows[i].No
	}
	added := 0
	err := s.db.InTx(ctx, func(ctx context.Context, tx db.Tx) error {
		var fresh []inboxRow
		err := tx.NewInsert().Model(&rows).On("CONFLICT (no) DO NOTHING").Returning("program, stage").Scan(ctx, &fresh)
		if err != nil && !db.IsNotFound(err) {
			return wrapInbox(err)
		}
		added = len(fresh)
		sums := map[[2]int64]int64{}
		for _, r := range fresh {
			sums[[2]int64{r.Program, r.Stage}]++
		}
		if err := fillOutcomes(ctx, tx, numbers); err != nil {
			return err
		}
		return storeCounts(ctx, tx, sums)
	})
	return added, err
}

func storeCounts(ctx context.Context, tx bun.IDB, sums map[[2]int64]int64) error {
	rows := make([]countRow, 0, len(sums))
	for k, n := range sums {
		if n != 0 {
			rows = append(rows, countRow{ID: db.NewID(), Program: k[0], Stage: k[1], N: n})
		}
	}
	if len(rows) == 0 {
		return nil
	}
	_, err := tx.NewInsert().Model(&rows).Exec(ctx)
	return wrapInbox(err)
}
