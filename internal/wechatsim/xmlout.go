package wechatsim

import (
	"bytes"
	"strconv"
	"strings"
)

// xmlBuilder writes WeChat's flat XML: text in CDATA, numbers bare, a newline between elements.
type xmlBuilder struct{ buf bytes.Buffer }

func (b *xmlBuilder) open(name string)  { b.buf.WriteString("<" + name + ">") }
func (b *xmlBuilder) close(name string) { b.buf.WriteString("</" + name + ">\n") }

func (b *xmlBuilder) text(name, value string) {
	b.open(name)
	b.buf.WriteString("<![CDATA[" + strings.ReplaceAll(value, "]]>", "]]]]><![CDATA[>") + "]]>")
	b.close(name)
}

func (b *xmlBuilder) number(name string, value int64) {
	b.open(name)
	b.buf.WriteString(strconv.FormatInt(value, 10))
	b.close(name)
}

// document wraps what was written into <xml>.
func (b *xmlBuilder) document() []byte {
	return []byte("<xml>" + strings.TrimRight(b.buf.String(), "\n") + "\n</xml>")
}
