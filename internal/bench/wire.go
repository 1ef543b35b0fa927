package bench

import (
	"bytes"
	"errors"
	"fmt"
	"net"
	"strconv"
	"strings"
	"time"
)

// wire is one kept connection that speaks as much HTTP/1.1 as the hot loops need: it writes bytes
// made before and reads an answer whose length is given. A full client would take more CPU for a
// call than the server does, and both share the machine.
type wire struct {
	conn net.Conn
	buf  []byte // what was read and not used yet lies in buf[:have]
	have int
}

const answerLimit = 10 * time.Second

func dial(addr string) (*wire, error) {
	conn, err := net.Dial("tcp", addr)
	if err != nil {
		return nil, fmt.Errorf("connect to the server: %w", err)
	}
	return &wire{conn: conn, buf: make([]byte, 16<<10)}, nil
}

func (w *wire) close() { _ = w.conn.Close() }

var (
	headEnd = []byte("\r\n\r\n")
	lengthH = []byte("\r\nContent-Length: ")
)

// call sends a request and returns the answer; its body is valid until the next call.
func (w *wire) call(request []byte) (status int, body []byte, err error) {
	if _, err := w.conn.Write(request); err != nil {
		return 0, nil, fmt.Errorf("send: %w", err)
	}
	w.have = 0 // nothing is pipelined, so nothing can be left
	for {
		if w.have == len(w.buf) {
			return 0, nil, errors.New("the answer is longer than the load generator reads")
		}
		n, err := w.conn.Read(w.buf[w.have:])
		if err != nil {
			return 0, nil, fmt.Errorf("receive: %w", err)
		}
		w.have += n
		if status, body, done, err := parse(w.buf[:w.have]); done || err != nil {
			return status, body, err
		}
	}
}

// parse takes an answer apart; done is false while some of it has not come.
func parse(b []byte) (status int, body []byte, done bool, err error) {
	head := bytes.Index(b, headEnd)
	if head < 0 {
		return 0, nil, false, nil
	}
	if status, err = strconv.Atoi(string(b[9:12])); err != nil {
		return 0, nil, false, fmt.Errorf("no HTTP answer: %.40q", b)
	}
	at := bytes.Index(b[:head+2], lengthH)
	if at < 0 {
		return status, nil, false, fmt.Errorf("an answer of unknown length, status %d: %.200q", status, b[head+4:])
	}
	length := 0
	for _, c := range b[at+len(lengthH) : head+2] {
		if c < '0' || c > '9' {
			break
		}
		length = length*10 + int(c-'0')
	}
	body = b[head+4:]
	return status, body[:min(length, len(body))], len(body) >= length, nil
}

// message is a request whose ids are written anew each time it is sent, in place, so that sending
// allocates nothing.
type message struct {
	bytes    []byte
	places   [][]int // of each interaction in it, where its number stands
	requests int
}

// Where the number of an interaction goes: idDigits digits.
const (
	idMark   = "############"
	idDigits = len(idMark)
)

// newMessage makes a call of invoke out of as many of one interaction as fit into limit bytes, at
// most count.
func newMessage(host, token, provider, interaction string, count, limit int) *message {
	head := `{"provider":"` + provider + `","requests":[`
	count = min(count, (limit-len(head)-2+1)/(len(interaction)+1))
	body := head + strings.Repeat(interaction+",", count-1) + interaction + "]}"
	text := fmt.Sprintf("POST /interactions/invoke HTTP/1.1\r\nHost: %s\r\nAuthorization: Bearer %s\r\n"+
		"Accept: application/vnd.newvoicemedia.v1+json\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s",
		host, token, len(body), body)
	m := &message{bytes: []byte(text), places: make([][]int, count), requests: count}
	each := strings.Count(interaction, idMark)
	for n, from := 0, 0; ; n++ {
		at := strings.Index(text[from:], idMark)
		if at < 0 {
			return m
		}
		m.places[n/each] = append(m.places[n/each], from+at)
		from += at + idDigits
	}
}

// body is the JSON text alone.
func (m *message) body() []byte {
	_, body, _ := bytes.Cut(m.bytes, headEnd)
	return body
}

// number gives the interactions the numbers first, first+1 and so on.
func (m *message) number(first uint64) {
	for n, places := range m.places {
		for _, at := range places {
			v := first + uint64(n)
			for i := idDigits - 1; i >= 0; i-- {
				m.bytes[at+i] = byte('0' + v%10)
				v /= 10
			}
		}
	}
}
