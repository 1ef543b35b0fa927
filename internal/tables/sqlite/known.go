package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"sync"

	"github.com/bits-and-blooms/bloom/v3"

	"switchyard"
	"switchyard/internal/sqlitedb"
	"switchyard/internal/tables"
)

// A digest is asked for in up to 31 days; with one false answer in 2,000 a day, 1.5 % of the new
// ones cost a lookup in the table. A filter takes 16 bits a digest.
const (
	falsePositives = 0.0005
	smallestFilter = 4096 // digests
)

// hashes is how many bits of a filter a digest sets; it is the same for every filter, so that a
// digest is hashed once for all of them.
var hashes = func() uint {
	_, k := bloom.EstimateParameters(smallestFilter, falsePositives)
	return k
}()

// day names the request ids one account took on one day (UTC).
type day struct {
	account, number int64
}

func dayOf(at switchyard.Instant) int64 { return int64(at / switchyard.Instant(switchyard.Day)) }

// known stands in front of the table of request ids: nearly every id of a call is new, and that is
// told from memory.
type known struct {
	mu   sync.RWMutex
	days map[day]*dayFilter
}

// dayFilter holds the digests of a day in filters of growing size. While it is not whole, the
// table is asked instead: then it holds only what was added since the tables were opened.
type dayFilter struct {
	whole   bool
	filters []*bloom.BloomFilter
	room    uint // of the last filter
}

func newKnown(days []day) *known {
	k := &known{days: make(map[day]*dayFilter)}
	for _, d := range days {
		k.days[d] = &dayFilter{}
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
		d := day{account, dayOf(ids[i].At)}
		f := k.days[d]
		if f == nil {
			f = &dayFilter{whole: true}
			k.days[d] = f
		}
		f.add(ids[i].Digest)
	}
}

func (f *dayFilter) add(digest [16]byte) {
	if f.room == 0 {
		size := uint(smallestFilter) << (2 * len(f.filters))
		f.filters = append(f.filters, newFilter(size))
		f.room = size
	}
	f.room--
	f.filters[len(f.filters)-1].Add(digest[:])
}

func newFilter(digests uint) *bloom.BloomFilter {
	m, _ := bloom.EstimateParameters(max(digests, smallestFilter), falsePositives)
	return bloom.New(m, hashes)
}

// may returns for each digest the days from first on in which it may be found, newest first.
func (k *known) may(account int64, digests [][16]byte, first, last int64) map[[16]byte][]int64 {
	k.mu.RLock()
	defer k.mu.RUnlock()
	type numbered struct {
		number int64
		*dayFilter
	}
	var days []numbered
	for n := last; n >= first; n-- {
		if f := k.days[day{account, n}]; f != nil {
			days = append(days, numbered{n, f})
		}
	}
	if len(days) == 0 {
		return nil
	}
	var found map[[16]byte][]int64
	for _, digest := range digests {
		places := bloom.Locations(digest[:], hashes)
		for _, d := range days {
			if !d.may(places) {
				continue
			}
			if found == nil {
				found = make(map[[16]byte][]int64)
			}
			found[digest] = append(found[digest], d.number)
		}
	}
	return found
}

func (f *dayFilter) may(places []uint64) bool {
	if !f.whole {
		return true
	}
	for _, b := range f.filters {
		if b.TestLocations(places) {
			return true
		}
	}
	return false
}

func (k *known) lastDay(account int64) (last int64, some bool) {
	k.mu.RLock()
	defer k.mu.RUnlock()
	for d := range k.days {
		if d.account == account && (!some || d.number > last) {
			last, some = d.number, true
		}
	}
	return last, some
}

// complete adds the filter of what a day's table held; what was added meanwhile stays beside it.
func (k *known) complete(d day, f *bloom.BloomFilter) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if here := k.days[d]; here != nil {
		here.filters = append([]*bloom.BloomFilter{f}, here.filters...)
		here.whole = true
	}
}

// forget drops the days before first.
func (k *known) forget(account, first int64) {
	k.mu.Lock()
	defer k.mu.Unlock()
	for d := range k.days {
		if d.account == account && d.number < first {
			delete(k.days, d)
		}
	}
}

// Known implements tables.Store.
func (s *Store) Known(ctx context.Context, name string, digests [][16]byte, since switchyard.Instant) (map[[16]byte]switchyard.ID, error) {
	number := s.account(name).number
	last, some := s.known.lastDay(number)
	if number == 0 || !some || len(digests) == 0 {
		return nil, nil
	}
	may := s.known.may(number, digests, dayOf(max(since, 0)), last)
	if len(may) == 0 {
		return nil, nil
	}
	found := make(map[[16]byte]switchyard.ID)
	err := s.db.Read(ctx, func(r sqlitedb.Reader) error {
		for digest, days := range may {
			if err := lookUp(ctx, r, number, digest, days, since, found); err != nil {
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

// lookUp asks the table about the days in which a digest may be; the newest counts.
func lookUp(ctx context.Context, r sqlitedb.Reader, account int64, digest [16]byte, days []int64,
	since switchyard.Instant, found map[[16]byte]switchyard.ID,
) error {
	const query = "SELECT interaction FROM requestid WHERE account = ? AND day = ? AND digest = ? AND at >= ?"
	for _, n := range days {
		var id scanID
		err := r.QueryRowContext(ctx, query, account, n, digest[:], int64(since)).Scan(&id)
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

// days lists the days for which the table holds anything, jumping from one to the next.
func (s *Store) days(ctx context.Context) (all []day, err error) {
	const query = "SELECT account, day FROM requestid WHERE (account, day) > (?, ?) ORDER BY account, day LIMIT 1"
	err = s.db.Read(ctx, func(r sqlitedb.Reader) error {
		var d day
		d.number = -1 << 62
		for {
			err := r.QueryRowContext(ctx, query, d.account, d.number).Scan(&d.account, &d.number)
			if errors.Is(err, sql.ErrNoRows) {
				return nil
			}
			if err != nil {
				return err
			}
			all = append(all, d)
		}
	})
	return all, err
}

// buildFilters makes the filters of the days that were there when the tables were opened, the
// newest first, while the server is at work already.
func (s *Store) buildFilters(ctx context.Context, days []day) {
	for i := len(days) - 1; i >= 0; i-- {
		if err := s.buildFilter(ctx, days[i]); err != nil {
			if ctx.Err() == nil {
				s.log.Warn("request ids of a day are looked up without a filter", "day", days[i].number, "error", err)
			}
			continue
		}
	}
}

func (s *Store) buildFilter(ctx context.Context, d day) error {
	var f *bloom.BloomFilter
	err := s.db.Read(ctx, func(r sqlitedb.Reader) error {
		var n uint
		err := r.QueryRowContext(ctx, "SELECT count(*) FROM requestid WHERE account = ? AND day = ?",
			d.account, d.number).Scan(&n)
		if err != nil {
			return err
		}
		f = newFilter(n)
		rows, err := r.QueryContext(ctx, "SELECT digest FROM requestid WHERE account = ? AND day = ?", d.account, d.number)
		var digest sql.RawBytes
		return each(rows, err, func() error {
			err := rows.Scan(&digest)
			f.Add(digest)
			return err
		})
	})
	if err == nil {
		s.known.complete(d, f)
	}
	return err
}
