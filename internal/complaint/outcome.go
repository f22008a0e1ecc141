package complaint

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"github.com/uptrace/bun"

	"github.com/zhisu/zhisu/internal/db"
	"github.com/zhisu/zhisu/internal/wechat"
)

// Reply is how a complaint was answered here; who answers at WeChat's console leaves none.
type Reply int64

// The replies.
const (
	NoReply Reply = iota
	Agreed
	Refused
)

// By is what complaints of a period are summed up by.
type By string

// The groupings.
const (
	ByDay     By = "day" // of Beijing
	ByProgram By = "program"
	ByProblem By = "type"
	ByMember  By = "member" // who answered
)

// Tally sums up complaints of one key that waited equally long for their answer.
type Tally struct {
	// Day is the first moment of a day, Member who answered: a rule by its name when there is no MemberID, nobody here without both. Only what was asked for is filled in.
	Day              db.Time
	ProgramID        string
	Type             Problem
	MemberID, Member string
	// Wait is how long the answer took in milliseconds, to the next minute, 10 minutes from an hour on, hours from a day on; below 0 = not answered. The answer is what WeChat
	// noted, or one given here that it was not asked about since.
	Wait                     int64
	Filed, Closed, Withdrawn int64
	// Lapsed and Ruled count those that were not answered in time, and in which the merchant was found liable, as WeChat noted (see Filed).
	Lapsed, Ruled int64
	// Agreed and Refused count answers given here.
	Agreed, Refused         int64
	Amount                  int64 // fen, of the orders that are known
	Refunded, RefundedCases int64 // fen
}

// nodesAt is when WeChat first noted one of some kinds of progress, 0 = it did not.
func nodesAt(nodes []wechat.Node, kinds ...int) (at db.Time) {
	for _, n := range nodes {
		for _, k := range kinds {
			if t := db.FromUnix(n.Time); int(n.ItemType) == k && t > 0 && (at == 0 || t < at) {
				at = t
			}
		}
	}
	return at
}

// noteOutcome keeps what reports count a case by, in the transaction that changes the case. What WeChat noted once stays noted.
func noteOutcome(ctx context.Context, tx bun.IDB, c *Complaint, nodes []wechat.Node) error {
	r := inboxOf(c)
	amount := int64(0)
	if c.Amount != nil {
		amount = *c.Amount
	}
	_, err := tx.NewRaw(`INSERT INTO outcomes (no, program_id, program, type, status, created, closed, amount, answered, lapsed, ruled) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
		ON CONFLICT (no) DO UPDATE SET program_id = EXCLUDED.program_id, program = EXCLUDED.program, type = EXCLUDED.type, status = EXCLUDED.status, created = EXCLUDED.created,
		closed = EXCLUDED.closed, amount = EXCLUDED.amount, `+earliestOf("answered")+", "+earliestOf("lapsed")+", "+earliestOf("ruled"),
		r.No, c.ProgramID, r.Program, r.Type, r.Status, r.Created, int64(c.ClosedAt), amount,
		int64(nodesAt(nodes, 109)), int64(nodesAt(nodes, 101)), int64(nodesAt(nodes, 31, 32))).Exec(ctx)
	return wrapOutcome(err)
}

func earliestOf(column string) string {
	return fmt.Sprintf("%[1]s = CASE WHEN outcomes.%[1]s = 0 OR EXCLUDED.%[1]s > 0 AND EXCLUDED.%[1]s < outcomes.%[1]s THEN EXCLUDED.%[1]s ELSE outcomes.%[1]s END", column)
}

// NoteReply keeps that an answer given here was done, in the transaction that says so. memberID is empty when a rule answered.
func (s *Service) NoteReply(ctx context.Context, tx db.Tx, complaintID string, how Reply, memberID, member string) error {
	_, err := tx.NewRaw("UPDATE outcomes SET replied = ?, reply = ?, member_id = ?, member = ? WHERE no = ?", int64(s.now()), int64(how), memberID, member, numberOf(complaintID)).Exec(ctx)
	return wrapOutcome(err)
}

// NoteRefunded keeps how much has gone back in a case, in the transaction that changes it.
func (s *Service) NoteRefunded(ctx context.Context, tx db.Tx, complaintID string, fen int64) error {
	_, err := tx.NewRaw("UPDATE outcomes SET refunded = ? WHERE no = ?", fen, numberOf(complaintID)).Exec(ctx)
	return wrapOutcome(err)
}

// fillOutcomes adds what is counted of cases that come into the inbox late.
func fillOutcomes(ctx context.Context, tx bun.IDB, numbers []int64) error {
	noted := func(kinds string) string {
		return "COALESCE((SELECT min(t.at) FROM timeline AS t WHERE t.complaint_id = c.id AND t.kind IN (" + kinds + ")), 0)"
	}
	_, err := tx.NewRaw(`INSERT INTO outcomes (no, program_id, program, type, status, created, closed, amount, answered, lapsed, ruled)
		SELECT i.no, c.program_id, i.program, i.type, i.status, i.created, COALESCE(c.closed_at, 0), COALESCE(c.amount, 0), `+noted("'node_109'")+", "+noted("'node_101'")+", "+noted("'node_31', 'node_32'")+
		` FROM inbox AS i JOIN complaints AS c ON c.id = i.complaint_id WHERE i.no IN (?) ON CONFLICT (no) DO NOTHING`, bun.List(numbers)).Exec(ctx)
	return wrapOutcome(err)
}

func wrapOutcome(err error) error {
	if err != nil {
		return fmt.Errorf("keep what reports count: %w", err)
	}
	return nil
}

const (
	beijingOffset = 8 * 3600_000 // ms; Beijing has no summer time
	aDay          = 24 * 3600_000
)

// groups are the columns of a grouping, in numbers where the index has them.
var groups = map[By]string{
	ByDay: fmt.Sprintf("(created + %d) / %d AS k", beijingOffset, aDay), ByProgram: "program AS k", ByProblem: "type AS k", ByMember: "member_id, member",
}

// waited is Tally.Wait in SQL. Whole numbers divide to whole numbers on both engines.
const (
	wait   = "((CASE WHEN answered > 0 THEN answered ELSE replied END) - created)"
	waited = "CASE WHEN answered = 0 AND replied = 0 THEN -1 WHEN " + wait + " <= 0 THEN 0 WHEN " + wait + " <= 3600000 THEN (" + wait + " + 59999) / 60000 * 60000 WHEN " + wait +
		" <= 86400000 THEN (" + wait + " + 599999) / 600000 * 600000 ELSE (" + wait + " + 3599999) / 3600000 * 3600000 END AS w"
)

// Tallies sums up the complaints filed from a moment until before another, within the programs of a scope; nil means all. There may be hundreds of thousands: the database sums
// them up, from the index alone but for members.
func (s *Service) Tallies(ctx context.Context, programIDs []string, from, to db.Time, by By) ([]Tally, error) {
	if programIDs != nil && len(programIDs) == 0 {
		return nil, nil
	}
	q := s.db.Read.NewSelect().TableExpr("outcomes").ColumnExpr(groups[by]).ColumnExpr(waited)
	for _, sum := range []string{
		"count(*)", "sum(CASE WHEN closed > 0 THEN 1 ELSE 0 END)", "sum(CASE WHEN status = 102 THEN 1 ELSE 0 END)", "sum(CASE WHEN lapsed > 0 THEN 1 ELSE 0 END)",
		"sum(CASE WHEN ruled > 0 THEN 1 ELSE 0 END)", "sum(CASE WHEN reply = 1 THEN 1 ELSE 0 END)", "sum(CASE WHEN reply = 2 THEN 1 ELSE 0 END)", "sum(amount)", "sum(refunded)",
		"sum(CASE WHEN refunded > 0 THEN 1 ELSE 0 END)",
	} {
		q = q.ColumnExpr("CAST(" + sum + " AS bigint)")
	}
	q = q.ColumnExpr("min(no)").Where("created >= ? AND created < ?", int64(from), int64(to))
	if programIDs != nil {
		q = q.Where("+program IN (?)", bun.List(keysOf(programIDs)))
	}
	if by == ByMember {
		q = q.GroupExpr("member_id, member, w")
	} else {
		q = q.GroupExpr("k, w")
	}
	rows, err := q.Rows(ctx)
	if err != nil {
		return nil, fmt.Errorf("sum up complaints: %w", err)
	}
	defer rows.Close()
	out := []Tally{}
	var keys, some []int64
	for rows.Next() {
		var t Tally
		var key, no int64
		to := []any{&key}
		if by == ByMember {
			to = []any{&t.MemberID, &t.Member}
		}
		to = append(to, &t.Wait, &t.Filed, &t.Closed, &t.Withdrawn, &t.Lapsed, &t.Ruled, &t.Agreed, &t.Refused, &t.Amount, &t.Refunded, &t.RefundedCases, &no)
		if err := rows.Scan(to...); err != nil {
			return nil, fmt.Errorf("read sums of complaints: %w", err)
		}
		out, keys, some = append(out, t), append(keys, key), append(some, no)
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("read sums of complaints: %w", err)
	}
	return out, s.name(ctx, out, keys, some, by)
}

// name turns the numbers of a grouping into what they stand for; some are complaints of each.
func (s *Service) name(ctx context.Context, ts []Tally, keys, some []int64, by By) error {
	programs, err := map[int64]string(nil), error(nil)
	if by == ByProgram {
		if programs, err = s.programsOf(ctx, keys, some); err != nil {
			return err
		}
	}
	for i, k := range keys {
		switch by {
		case ByDay:
			ts[i].Day = db.Time(k*aDay - beijingOffset)
		case ByProblem:
			ts[i].Type = Problem(k)
		case ByProgram:
			ts[i].ProgramID = programs[k]
		}
	}
	return nil
}

// programsOf returns the ids of programs by their digests, of each of which a complaint is known.
func (s *Service) programsOf(ctx context.Context, digests, some []int64) (map[int64]string, error) {
	one := map[int64]int64{}
	for i, d := range digests {
		one[d] = some[i]
	}
	out := make(map[int64]string, len(one))
	for part := range slices.Chunk(slices.Collect(maps.Values(one)), 500) {
		var rows []struct {
			Program   int64
			ProgramID string
		}
		if err := s.db.Read.NewSelect().TableExpr("outcomes").Column("program", "program_id").Where("no IN (?)", bun.List(part)).Scan(ctx, &rows); err != nil {
			return nil, fmt.Errorf("read programs of complaints: %w", err)
		}
		for _, r := range rows {
			out[r.Program] = r.ProgramID
		}
	}
	return out, nil
}
