package app

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
)

// presetSkills is the contract's example with preset skills; %s takes a fresh id twice.
const presetSkills = `{"provider":"ProviderName","requests":[{"action":"dispatch","requestid":"13141f79-79bb-4e4f-a7bc-%s",` +
	`"externalid":"%s","route":"APIRouting","linkeddata":[{"type":"clid","value":"Cases 40a4b50f"},` +
	`{"type":"url","label":"40a4b50f","value":"https://vonage.com"},{"type":"name","value":"Case Friendly Name"},` +
	`{"type":"mediatype","value":"Case-External"}],"routingdata":{"interactiontype":"nonlive","skills":[` +
	`{"name":"skillOptional","expiryafter":0},{"name":"skillExpiring","expiryafter":60},{"name":"skillMandatory"}]}}]}`

// BenchmarkInvoke measures one durable call of one interaction over HTTP with 64 connections, client
// included.
func BenchmarkInvoke(b *testing.B) {
	a, err := New(context.Background(), Options{Data: b.TempDir(), Listen: "127.0.0.1:0",
		AccountFiles: []string{filepath.Join(contractDir, "account.yaml")}})
	if err == nil {
		err = a.Start(context.Background())
	}
	if err != nil {
		b.Fatal(err)
	}
	s := &server{t: &testing.T{}, url: a.URL(), tokens: map[string]string{}}
	if got := s.contract("/interactions/register", `{"provider":"ProviderName"}`); got.status != http.StatusOK {
		b.Fatalf("register: %d %s", got.status, got.body)
	}
	var next atomic.Int64
	var done sync.WaitGroup
	b.ReportAllocs()
	b.ResetTimer()
	for range 64 {
		done.Go(func() {
			c := dial(b, a.Addr())
			defer func() { _ = c.conn.Close() }()
			for n := next.Add(1); n <= int64(b.N); n = next.Add(1) {
				id := fmt.Sprintf("%012d", n)
				c.call(b, s.tokens["crm"], fmt.Sprintf(presetSkills, id, id))
			}
		})
	}
	done.Wait()
	b.StopTimer()
	if err := a.Stop(context.Background()); err != nil {
		b.Fatal(err)
	}
}

// caller keeps one connection.
type caller struct {
	conn net.Conn
	in   *bufio.Reader
	out  bytes.Buffer
}

func dial(b *testing.B, addr string) *caller {
	conn, err := net.Dial("tcp", addr)
	if err != nil {
		b.Error(err)
		return nil
	}
	return &caller{conn: conn, in: bufio.NewReader(conn)}
}

// call posts an invoke and reads its answer, with as little work as can be.
func (c *caller) call(b *testing.B, token, body string) {
	c.out.Reset()
	fmt.Fprintf(&c.out, "POST /interactions/invoke HTTP/1.1\r\nHost: bench\r\nAuthorization: Bearer %s\r\n"+
		"Accept: application/vnd.newvoicemedia.v1+json\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s", token, len(body), body)
	if _, err := c.conn.Write(c.out.Bytes()); err != nil {
		b.Error(err)
		return
	}
	length := 0
	for {
		line, err := c.in.ReadString('\n')
		if err != nil {
			b.Error(err)
			return
		}
		if strings.HasPrefix(line, "Content-Length:") {
			_, _ = fmt.Sscanf(line, "Content-Length: %d", &length)
		}
		if line == "\r\n" {
			break
		}
	}
	answer := make([]byte, length)
	if _, err := io.ReadFull(c.in, answer); err != nil || string(answer) != "[]" {
		b.Errorf("answer %s, %v", answer, err)
	}
}
