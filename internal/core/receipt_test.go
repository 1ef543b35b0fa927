package core

import (
	"fmt"
	"testing"

	"switchyard"
)

// A receipt is told once, also when its interaction has ended and across restarts, and no more than
// so many are remembered.
func TestReceipts(t *testing.T) {
	p := asking(t)
	id, e := p.comes("Text")
	receipt := func(status string) *switchyard.EffectReceipt {
		return &switchyard.EffectReceipt{Interaction: id, Effect: e.ID, Status: status, To: "07700900000", MessageID: "m1"}
	}
	rows := func() (n int) {
		for _, r := range p.rows {
			for _, e := range r.events {
				if _, is := e.(*switchyard.EffectReported); is {
					n++
				}
			}
		}
		return n
	}
	p.must(receipt("submitted")) // before the attempt's own result
	p.must(&switchyard.EffectResult{Effect: e.ID, Attempt: 1, OK: true, MessageID: "m1"})
	p.ended("Fine")
	p.must(receipt("delivered"))
	if got := latest[*switchyard.EffectReported](p); got.Interaction != id || got.Effect != e.ID || got.Status != "delivered" || got.MessageID != "m1" {
		t.Errorf("%+v", got)
	}
	before := rows()
	for range 2 {
		p.must(receipt("submitted"))
		p.must(receipt("delivered"))
		p.checkRebuilt()
		p.restart(len(p.rows) / 2)
	}
	if rows() != before {
		t.Errorf("receipts that came again made %d events", rows()-before)
	}
	for n := range maxReceipts {
		p.must(receipt(fmt.Sprint("status ", n)))
	}
	before = rows()
	p.must(receipt("status 0"))
	if len(p.s.receipts.order) != maxReceipts || len(p.s.receipts.known) != maxReceipts || rows() != before {
		t.Errorf("%d receipts are remembered", len(p.s.receipts.order))
	}
	p.must(receipt("submitted")) // forgotten by now
	if rows() != before+1 {
		t.Error("the oldest receipt is still remembered")
	}
	p.restart(len(p.rows) / 2)
	p.checkRebuilt()
	p.checkRedecided()
}
