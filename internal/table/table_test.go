package table

import (
	"archive/zip"
	"bytes"
	"encoding/csv"
	"encoding/xml"
	"errors"
	"io"
	"strings"
	"testing"
	"time"
)

var beijing = time.FixedZone("UTC+8", 8*3600)

func write(t *testing.T, f Format, rows ...[]any) []byte {
	t.Helper()
	var b bytes.Buffer
	w, err := New(&b, f, "投诉 & 退款")
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range rows {
		if err := w.Row(r...); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

var sample = [][]any{
	{"单号", "金额", "内容", "时间", "空"},
	{"4200002155202603063370910638", Fen(-16805), "罐子瘪了，\"快\"退\n款 <b>&", Time{time.Date(2026, 3, 12, 14, 18, 5, 0, beijing)}, nil},
	{int64(7), Fen(5), "=HYPERLINK(\"http://x\")", Time{}, 12},
}

func TestACSVIsReadByExcelAndHoldsNoFormula(t *testing.T) {
	b := write(t, CSV, sample...)
	text, ok := strings.CutPrefix(string(b), "\ufeff")
	if !ok || !strings.Contains(text, "\r\n") {
		t.Fatalf("no byte order mark or no CRLF: %q", b)
	}
	rows, err := csv.NewReader(strings.NewReader(text)).ReadAll()
	if err != nil || len(rows) != 3 {
		t.Fatal(rows, err)
	}
	if got := rows[1]; got[0] != "4200002155202603063370910638" || got[1] != "-168.05" || got[2] != "罐子瘪了，\"快\"退\n款 <b>&" || got[3] != "2026-03-12 14:18:05" || got[4] != "" {
		t.Errorf("%q", got)
	}
	for in, want := range map[string]string{
		"=1+1": "'=1+1", "+86": "'+86", "-1": "'-1", "@SUM(A1)": "'@SUM(A1)", "\tx": "'\tx", "＝1": "'＝1", "说 =1": "说 =1", "": "",
	} {
		if got := guard(in); got != want {
			t.Errorf("%q became %q", in, got)
		}
	}
}

func TestAnXLSXIsAWorkbookOfWellFormedParts(t *testing.T) {
	b := write(t, XLSX, sample...)
	z, err := zip.NewReader(bytes.NewReader(b), int64(len(b)))
	if err != nil {
		t.Fatal(err)
	}
	parts := map[string]string{}
	for _, f := range z.File {
		r, err := f.Open()
		if err != nil {
			t.Fatal(err)
		}
		raw, err := io.ReadAll(r)
		if err != nil {
			t.Fatal(err)
		}
		parts[f.Name] = string(raw)
		if err := xml.Unmarshal(raw, new(struct{})); err != nil {
			t.Errorf("%s: %v", f.Name, err)
		}
	}
	if !strings.Contains(parts["xl/workbook.xml"], `name="投诉 &amp; 退款"`) {
		t.Error("the sheet has another name")
	}
	var sheet struct {
		Rows []struct {
			Cells []struct {
				Kind  string `xml:"t,attr"`
				Style string `xml:"s,attr"`
				Value string `xml:"v"`
				Text  string `xml:"is>t"`
			} `xml:"c"`
		} `xml:"sheetData>row"`
	}
	if err := xml.Unmarshal([]byte(parts["xl/worksheets/sheet1.xml"]), &sheet); err != nil || len(sheet.Rows) != 3 {
		t.Fatal(err, len(sheet.Rows))
	}
	row := sheet.Rows[1].Cells
	if row[0].Text != "4200002155202603063370910638" || row[0].Kind != "inlineStr" || row[1].Value != "-168.05" || row[2].Text != "罐子瘪了，\"快\"退\n款 <b>&" || row[3].Value != "46093.59589120" || row[3].Style != "2" {
		t.Errorf("%+v", row)
	}
	// A text stays a text: nothing is a formula.
	if c := sheet.Rows[2].Cells[2]; c.Kind != "inlineStr" || c.Text != "=HYPERLINK(\"http://x\")" {
		t.Errorf("%+v", c)
	}
	if sheet.Rows[2].Cells[4].Value != "12" || sheet.Rows[2].Cells[3].Text != "" || sheet.Rows[0].Cells[0].Style != "3" {
		t.Errorf("%+v", sheet.Rows)
	}
}

func TestNoOtherFormat(t *testing.T) {
	if _, err := New(io.Discard, "pdf", "x"); !errors.Is(err, ErrFormat) {
		t.Error(err)
	}
}
