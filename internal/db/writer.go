package db

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"sync"
)

// SQLite has one writer. Waiting for it is left neither to SQLite, which polls with growing sleeps, nor to database/sql, which wakes a random one of
// those who wait: under load that makes some of them wait for seconds. Instead every connection of the writing pool is a seat, and all seats share the
// one real connection, in turn: for a statement, or from begin to commit. Who is urgent goes before all who are not; else first come, first served.

// seats is how many of them are kept for the next who comes.
const seats = 64

type urgentKey struct{}

// Urgent marks transactions for which somebody outside waits with a clock in hand. On SQLite they go before everything that is not marked, on PostgreSQL
// they have connections of their own. Use it for acknowledging pushes and for nothing long.
func Urgent(ctx context.Context) context.Context { return context.WithValue(ctx, urgentKey{}, true) }

func isUrgent(ctx context.Context) bool {
	urgent, _ := ctx.Value(urgentKey{}).(bool)
	return urgent
}

// turns hands something out to one at a time.
type turns struct {
	mu     sync.Mutex
	taken  bool
	urgent []chan struct{}
	others []chan struct{}
}

// take waits for the turn, or fails with ctx's error.
func (t *turns) take(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	t.mu.Lock()
	if !t.taken {
		t.taken = true
		t.mu.Unlock()
		return nil
	}
	line := &t.others
	if isUrgent(ctx) {
		line = &t.urgent
	}
	mine := make(chan struct{})
	*line = append(*line, mine)
	t.mu.Unlock()
	select {
	case <-mine:
		return nil
	case <-ctx.Done():
	}
	t.mu.Lock()
	for i, c := range *line {
		if c == mine {
			*line = append((*line)[:i], (*line)[i+1:]...)
			t.mu.Unlock()
			return ctx.Err()
		}
	}
	t.mu.Unlock()
	t.give() // it was handed over in the same moment
	return ctx.Err()
}

// give hands the turn to the next.
func (t *turns) give() {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, line := range []*[]chan struct{}{&t.urgent, &t.others} {
		if len(*line) > 0 {
			next := (*line)[0]
			*line = (*line)[1:]
			close(next)
			return
		}
	}
	t.taken = false
}

// writer is the one real connection; it implements driver.Connector.
type writer struct {
	turns
	open func() (driver.Conn, error)
	conn rawConn // touched only by who has the turn
}

// rawConn is what the SQLite driver's connections can do.
type rawConn interface {
	driver.Conn
	driver.ConnBeginTx
	driver.ExecerContext
	driver.QueryerContext
	driver.SessionResetter
	driver.Validator
}

// Connect implements driver.Connector.
func (w *writer) Connect(context.Context) (driver.Conn, error) { return &seat{w: w}, nil }

// Driver implements driver.Connector.
func (w *writer) Driver() driver.Driver { return seatDriver{w} }

// Close implements io.Closer, for database/sql to call at its end.
func (w *writer) Close() error {
	if err := w.take(context.Background()); err != nil {
		return err
	}
	defer w.give()
	if w.conn == nil {
		return nil
	}
	err := w.conn.Close()
	w.conn = nil
	return err
}

// enter takes the turn and returns the connection, opening it the first time and after it broke.
func (w *writer) enter(ctx context.Context) (rawConn, error) {
	if err := w.take(ctx); err != nil {
		return nil, err
	}
	if w.conn != nil && w.conn.IsValid() && w.conn.ResetSession(ctx) == nil {
		return w.conn, nil
	}
	if w.conn != nil {
		_ = w.conn.Close() // it is broken already
		w.conn = nil
	}
	c, err := w.open()
	if err != nil {
		w.give()
		return nil, err
	}
	raw, ok := c.(rawConn)
	if !ok {
		w.give()
		return nil, errors.Join(fmt.Errorf("open sqlite: %T lacks what the writer needs", c), c.Close())
	}
	w.conn = raw
	return raw, nil
}

type seatDriver struct{ w *writer }

// Open implements driver.Driver.
func (d seatDriver) Open(string) (driver.Conn, error) { return d.w.Connect(context.Background()) }

// seat is a connection of the pool. Like every driver.Conn it is used by one goroutine at a time.
type seat struct {
	w  *writer
	tx rawConn // set from begin to commit
}

var (
	_ driver.ConnBeginTx        = (*seat)(nil)
	_ driver.ExecerContext      = (*seat)(nil)
	_ driver.QueryerContext     = (*seat)(nil)
	_ driver.ConnPrepareContext = (*seat)(nil)
	_ driver.Pinger             = (*seat)(nil)
)

// Close implements driver.Conn. The real connection stays for the others.
func (s *seat) Close() error { return nil }

// Begin implements driver.Conn.
func (s *seat) Begin() (driver.Tx, error) { return s.BeginTx(context.Background(), driver.TxOptions{}) }

// BeginTx implements driver.ConnBeginTx.
func (s *seat) BeginTx(ctx context.Context, opts driver.TxOptions) (driver.Tx, error) {
	raw, err := s.w.enter(ctx)
	if err != nil {
		return nil, err
	}
	tx, err := raw.BeginTx(ctx, opts)
	if err != nil {
		s.w.give()
		return nil, err
	}
	s.tx = raw
	return &seatTx{Tx: tx, s: s}, nil
}

// seatTx gives the turn back at its end. database/sql ends it once.
type seatTx struct {
	driver.Tx
	s *seat
}

// Commit implements driver.Tx.
func (t *seatTx) Commit() error {
	defer t.end()
	return t.Tx.Commit()
}

// Rollback implements driver.Tx.
func (t *seatTx) Rollback() error {
	defer t.end()
	return t.Tx.Rollback()
}

func (t *seatTx) end() {
	t.s.tx = nil
	t.s.w.give()
}

// ExecContext implements driver.ExecerContext.
func (s *seat) ExecContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Result, error) {
	if s.tx != nil {
		return s.tx.ExecContext(ctx, query, args)
	}
	raw, err := s.w.enter(ctx)
	if err != nil {
		return nil, err
	}
	defer s.w.give()
	return raw.ExecContext(ctx, query, args)
}

// QueryContext implements driver.QueryerContext. Outside a transaction the turn lasts until the rows are closed.
func (s *seat) QueryContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Rows, error) {
	if s.tx != nil {
		return s.tx.QueryContext(ctx, query, args)
	}
	raw, err := s.w.enter(ctx)
	if err != nil {
		return nil, err
	}
	rows, err := raw.QueryContext(ctx, query, args)
	if err != nil {
		s.w.give()
		return nil, err
	}
	return &seatRows{Rows: rows, give: sync.OnceFunc(s.w.give)}, nil
}

type seatRows struct {
	driver.Rows
	give func()
}

// Close implements driver.Rows.
func (r *seatRows) Close() error {
	defer r.give()
	return r.Rows.Close()
}

// Ping implements driver.Pinger.
func (s *seat) Ping(ctx context.Context) error {
	if s.tx != nil {
		return nil
	}
	if _, err := s.w.enter(ctx); err != nil {
		return err
	}
	s.w.give()
	return nil
}

// Prepare implements driver.Conn.
func (s *seat) Prepare(query string) (driver.Stmt, error) {
	return s.PrepareContext(context.Background(), query)
}

// PrepareContext implements driver.ConnPrepareContext. Nothing is kept between executions: a statement of the real connection could not be used out of
// turn.
func (s *seat) PrepareContext(_ context.Context, query string) (driver.Stmt, error) {
	return &seatStmt{s, query}, nil
}

type seatStmt struct {
	s     *seat
	query string
}

var (
	_ driver.StmtExecContext  = (*seatStmt)(nil)
	_ driver.StmtQueryContext = (*seatStmt)(nil)
)

// Close implements driver.Stmt.
func (*seatStmt) Close() error { return nil }

// NumInput implements driver.Stmt: the real statement counts.
func (*seatStmt) NumInput() int { return -1 }

var errNoContext = errors.New("sqlite: statements are executed with a context")

// Exec implements driver.Stmt; database/sql uses ExecContext.
func (*seatStmt) Exec([]driver.Value) (driver.Result, error) { return nil, errNoContext }

// Query implements driver.Stmt; database/sql uses QueryContext.
func (*seatStmt) Query([]driver.Value) (driver.Rows, error) { return nil, errNoContext }

// ExecContext implements driver.StmtExecContext.
func (st *seatStmt) ExecContext(ctx context.Context, args []driver.NamedValue) (driver.Result, error) {
	return st.s.ExecContext(ctx, st.query, args)
}

// QueryContext implements driver.StmtQueryContext.
func (st *seatStmt) QueryContext(ctx context.Context, args []driver.NamedValue) (driver.Rows, error) {
	return st.s.QueryContext(ctx, st.query, args)
}
