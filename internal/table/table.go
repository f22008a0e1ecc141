// Package table writes tables for spreadsheets, row by row, so that a hundred thousand rows need no memory: CSV and XLSX. It writes what it is given; what may be shown is
// decided before.
package table

import (
	"bufio"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"
)

// Format is a kind of file.
type Format string

// The formats.
const (
	CSV  Format = "csv"
	XLSX Format = "xlsx"
)

// ContentType is what HTTP calls the format.
func (f Format) ContentType() string {
	if f == XLSX {
		return "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
	}
	return "text/csv; charset=utf-8"
}

// ErrFormat says that there is no such format.
var ErrFormat = errors.New("no such table format")

// MaxRows bounds an export.
const MaxRows = 100_000

// Fen is an amount of money, written in yuan.
type Fen int64

// Time is a moment in the clock it is to be shown in; the zero time is an empty cell.
type Time struct{ time.Time }

// Writer writes rows; Close ends the file and must be called. Cells are string, int, int64, Fen, Time, or nil for an empty one.
type Writer interface {
	Row(cells ...any) error
	Close() error
}

// New begins a table. name is the sheet's, at most 31 characters without []:*?/\.
func New(w io.Writer, f Format, name string) (Writer, error) {
	switch f {
	case CSV:
		return newCSV(w)
	case XLSX:
		return newXLSX(w, name)
	}
	return nil, ErrFormat
}

type csvWriter struct {
	buf *bufio.Writer
	csv *csv.Writer
}

// byteOrderMark makes Excel read the file as UTF-8.
const byteOrderMark = "\ufeff"

func newCSV(w io.Writer) (*csvWriter, error) {
	buf := bufio.NewWriterSize(w, 32<<10)
	if _, err := buf.WriteString(byteOrderMark); err != nil {
		return nil, fmt.Errorf("begin table: %w", err)
	}
	c := csv.NewWriter(buf)
	c.UseCRLF = true
	return &csvWriter{buf, c}, nil
}

// Row implements Writer.
func (c *csvWriter) Row(cells ...any) error {
	record := make([]string, len(cells))
	for i, v := range cells {
		text, number := plain(v)
		if !number {
			text = guard(text)
		}
		record[i] = text
	}
	if err := c.csv.Write(record); err != nil {
		return fmt.Errorf("write row: %w", err)
	}
	return nil
}

// Close implements Writer.
func (c *csvWriter) Close() error {
	c.csv.Flush()
	if err := errors.Join(c.csv.Error(), c.buf.Flush()); err != nil {
		return fmt.Errorf("end table: %w", err)
	}
	return nil
}

// guard keeps a spreadsheet from taking somebody's text for a formula. Source: OWASP, "CSV Injection".
func guard(text string) string {
	if strings.ContainsAny(text[:min(len(text), 1)], "=+-@\t\r\n") || strings.HasPrefix(text, "＝") || strings.HasPrefix(text, "＋") || strings.HasPrefix(text, "－") || strings.HasPrefix(text, "＠") {
		return "'" + text
	}
	return text
}

// plain returns a cell as text, and whether it is a number.
func plain(v any) (text string, number bool) {
	switch x := v.(type) {
	case nil:
		return "", false
	case string:
		return x, false
	case int:
		return strconv.Itoa(x), true
	case int64:
		return strconv.FormatInt(x, 10), true
	case Fen:
		return yuan(int64(x)), true
	case Time:
		if x.IsZero() {
			return "", false
		}
		return x.Format("2006-01-02 15:04:05"), false
	}
	return fmt.Sprint(v), false
}

func yuan(fen int64) string {
	sign := ""
	if fen < 0 {
		sign, fen = "-", -fen
	}
	return fmt.Sprintf("%s%d.%02d", sign, fen/100, fen%100)
}
