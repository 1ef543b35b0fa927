package core

import (
	"crypto/sha256"

	"switchyard"
)

// maxReceipts is how many receipts an account remembers, so that one that comes again changes nothing.
const maxReceipts = 1024

// receipts remembers the latest receipts by their digests.
type receipts struct {
	known map[[16]byte]struct{}
	order [][16]byte
}

// ReceiptsRecord is what a checkpoint keeps of the receipts, in the order they came.
type ReceiptsRecord struct {
	Digests [][16]byte `json:"digests"`
}

func newReceipts() receipts { return receipts{known: map[[16]byte]struct{}{}} }

// add remembers a receipt, and forgets the oldest for it.
func (r *receipts) add(digest [16]byte) {
	if _, known := r.known[digest]; known {
		return
	}
	if len(r.order) == maxReceipts {
		delete(r.known, r.order[0])
		r.order = append(r.order[:0], r.order[1:]...)
	}
	r.known[digest] = struct{}{}
	r.order = append(r.order, digest)
}

// receiptDigest is of what makes two receipts the same: the message and what is said of it.
func receiptDigest(effect switchyard.ID, messageID, status string) [16]byte {
	sum := sha256.Sum256([]byte(effect.String() + "\x00" + messageID + "\x00" + status))
	return [16]byte(sum[:16])
}

// decideReceipt takes what a vendor says became of a message. The interaction may have ended long
// ago: it is told all the same, and decides nothing.
func (s *State) decideReceipt(in *switchyard.EffectReceipt) *switchyard.Error {
	if _, known := s.receipts.known[receiptDigest(in.Effect, in.MessageID, in.Status)]; known {
		return nil
	}
	s.emit(&switchyard.EffectReported{On: switchyard.On{Interaction: in.Interaction}, Effect: in.Effect, Status: in.Status, To: in.To,
		MessageID: in.MessageID, Detail: in.Detail})
	return nil
}

func (s *State) foldReported(e *switchyard.EffectReported) {
	s.receipts.add(receiptDigest(e.Effect, e.MessageID, e.Status))
	s.changes.mark(KindReceipts, "")
}
