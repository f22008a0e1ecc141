package push

import (
	"bytes"
	"strings"
)

// scanTree reads broken XML: WeChat's own example of a complaint push leaves an
// element open and carries a "//" remark (complaint §2.3). It knows the elements
// that hold others; every other start tag begins a leaf, which ends at the next
// tag of any kind. One pass, no entities but the five of XML, declarations are
// refused. ErrMalformed means that no element with text was found.
func scanTree(b []byte) (*node, error) {
	s := &scanner{root: &node{}}
	s.wrapper = s.root
	s.parent = s.root
	for len(b) > 0 {
		rest, err := s.next(b)
		if err != nil {
			return nil, err
		}
		b = rest
	}
	s.endLeaf()
	if len(s.root.kids) == 0 {
		return nil, ErrMalformed
	}
	return s.root, nil
}

type scanner struct {
	root    *node
	wrapper *node // BussiCallBackInfo once it was seen, else root
	parent  *node // where the next leaf goes
	leaf    *node
	count   int
}

// next takes one piece, text or markup, off the input.
func (s *scanner) next(b []byte) (rest []byte, err error) {
	if b[0] != '<' {
		i := bytes.IndexByte(b, '<')
		if i < 0 {
			i = len(b)
		}
		if s.leaf != nil {
			s.write(plainXML(b[:i]))
		}
		return b[i:], nil
	}
	if body, ok := bytes.CutPrefix(b, []byte("<![CDATA[")); ok {
		inside, rest, _ := bytes.Cut(body, []byte("]]>"))
		s.write(inside)
		return rest, nil
	}
	for open, end := range map[string]string{"<!--": "-->", "<?": "?>"} {
		if body, ok := bytes.CutPrefix(b, []byte(open)); ok {
			_, rest, _ := bytes.Cut(body, []byte(end))
			return rest, nil
		}
	}
	if bytes.HasPrefix(b, []byte("<!")) {
		return nil, ErrDoctype
	}
	end := bytes.IndexAny(b[1:], "<>")
	if end < 0 || b[1+end] == '<' || !isTag(b[1:1+end]) {
		s.write(b[:1])
		return b[1:], nil
	}
	return b[end+2:], s.tag(b[1 : 1+end])
}

// tag handles the inside of <…>.
func (s *scanner) tag(inside []byte) error {
	s.endLeaf()
	name, closing := strings.CutPrefix(string(inside), "/")
	empty := strings.HasSuffix(name, "/")
	name, _, _ = strings.Cut(strings.TrimSuffix(name, "/"), " ")
	if s.count++; s.count > maxNodes {
		return ErrPushTooLarge
	}
	switch strings.ToLower(name) {
	case "xml":
		s.parent = s.root
	case "bussicallbackinfo":
		s.parent = s.root
		if !closing {
			s.wrapper = s.root.add(name)
			s.parent = s.wrapper
		}
	case "history":
		s.parent = s.wrapper
		if !closing && !empty {
			s.parent = s.wrapper.add(name)
		}
	default:
		if !closing && !empty {
			s.leaf = &node{name: name}
		}
	}
	return nil
}

func (s *scanner) write(b []byte) {
	if s.leaf != nil {
		s.leaf.data = append(s.leaf.data, b...)
	}
}

// endLeaf keeps the open leaf if it has text.
func (s *scanner) endLeaf() {
	if s.leaf != nil && len(bytes.TrimSpace(s.leaf.data)) > 0 {
		s.parent.kids = append(s.parent.kids, s.leaf)
	}
	s.leaf = nil
}

// isTag tells whether the inside of <…> looks like a tag and not like text.
func isTag(inside []byte) bool {
	inside = bytes.TrimPrefix(inside, []byte("/"))
	if len(inside) == 0 {
		return false
	}
	c := inside[0]
	return c == '_' || ('a' <= c && c <= 'z') || ('A' <= c && c <= 'Z')
}

// plainXML decodes text outside CDATA and cuts off a remark: a "//" that follows
// a blank, which the "//" of a link never does.
func plainXML(b []byte) []byte {
	for i := range len(b) - 1 {
		if b[i] == '/' && b[i+1] == '/' && (i == 0 || isBlank(b[i-1])) {
			b = b[:i]
			break
		}
	}
	if bytes.IndexByte(b, '&') < 0 {
		return b
	}
	decode := strings.NewReplacer("&lt;", "<", "&gt;", ">", "&quot;", `"`, "&apos;", "'", "&amp;", "&")
	return []byte(decode.Replace(string(b)))
}

func isBlank(c byte) bool { return c == ' ' || c == '\t' || c == '\n' || c == '\r' }
