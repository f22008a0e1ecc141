package table

import (
	"archive/zip"
	"bufio"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"
	"unicode/utf8"
)

// xlsxWriter writes the smallest workbook that spreadsheets open without a word: one sheet, texts inline, so that nothing has to be collected.
// Source: ECMA-376, part 1, SpreadsheetML.
type xlsxWriter struct {
	zip  *zip.Writer
	out  *bufio.Writer
	rows int
}

const (
	head = `<?xml version="1.0" encoding="UTF-8" standalone="yes"?>` + "\n"
	main = `http://schemas.openxmlformats.org/spreadsheetml/2006/main`
	rels = `http://schemas.openxmlformats.org/officeDocument/2006/relationships`

	contentTypes = head + `<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">` +
		`<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/><Default Extension="xml" ContentType="application/xml"/>` +
		`<Override PartName="/xl/workbook.xml" ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml"/>` +
		`<Override PartName="/xl/worksheets/sheet1.xml" ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.worksheet+xml"/>` +
		`<Override PartName="/xl/styles.xml" ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.styles+xml"/></Types>`
	packageRels = head + `<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="rId1" Type="` + rels + `/officeDocument" Target="xl/workbook.xml"/></Relationships>`
	bookRels    = head + `<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="rId1" Type="` + rels + `/worksheet" Target="worksheets/sheet1.xml"/>` +
		`<Relationship Id="rId2" Type="` + rels + `/styles" Target="styles.xml"/></Relationships>`
	// Styles 1, 2 and 3 are money, time and a heading.
	styles = head + `<styleSheet xmlns="` + main + `"><numFmts count="1"><numFmt numFmtId="164" formatCode="yyyy\-mm\-dd\ hh:mm:ss"/></numFmts>` +
		`<fonts count="2"><font><sz val="11"/><name val="Calibri"/></font><font><b/><sz val="11"/><name val="Calibri"/></font></fonts>` +
		`<fills count="2"><fill><patternFill patternType="none"/></fill><fill><patternFill patternType="gray125"/></fill></fills><borders count="1"><border/></borders>` +
		`<cellStyleXfs count="1"><xf/></cellStyleXfs><cellXfs count="4"><xf/><xf numFmtId="4" applyNumberFormat="1"/><xf numFmtId="164" applyNumberFormat="1"/><xf fontId="1" applyFont="1"/></cellXfs></styleSheet>`
	sheetHead = head + `<worksheet xmlns="` + main + `"><sheetViews><sheetView workbookViewId="0"><pane ySplit="1" topLeftCell="A2" activePane="bottomLeft" state="frozen"/></sheetView></sheetViews>` +
		`<sheetFormatPr defaultRowHeight="15" baseColWidth="16"/><sheetData>`
)

func newXLSX(w io.Writer, name string) (*xlsxWriter, error) {
	x := &xlsxWriter{zip: zip.NewWriter(w)}
	var title strings.Builder
	if err := xml.EscapeText(&title, []byte(name)); err != nil {
		return nil, fmt.Errorf("begin table: %w", err)
	}
	book := head + `<workbook xmlns="` + main + `" xmlns:r="` + rels + `"><sheets><sheet name="` + title.String() + `" sheetId="1" r:id="rId1"/></sheets></workbook>`
	for _, part := range []struct{ name, text string }{
		{"[Content_Types].xml", contentTypes}, {"_rels/.rels", packageRels}, {"xl/workbook.xml", book}, {"xl/_rels/workbook.xml.rels", bookRels}, {"xl/styles.xml", styles},
	} {
		f, err := x.zip.Create(part.name)
		if err == nil {
			_, err = io.WriteString(f, part.text)
		}
		if err != nil {
			return nil, fmt.Errorf("begin table: %w", err)
		}
	}
	f, err := x.zip.Create("xl/worksheets/sheet1.xml")
	if err != nil {
		return nil, fmt.Errorf("begin table: %w", err)
	}
	x.out = bufio.NewWriterSize(f, 32<<10)
	_, err = x.out.WriteString(sheetHead)
	return x, err
}

// maxCell is the longest text of a cell, in characters.
const maxCell = 32_767

// Row implements Writer. The first row is a heading.
func (x *xlsxWriter) Row(cells ...any) error {
	x.rows++
	_, _ = x.out.WriteString("<row>") // a failed write is kept by bufio and given at the end
	for _, v := range cells {
		x.cell(v)
	}
	if _, err := x.out.WriteString("</row>"); err != nil {
		return fmt.Errorf("write row: %w", err)
	}
	return nil
}

func (x *xlsxWriter) cell(v any) {
	text, number := plain(v)
	switch t := v.(type) {
	case Fen:
		_, _ = fmt.Fprintf(x.out, `<c s="1"><v>%s</v></c>`, text)
		return
	case Time:
		if !t.IsZero() {
			_, _ = fmt.Fprintf(x.out, `<c s="2"><v>%.8f</v></c>`, serial(t.Time))
			return
		}
	}
	switch {
	case number:
		_, _ = fmt.Fprintf(x.out, `<c><v>%s</v></c>`, text)
	case text == "":
		_, _ = x.out.WriteString("<c/>")
	default:
		if utf8.RuneCountInString(text) > maxCell {
			text = string([]rune(text)[:maxCell])
		}
		style := ""
		if x.rows == 1 {
			style = ` s="3"`
		}
		_, _ = x.out.WriteString("<c" + style + ` t="inlineStr"><is><t xml:space="preserve">`)
		_ = xml.EscapeText(x.out, []byte(text)) // replaces what XML may not hold; a failed write is kept by bufio
		_, _ = x.out.WriteString("</t></is></c>")
	}
}

// serial counts days since 30 December 1899, as spreadsheets do, by the clock that t is in.
func serial(t time.Time) float64 {
	y, m, d := t.Date()
	day := time.Date(y, m, d, 0, 0, 0, 0, time.UTC).Sub(time.Date(1899, 12, 30, 0, 0, 0, 0, time.UTC)).Hours() / 24
	return day + float64(t.Hour()*3600+t.Minute()*60+t.Second())/86_400
}

// Close implements Writer.
func (x *xlsxWriter) Close() error {
	_, err := x.out.WriteString("</sheetData></worksheet>")
	if err := errors.Join(err, x.out.Flush(), x.zip.Close()); err != nil {
		return fmt.Errorf("end table: %w", err)
	}
	return nil
}
