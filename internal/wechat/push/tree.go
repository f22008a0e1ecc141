package push

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"errors"
	"io"
	"maps"
	"slices"
	"strings"

	"github.com/zhisu/zhisu/internal/wechat/loose"
)

const (
	maxDepth = 8      // levels kept; a complaint push has four
	maxNodes = 20_000 // elements kept before a push counts as too large
)

// node is one element of a push, whatever it was written in: an XML element, or a
// JSON value under its key. Several values of one name are siblings, so that a
// JSON array and repeated XML elements look alike. All methods accept nil.
type node struct {
	name string
	data []byte
	kids []*node
}

// parseTree reads XML or JSON. partial is true when the XML was broken and the
// tolerant scanner recovered something.
func parseTree(b []byte, format Format) (root *node, partial bool, err error) {
	if len(b) > MaxPush {
		return nil, false, ErrPushTooLarge
	}
	b = bytes.TrimSpace(bytes.TrimPrefix(b, []byte("\xef\xbb\xbf")))
	if format == FormatAuto {
		format = FormatXML
		if bytes.HasPrefix(b, []byte("{")) {
			format = FormatJSON
		}
	}
	if format == FormatJSON {
		root, err = jsonTree(b)
		return root, false, err
	}
	root, err = xmlTree(b)
	if errors.Is(err, ErrMalformed) {
		root, err = scanTree(b)
		return root, true, err
	}
	return root, false, err
}

// xmlTree builds the tree below the root element. Elements deeper than maxDepth
// are passed over.
func xmlTree(b []byte) (*node, error) {
	root := &node{}
	open := []*node{root}
	depth, count := 0, 0
	dec := xml.NewDecoder(bytes.NewReader(b))
	for {
		token, err := dec.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, ErrMalformed
		}
		switch t := token.(type) {
		case xml.Directive:
			return nil, ErrDoctype
		case xml.StartElement:
			if depth++; depth > maxDepth {
				continue
			}
			if count++; count > maxNodes {
				return nil, ErrPushTooLarge
			}
			open = append(open, open[len(open)-1].add(t.Name.Local))
		case xml.EndElement:
			if depth--; depth < maxDepth {
				open = open[:len(open)-1]
			}
		case xml.CharData:
			if top := open[len(open)-1]; depth <= maxDepth && top != root {
				top.data = append(top.data, t...)
			}
		}
	}
	if len(root.kids) != 1 {
		return nil, ErrMalformed
	}
	return root.kids[0], nil
}

// jsonTree builds the tree of a JSON object.
func jsonTree(b []byte) (*node, error) {
	dec := json.NewDecoder(bytes.NewReader(b))
	dec.UseNumber()
	var object map[string]any
	if err := dec.Decode(&object); err != nil || object == nil {
		return nil, ErrMalformed
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return nil, ErrMalformed
	}
	root, count := &node{}, 0
	root.addObject(object, 1, &count)
	if count > maxNodes {
		return nil, ErrPushTooLarge
	}
	return root, nil
}

// addObject adds keys in a fixed order, since a map has none.
func (n *node) addObject(object map[string]any, depth int, count *int) {
	for _, name := range slices.Sorted(maps.Keys(object)) {
		n.addValue(name, object[name], depth, count)
	}
}

func (n *node) addValue(name string, value any, depth int, count *int) {
	if depth > maxDepth || *count > maxNodes {
		return
	}
	switch v := value.(type) {
	case []any:
		for _, element := range v {
			n.addValue(name, element, depth+1, count)
		}
		return
	case map[string]any:
		*count++
		n.add(name).addObject(v, depth+1, count)
	case string:
		*count++
		n.add(name).data = []byte(v)
	case json.Number:
		*count++
		n.add(name).data = []byte(loose.Text(json.RawMessage(v)))
	case bool:
		*count++
		n.add(name).data = []byte(map[bool]string{true: "true", false: "false"}[v])
	}
}

func (n *node) add(name string) *node {
	kid := &node{name: name}
	n.kids = append(n.kids, kid)
	return kid
}

// child returns the first element of that name. Case is ignored: one copy of the
// page spells out_trade_No (complaint §2.3).
func (n *node) child(name string) *node {
	if n == nil {
		return nil
	}
	for _, k := range n.kids {
		if strings.EqualFold(k.name, name) {
			return k
		}
	}
	return nil
}

func (n *node) all(name string) []*node {
	if n == nil {
		return nil
	}
	var found []*node
	for _, k := range n.kids {
		if strings.EqualFold(k.name, name) {
			found = append(found, k)
		}
	}
	return found
}

// value is the element's text without surrounding blanks.
func (n *node) value() string {
	if n == nil {
		return ""
	}
	return strings.TrimSpace(string(n.data))
}

// number is the element's integer, 0 if there is none. A remark behind it, as in
// WeChat's example, does not spoil it.
func (n *node) number() int64 {
	v, _, _ := strings.Cut(n.value(), "//")
	i, _ := loose.ParseInt(v)
	return i
}

func (n *node) text(name string) string   { return n.child(name).value() }
func (n *node) integer(name string) int64 { return n.child(name).number() }

// links collects the links below every element of that name, one per element,
// joined, or nested.
func (n *node) links(name string) []string {
	var out []string
	for _, k := range n.all(name) {
		out = k.appendLinks(out)
	}
	return out
}

func (n *node) appendLinks(out []string) []string {
	out = append(out, loose.SplitList(n.value())...)
	for _, k := range n.kids {
		out = k.appendLinks(out)
	}
	return out
}

// scalars returns the children that have text and no children of their own.
func (n *node) scalars() map[string]string {
	out := map[string]string{}
	for _, k := range n.kids {
		if _, seen := out[k.name]; !seen && len(k.kids) == 0 {
			out[k.name] = k.value()
		}
	}
	return out
}
