package sqlite

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"sync"

	"github.com/bits-and-blooms/bloom/v3"

	"switchyard"
	"switchyard/internal/sqlitedb"
	"switchyard/internal/tables"
)

// Filters are kept for stretches of days: a digest is asked for in up to 31 days, and asking five
// filters takes a fifth of the time of asking 31. With one false answer in 10,000 a filter, hardly
// any new digest costs a lookup in the table. A filter takes 19 bits a digest.
const (
	stretchDays    = 8
	falsePositives = 0.0001
	smallestFilter = 4096 // digests
)

// hashes is how many bits of a filter a digest sets; it is the same for every filter, so that a
// digest is hashed once for all of them.
var hashes = func() uint {
	_, k := bloom.EstimateParameters(smallestFilter, falsePositives)
	return k
}()

// stretch names the request ids one account took in days number*stretchDays and following (UTC).
type stretch struct {
	account, number int64
}

func (s stretch) firstDay() int64 { return s.number * stretchDays }

func dayOf(at switchyard.Instant) int64 { return int64(at / switchyard.Instant(switchyard.Day)) }

// known stands in front of the table of request ids: nearly every id of a call is new, and that is
// told from memory.
type known struct {
	mu        sync.RWMutex
	stretches map[stretch]*filter
}

// filter holds the digests of a stretch in Bloom filters of growing size. While it is not whole,
// the table is asked instead: then it holds only what was added since the tables were opened.
type filter struct {
	whole bool
	parts []*bloom.BloomFilter
	room  uint // of the last part
}

func newKnown(there []stretch) *known {
	k := &known{stretches: make(map[stretch]*filter)}
	for _, s := range there {
		k.stretches[s] = &filter{}
	}
	return k
}

func (k *known) add(account int64, ids []tables.RequestID) {
	if len(ids) == 0 {
		return
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	for i := range ids {
		s := stretch{account, dayOf(ids[i].At) / stretchDays}
		f := k.stretches[s]
		if f == nil {
			f = &filter{whole: true}
			k.stretches[s] = f
		}
		f.add(ids[i].Digest)
	}
}

func (f *filter) add(digest [16]byte) {
	if f.room == 0 {
		size := uint(smallestFilter) << (2 * len(f.parts))
		f.parts = append(f.parts, newFilter(size))
		f.room = size
	}
	f.room--
	f.parts[len(f.parts)-1].Add(digest[:])
}

func newFilter(digests uint) *bloom.BloomFilter {
	m, _ := bloom.EstimateParameters(max(digests, smallestFilter), falsePositives)
	return bloom.New(m, hashes)
}

// may returns for each digest the stretches in which it may be found, newest first, of those that
// reach into first or later.
func (k *known) may(account int64, digests [][16]byte, first int64) map[[16]byte][]stretch {
	k.mu.RLock()
	defer k.mu.RUnlock()
	var ask []stretch
	for s := range k.stretches {
		if s.account == account && s.number >= first/stretchDays {
			ask = append(ask, s)
		}
	}
	if len(ask) == 0 {
		return nil
	}
	slices.SortFunc(ask, func(a, b stretch) int { return cmp.Compare(b.number, a.number) })
	filters := make([]*filter, len(ask))
	for i, s := range ask {
		filters[i] = k.stretches[s]
	}
	var found map[[16]byte][]stretch
	for _, digest := range digests {
		places := bloom.Locations(digest[:], hashes)
		for i, f := range filters {
			if !f.may(places) {
				continue
			}
			if found == nil {
				found = make(map[[16]byte][]stretch)
			}
			found[digest] = append(found[digest], ask[i])
		}
	}
	return found
}

func (f *filter) may(places []uint64) bool {
	if !f.whole {
		return true
	}
	for _, b := range f.parts {
		if b.TestLocations(places) {
			return true
		}
	}
	return false
}

// complete adds the filter of what a stretch held in the table; what was added meanwhile stays
// beside it.
func (k *known) complete(s stretch, b *bloom.BloomFilter) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if f := k.stretches[s]; f != nil {
		f.parts = append([]*bloom.BloomFilter{b}, f.parts...)
		f.whole = true
	}
}

// forget drops the stretches that end before day first.
func (k *known) forget(account, first int64) {
	k.mu.Lock()
	defer k.mu.Unlock()
	for s := range k.stretches {
		if s.account == account && s.firstDay()+stretchDays <= first {
			delete(k.stretches, s)
		}
	}
}

// Known implements tables.Store.
func (s *Store) Known(ctx context.Context, name string, digests [][16]byte, since switchyard.Instant) (map[[16]byte]switchyard.ID, error) {
	number := s.account(name).number
	if number == 0 || len(digests) == 0 {
		return nil, nil
	}
	may := s.known.may(number, digests, dayOf(max(since, 0)))
	if len(may) == 0 {
		return nil, nil
	}
	found := make(map[[16]byte]switchyard.ID)
	err := s.db.Read(ctx, func(r sqlitedb.Reader) error {
		for digest, where := range may {
			if err := lookUp(ctx, r, digest, where, since, found); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("look up %d request ids of account %q: %w", len(digests), name, err)
	}
	return found, nil
}

// lookUp asks the table about the stretches in which a digest may be; the newest entry counts.
func lookUp(ctx context.Context, r sqlitedb.Reader, digest [16]byte, where []stretch, since switchyard.Instant,
	found map[[16]byte]switchyard.ID,
) error {
	const query = "SELECT interaction FROM requestid WHERE account = ?1 AND digest = ?2 AND at >= ?3" +
		" AND day IN (?4, ?4+1, ?4+2, ?4+3, ?4+4, ?4+5, ?4+6, ?4+7) ORDER BY day DESC LIMIT 1"
	for _, s := range where {
		var id scanID
		err := r.QueryRowContext(ctx, query, s.account, digest[:], int64(since), s.firstDay()).Scan(&id)
		if errors.Is(err, sql.ErrNoRows) {
			continue
		}
		if err == nil {
			found[digest] = switchyard.ID(id)
		}
		return err
	}
	return nil
}

// stretches lists those of which the table holds anything, jumping from one to the next.
func (s *Store) stretches(ctx context.Context) (all []stretch, err error) {
	const query = "SELECT account, day FROM requestid WHERE (account, day) > (?, ?) ORDER BY account, day LIMIT 1"
	err = s.db.Read(ctx, func(r sqlitedb.Reader) error {
		var last stretch
		day := int64(-1)
		for {
			err := r.QueryRowContext(ctx, query, last.account, day).Scan(&last.account, &day)
			if errors.Is(err, sql.ErrNoRows) {
				return nil
			}
			if err != nil {
				return err
			}
			last.number = day / stretchDays
			all = append(all, last)
			day = last.firstDay() + stretchDays - 1
		}
	})
	return all, err
}

// buildFilters makes the filters of what was there when the tables were opened, the newest first,
// while the server is at work already.
func (s *Store) buildFilters(ctx context.Context, there []stretch) {
	for i := len(there) - 1; i >= 0; i-- {
		if err := s.buildFilter(ctx, there[i]); err != nil && ctx.Err() == nil {
			s.log.Warn("request ids of some days are looked up without a filter",
				"first_day", there[i].firstDay(), "error", err)
		}
	}
}

func (s *Store) buildFilter(ctx context.Context, d stretch) error {
	const where = " FROM requestid WHERE account = ? AND day >= ? AND day < ?"
	args := []any{d.account, d.firstDay(), d.firstDay() + stretchDays}
	var b *bloom.BloomFilter
	err := s.db.Read(ctx, func(r sqlitedb.Reader) error {
		var n uint
		if err := r.QueryRowContext(ctx, "SELECT count(*)"+where, args...).Scan(&n); err != nil {
			return err
		}
		b = newFilter(n)
		rows, err := r.QueryContext(ctx, "SELECT digest"+where, args...)
		var digest sql.RawBytes
		return each(rows, err, func() error {
			err := rows.Scan(&digest)
			b.Add(digest)
			return err
		})
	})
	if err == nil {
		s.known.complete(d, b)
	}
	return err
}
