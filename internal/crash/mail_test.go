package crash

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/mail"
	"net/textproto"
	"strings"

	"switchyard"
)

// mailServer takes e-mails until its listener is closed.
func (o *outside) mailServer() {
	for {
		conn, err := o.mail.Accept()
		if err != nil {
			return
		}
		o.talks.Go(func() {
			defer func() { _ = conn.Close() }()
			o.talk(conn)
		})
	}
}

// talk is one connection from greeting to farewell (RFC 5321).
func (o *outside) talk(conn net.Conn) {
	in := textproto.NewReader(bufio.NewReader(conn))
	say := func(line string) { _, _ = fmt.Fprintf(conn, "%s\r\n", line) }
	say("220 mail.example.com ready")
	for {
		line, err := in.ReadLine()
		if err != nil {
			return
		}
		verb, _, _ := strings.Cut(line, " ")
		switch strings.ToUpper(verb) {
		case "EHLO":
			say("250-mail.example.com")
			say("250 8BITMIME")
		case "DATA":
			say("354 go on")
			text, err := in.ReadDotBytes()
			if err != nil || !o.posted(string(text), say) {
				return
			}
		case "QUIT":
			say("221 bye")
			return
		default:
			say("250 ok")
		}
	}
}

// posted answers an e-mail; false when its connection is to break. Its head has the time of the
// attempt and may differ: what it says is its subject and its text.
func (o *outside) posted(text string, say func(string)) bool {
	m, err := mail.ReadMessage(strings.NewReader(text))
	if err != nil {
		o.faults.add(repeatFault, "an e-mail is %.300s (%v)", text, err)
		return false
	}
	body, _ := io.ReadAll(m.Body)
	id, _, _ := strings.Cut(strings.TrimPrefix(m.Header.Get("Message-Id"), "<"), "@")
	head := m.Header.Get("Subject")
	what, wait := o.arrive(switchyard.EffectEmail, id, message(head, ""), append([]byte(head+"\n"), body...), false)
	if !o.answer(context.Background(), id, what, wait) || what == breaking {
		return false
	}
	say(map[fate]string{taking: "250 taken", failing: "451 later", refusing: "550 never"}[what])
	return true
}
