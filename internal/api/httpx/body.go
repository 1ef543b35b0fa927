package httpx

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"net/http"
	"sync"

	"switchyard"
)

// ErrTooLarge says that a body is larger than it may be.
var ErrTooLarge = errors.New("the body is too large")

// maxPooled bounds the room of a buffer that is kept for the next body.
const maxPooled = 128 << 10

var buffers = sync.Pool{New: func() any { return new(bytes.Buffer) }}

// Body is a body read whole. Its bytes are valid until Close.
type Body struct {
	Bytes  []byte
	buffer *bytes.Buffer
}

// Close gives the body's room back.
func (b *Body) Close() {
	if b.buffer != nil && b.buffer.Cap() <= maxPooled {
		buffers.Put(b.buffer)
	}
	b.Bytes, b.buffer = nil, nil
}

// ReadBody reads a request's body whole, at most limit bytes. ErrTooLarge is answered before
// anything is read when the request says how long it is.
func ReadBody(r *http.Request, limit int64) (*Body, error) {
	if r.ContentLength > limit {
		return nil, ErrTooLarge
	}
	b := &Body{buffer: buffers.Get().(*bytes.Buffer)}
	b.buffer.Reset()
	if r.ContentLength > 0 {
		b.buffer.Grow(min(int(r.ContentLength), maxPooled-bytes.MinRead) + bytes.MinRead)
	}
	_, err := b.buffer.ReadFrom(io.LimitReader(r.Body, limit+1))
	if err == nil && int64(b.buffer.Len()) > limit {
		err = ErrTooLarge
	}
	if err != nil {
		b.Close()
		return nil, err
	}
	b.Bytes = b.buffer.Bytes()
	return b, nil
}

// IdempotencyHeader names a write that is done once, however often it is sent.
const IdempotencyHeader = "Idempotency-Key"

// maxKeyBytes bounds an Idempotency-Key.
const maxKeyBytes = 255

// IdempotencyKey reads the header: the key with the principal before it, so that principals do not
// meet, and the digest of the request, so that a key used for another request is noticed. Both are
// empty without the header.
func IdempotencyKey(r *http.Request, by string, body []byte) (key, digest string, refused *switchyard.Error) {
	given := r.Header.Get(IdempotencyHeader)
	if given == "" {
		return "", "", nil
	}
	if len(given) > maxKeyBytes {
		return "", "", switchyard.Refuse(switchyard.Malformed, "the header %s is %d bytes long; at most %d are possible",
			IdempotencyHeader, len(given), maxKeyBytes)
	}
	h := sha256.New()
	io.WriteString(h, r.Method+"\n"+r.URL.RequestURI()+"\n")
	h.Write(body)
	return by + " " + given, hex.EncodeToString(h.Sum(nil)), nil
}
