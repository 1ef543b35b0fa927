package sqlite

import (
	"database/sql/driver"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/klauspost/compress/s2"

	"switchyard"
	"switchyard/internal/journal"
	"switchyard/internal/sqlitedb"
)

// The rows an account gets in one commit are written as one row of the table, a pack. Rows of a busy
// account are much alike, so together they are a tenth of their size: a commit costs SQLite one place in
// its tree and few pages, of which each is written twice, to the WAL and by a checkpoint.
//
// A pack is an S2 block of, for each row: what its instant is after the one before (varint), the length of
// its input (uvarint), its input, the length of its events, its events. The instant of the first row, the
// decider of all of them and their number stand beside it; their seqs follow from the pack's id.

// packBytes is when a pack is full. Whoever wants one row unpacks all that are with it.
const packBytes = 128 << 10

// unpackedBytes is the most a pack may say it holds; SQLite keeps no longer value either.
const unpackedBytes = 1 << 30

// pack is one row of the table.
type pack struct {
	id      int64
	at      switchyard.Instant
	decider string
	rows    int64
	body    []byte
}

var insertPacks = sqlitedb.NewInsert("journal(id, at, decider, input, events, pack)", 6)

// insertInto writes packs.
func insertInto(tx *sqlitedb.Tx, packs []pack) error {
	return tx.Insert(insertPacks, len(packs), func(i int, add func(driver.Value)) {
		p := &packs[i]
		add(p.id)
		add(int64(p.at))
		add(p.decider)
		add([]byte{})
		add(p.body)
		add(p.rows)
	})
}

// packer makes packs. What it returns counts until it is asked again.
type packer struct {
	order []*journal.Row
	packs []pack
	raw   []byte
	out   []byte
}

// pack packs rows; those of an account follow each other already.
func (k *packer) pack(rows []journal.Row, number func(account string) int64) []pack {
	k.order, k.packs, k.out = k.order[:0], k.packs[:0], k.out[:0]
	for i := range rows {
		k.order = append(k.order, &rows[i])
	}
	byAccount := func(a, b *journal.Row) int { return strings.Compare(a.Account, b.Account) }
	if !slices.IsSortedFunc(k.order, byAccount) {
		slices.SortStableFunc(k.order, byAccount)
	}
	for at := 0; at < len(k.order); {
		first, last := k.order[at], k.order[at].At
		k.raw = k.raw[:0]
		start := at
		for ; at < len(k.order); at++ {
			r := k.order[at]
			size := len(k.raw) + len(r.Input) + len(r.Events)
			if r.Account != first.Account || r.Decider != first.Decider || at > start && size > packBytes {
				break
			}
			k.raw = binary.AppendVarint(k.raw, int64(r.At-last))
			k.raw = append(binary.AppendUvarint(k.raw, uint64(len(r.Input))), r.Input...)
			k.raw = append(binary.AppendUvarint(k.raw, uint64(len(r.Events))), r.Events...)
			last = r.At
		}
		k.packs = append(k.packs, pack{
			id: rowID(number(first.Account), first.Seq), at: first.At, decider: first.Decider,
			rows: int64(at - start), body: k.compress(),
		})
	}
	clear(k.order)
	return k.packs
}

// compress returns the block of raw, at the end of out.
func (k *packer) compress() []byte {
	most := s2.MaxEncodedLen(len(k.raw))
	if cap(k.out)-len(k.out) < most { // packs before this one keep what they point into
		k.out = make([]byte, 0, max(most, packBytes))
	}
	block := s2.Encode(k.out[len(k.out):cap(k.out)], k.raw)
	k.out = k.out[:len(k.out)+len(block)]
	return slices.Clip(block)
}

// unpack appends the rows of a pack. They share the memory of what was packed.
func unpack(to []journal.Row, account string, p *pack, body []byte) ([]journal.Row, error) {
	damaged := func(why string) error {
		return fmt.Errorf("%w: the %d rows from %d on are not what was packed: %s", journal.ErrCorrupt, p.rows, seqOf(p.id), why)
	}
	if n, err := s2.DecodedLen(body); err != nil || n > unpackedBytes {
		return to, damaged("no block, or one of no length that is written")
	}
	raw, err := s2.Decode(nil, body)
	if err != nil {
		return to, damaged(err.Error())
	}
	part := func() (b []byte) {
		n, used := binary.Uvarint(raw)
		if used <= 0 || n > uint64(len(raw)-used) {
			err = errors.New("it ends within a row")
			return nil
		}
		end := used + int(n)
		b, raw = raw[used:end:end], raw[end:]
		return b
	}
	for n, at := int64(0), p.at; n < p.rows; n++ {
		after, used := binary.Varint(raw)
		if used <= 0 {
			return to, damaged("it ends before its last row")
		}
		raw, at = raw[used:], at+switchyard.Instant(after)
		row := journal.Row{Account: account, Seq: seqOf(p.id) + switchyard.Seq(n), At: at, Decider: p.decider}
		if row.Input, row.Events = part(), part(); err != nil {
			return to, damaged(err.Error())
		}
		to = append(to, row)
	}
	if len(raw) > 0 {
		return to, damaged("there is more in it")
	}
	return to, nil
}
