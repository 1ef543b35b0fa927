// Package tablestest is the suite every store of tables passes. It may import the root package,
// the tables and journal contracts and testing; only tests import it.
package tablestest

import (
	"context"
	"crypto/sha256"
	"fmt"
	"path/filepath"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"switchyard"
	"switchyard/internal/journal"
	"switchyard/internal/tables"
)

// Erase is what a store under test must be opened with.
func Erase(kind string, document []byte) ([]byte, error) {
	return fmt.Appendf(nil, `{"erased":%q,"bytes":%d}`, kind, len(document)), nil
}

// Run tests stores made by open, which is called with an empty store wanted; fromCopy opens what
// Backup wrote. A store that cannot be backed up has none.
func Run(t *testing.T, open func(t *testing.T) tables.Store, fromCopy func(t *testing.T, path string) tables.Store) {
	cases := []struct {
		name string
		test func(t *testing.T, s tables.Store)
	}{
		{"empty tables have nothing", empty},
		{"a checkpoint is the newest of every key", checkpoint},
		{"an error of the reader ends loading", loadStops},
		{"a batch counts once", once},
		{"a batch that fails leaves nothing", allOrNothing},
		{"accounts are worlds of their own", worlds},
		{"ended interactions are found", search},
		{"search goes page by page", pages},
		{"timelines", timeline},
		{"histories of a span", histories},
		{"histories of many interactions", manyHistories},
		{"presences", presences},
		{"request ids are known", requestIDs},
		{"request ids by the thousand", manyRequestIDs},
		{"invocations", invocations},
		{"notifications", notifications},
		{"configs", configs},
		{"reseal", reseal},
		{"personal data is erased", erase},
		{"what is too old goes", prune},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) { c.test(t, open(t)) })
	}
	if fromCopy == nil {
		return
	}
	t.Run("a backup holds everything", func(t *testing.T) {
		s, path := open(t), filepath.Join(t.TempDir(), "copy.db")
		checkpointOf(t, s)
		must(t, s.Backup(ctx, path))
		if err := s.Backup(ctx, path); err == nil {
			t.Error("a backup replaced a file")
		}
		wantCheckpointOf(t, fromCopy(t, path))
	})
}

var ctx = context.Background()

// noon is a moment in the middle of a day.
const noon = switchyard.Instant(1_795_003_200_000)

func id(at switchyard.Instant, n uint64) switchyard.ID { return switchyard.NewID(at, n, 7) }

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// same compares and knows that no rows are no rows, nil or not.
func same[T any](t *testing.T, what string, got T, err error, want T) {
	t.Helper()
	must(t, err)
	if diff := cmp.Diff(want, got, cmpopts.EquateEmpty()); diff != "" {
		t.Fatalf("%s (-want +got)\n%s", what, diff)
	}
}

func wantLoad(t *testing.T, s tables.Store, account string, want ...string) {
	t.Helper()
	var got []string
	err := s.Load(ctx, account, func(e journal.Entry) error {
		got = append(got, e.Kind+"/"+e.Key+"="+string(e.Value))
		return nil
	})
	same(t, "checkpoint of "+account, got, err, want)
}

func entry(kind, key, value string) journal.Entry {
	return journal.Entry{Kind: kind, Key: key, Value: []byte(value)}
}

func empty(t *testing.T, s tables.Store) {
	seq, at, err := s.Offset(ctx, "acme")
	must(t, err)
	if seq != 0 || at != 0 {
		t.Errorf("offset %d at %d", seq, at)
	}
	wantLoad(t, s, "acme")
	must(t, s.Apply(ctx, nil))
	found, err := s.SearchEnded(ctx, "acme", tables.Query{Limit: 5})
	same(t, "search", found, err, nil)
	one, err := s.EndedByID(ctx, "acme", id(noon, 1))
	same(t, "ended", one, err, nil)
	rows, err := s.Timeline(ctx, "acme", id(noon, 1))
	same(t, "timeline", rows, err, nil)
	must(t, s.Histories(ctx, "acme", tables.Span{From: noon, To: noon + 1}, func(id switchyard.ID, _ []tables.TimelineRow) error {
		t.Errorf("a history of %s", id)
		return nil
	}))
	changes, err := s.Presences(ctx, "acme", noon, noon+1)
	same(t, "presences", changes, err, nil)
	ids, err := s.Known(ctx, "acme", [][16]byte{{1}}, 0)
	same(t, "known", ids, err, nil)
	invocation, err := s.Invocation(ctx, "acme", id(noon, 1))
	same(t, "invocation", invocation, err, nil)
	notification, err := s.Notification(ctx, "acme", id(noon, 1))
	same(t, "notification", notification, err, nil)
	list, err := s.Notifications(ctx, "acme", tables.NotificationQuery{Limit: 5})
	same(t, "notifications", list, err, nil)
	config, err := s.Config(ctx, "acme", 1)
	same(t, "config", config, err, nil)
	gone, err := s.Prune(ctx, "acme", tables.Horizons{History: noon, Notifications: noon, Invocations: noon, RequestIDs: noon}, 10)
	same(t, "pruned", gone, err, 0)
}

func checkpointOf(t *testing.T, s tables.Store) {
	must(t, s.Apply(ctx, []tables.Batch{
		{Account: "acme", Through: 3, At: noon, Put: []journal.Entry{
			entry("interaction", "b", "1"), entry("agent", "ada", "1"), entry("interaction", "a", "1"),
			entry("interaction", "b", "2"), entry("interaction", "c", "1")}},
		{Account: "acme", Through: 5, At: noon + 5,
			Put:    []journal.Entry{entry("interaction", "a", ""), entry("queue", "c", "x")},
			Delete: []tables.Key{{Kind: "interaction", Key: "c"}, {Kind: "queue", Key: "c"}, {Kind: "agent", Key: "none"}}},
	}))
}

func wantCheckpointOf(t *testing.T, s tables.Store) {
	wantLoad(t, s, "acme", "agent/ada=1", "interaction/a=", "interaction/b=2", "queue/c=x")
	seq, at, err := s.Offset(ctx, "acme")
	must(t, err)
	if seq != 5 || at != noon+5 {
		t.Errorf("offset %d at %d", seq, at)
	}
}

func checkpoint(t *testing.T, s tables.Store) {
	checkpointOf(t, s)
	wantCheckpointOf(t, s)
	b := tables.Batch{Account: "acme", Through: 6, At: noon + 6}
	var want []string
	for i := range 500 {
		b.Put = append(b.Put, entry("many", fmt.Sprintf("%04d", i), "v"))
		if i%2 == 0 {
			want = append(want, fmt.Sprintf("many/%04d=v", i))
		}
	}
	must(t, s.Apply(ctx, []tables.Batch{b}))
	b = tables.Batch{Account: "acme", Through: 7, At: noon + 7, Delete: []tables.Key{{Kind: "agent", Key: "ada"},
		{Kind: "interaction", Key: "a"}, {Kind: "interaction", Key: "b"}, {Kind: "queue", Key: "c"}}}
	for i := 1; i < 500; i += 2 {
		b.Delete = append(b.Delete, tables.Key{Kind: "many", Key: fmt.Sprintf("%04d", i)})
	}
	must(t, s.Apply(ctx, []tables.Batch{b}))
	wantLoad(t, s, "acme", want...)
}

func loadStops(t *testing.T, s tables.Store) {
	checkpointOf(t, s)
	stop, n := fmt.Errorf("enough"), 0
	err := s.Load(ctx, "acme", func(journal.Entry) error {
		n++
		return stop
	})
	if err == nil || n != 1 {
		t.Errorf("%d entries, error %v", n, err)
	}
	wantCheckpointOf(t, s)
}

func once(t *testing.T, s tables.Store) {
	b := tables.Batch{Account: "acme", Through: 9, At: noon, Put: []journal.Entry{entry("k", "a", "1")}}
	must(t, s.Apply(ctx, []tables.Batch{b, b}))
	b.Put = []journal.Entry{entry("k", "a", "again")}
	must(t, s.Apply(ctx, []tables.Batch{b}))
	b.Through = 4
	must(t, s.Apply(ctx, []tables.Batch{b}))
	wantLoad(t, s, "acme", "k/a=1")
	seq, _, err := s.Offset(ctx, "acme")
	same(t, "offset", seq, err, 9)
}

func allOrNothing(t *testing.T, s tables.Store) {
	over, cancel := context.WithCancel(ctx)
	cancel()
	b := tables.Batch{Account: "acme", Through: 1, At: noon, Put: []journal.Entry{entry("k", "a", "1")}}
	if err := s.Apply(over, []tables.Batch{b}); err == nil {
		t.Error("a cancelled batch was applied")
	}
	wantLoad(t, s, "acme")
	must(t, s.Apply(ctx, []tables.Batch{b}))
	wantLoad(t, s, "acme", "k/a=1")
}

func worlds(t *testing.T, s tables.Store) {
	batch := func(account, value string) tables.Batch {
		return tables.Batch{
			Account: account, Through: 1, At: noon, Put: []journal.Entry{entry("k", "a", value)},
			Ended:       []tables.Ended{ended(1, value, "")},
			RequestIDs:  []tables.RequestID{{Digest: [16]byte{9}, Interaction: id(noon, uint64(len(value))), At: noon}},
			Invocations: []tables.Invocation{{Correlation: id(noon, 1), Seq: switchyard.Seq(len(value)), At: noon}},
			Configs:     []tables.Config{{Version: 1, Source: value, Document: []byte("{}")}},
		}
	}
	must(t, s.Apply(ctx, []tables.Batch{batch("acme", "one"), batch("Acme", "three")}))
	wantLoad(t, s, "acme", "k/a=one")
	wantLoad(t, s, "Acme", "k/a=three")
	wantLoad(t, s, "ACME")
	e, err := s.EndedByID(ctx, "acme", ended(1, "", "").ID)
	must(t, err)
	same(t, "externalid", e.ExternalID, nil, "one")
	v, err := s.Invocation(ctx, "Acme", id(noon, 1))
	must(t, err)
	same(t, "row", v.Seq, nil, 5)
	known, err := s.Known(ctx, "acme", [][16]byte{{9}}, noon)
	same(t, "known", known, err, map[[16]byte]switchyard.ID{{9}: id(noon, 3)})
	c, err := s.Configs(ctx, "Acme", 0, 9)
	must(t, err)
	same(t, "source", c[0].Source, nil, "three")
	_, err = s.Prune(ctx, "acme", tables.Horizons{History: switchyard.Never - 1<<40, RequestIDs: noon + 9*switchyard.Instant(switchyard.Day)}, 99)
	must(t, err)
	e, err = s.EndedByID(ctx, "Acme", ended(1, "", "").ID)
	must(t, err)
	same(t, "externalid", e.ExternalID, nil, "three")
}

// ended makes the nth ended interaction, dispatched n minutes after noon.
func ended(n int, externalID, agent string) tables.Ended {
	at := noon + switchyard.Instant(n)*60_000
	return tables.Ended{
		ID: id(at, uint64(n)), ExternalID: externalID, Provider: "CRM", Route: "Fälle", Agent: agent,
		Name: fmt.Sprintf("Änne %d", n), CLID: fmt.Sprintf("+44 %d", n), Outcome: "Delivered",
		Class: switchyard.Chat, Created: at, Ended: at + 1000, Document: fmt.Appendf(nil, `{"n":%d}`, n),
	}
}

func search(t *testing.T, s tables.Store) {
	first, second, third := ended(1, "case-1", "Ada"), ended(2, "CASE-1", "bo"), ended(3, "", "ada")
	third.Route, third.Provider, third.Class = "sales", "", switchyard.Live
	must(t, s.Apply(ctx, []tables.Batch{{Account: "acme", Through: 1, At: noon, Ended: []tables.Ended{second, third, first}}}))
	cases := []struct {
		name string
		q    tables.Query
		want []tables.Ended
	}{
		{"all", tables.Query{}, []tables.Ended{third, second, first}},
		{"agent without case", tables.Query{Agent: "ADA"}, []tables.Ended{third, first}},
		{"route without case", tables.Query{Route: "fÄLLE"}, []tables.Ended{second, first}},
		{"provider without case", tables.Query{Provider: "crm"}, []tables.Ended{second, first}},
		{"externalid byte for byte", tables.Query{ExternalID: "case-1"}, []tables.Ended{first}},
		{"name without case", tables.Query{Text: "äNNE 2"}, []tables.Ended{second}},
		{"part of a clid", tables.Query{Text: "44 3"}, []tables.Ended{third}},
		{"part of an externalid", tables.Query{Text: "ase-"}, []tables.Ended{second, first}},
		{"no pattern", tables.Query{Text: "%"}, nil},
		{"since", tables.Query{Since: second.Created}, []tables.Ended{third, second}},
		{"until", tables.Query{Until: second.Created}, []tables.Ended{first}},
		{"ended since", tables.Query{EndedSince: second.Ended}, []tables.Ended{third, second}},
		{"from to", tables.Query{Since: second.Created, Until: second.Created + 1}, []tables.Ended{second}},
		{"all together", tables.Query{Agent: "ada", Route: "fälle", Provider: "Crm", ExternalID: "case-1", Text: "änne", Since: noon, Until: noon + 1e9}, []tables.Ended{first}},
		{"none", tables.Query{Agent: "ada", Route: "sales", Provider: "crm"}, nil},
	}
	for _, c := range cases {
		c.q.Limit = 10
		got, err := s.SearchEnded(ctx, "acme", c.q)
		same(t, c.name, got, err, c.want)
	}
	later := first
	later.Outcome, later.Agent, later.Document = "Sent", "cy", []byte(`{"after":true}`)
	must(t, s.Apply(ctx, []tables.Batch{{Account: "acme", Through: 2, At: noon, Ended: []tables.Ended{later}}}))
	got, err := s.EndedByID(ctx, "acme", first.ID)
	same(t, "replaced", got, err, &later)
	found, err := s.SearchEnded(ctx, "acme", tables.Query{Agent: "ada", Limit: 9})
	same(t, "by its agent before", found, err, []tables.Ended{third})
}

func pages(t *testing.T, s tables.Store) {
	var all []tables.Ended
	for i := range 95 {
		all = append(all, ended(i/3, "x", []string{"ada", "bo"}[i%2])) // three in the same millisecond
		all[i].ID = id(all[i].Created, uint64(i))
	}
	must(t, s.Apply(ctx, []tables.Batch{{Account: "acme", Through: 1, At: noon, Ended: all}}))
	slices.Reverse(all)
	for _, q := range []tables.Query{{}, {ExternalID: "x"}, {Since: noon}} {
		var got []tables.Ended
		for q.Limit = 10; len(got) <= len(all); q.Before = got[len(got)-1].ID {
			page, err := s.SearchEnded(ctx, "acme", q)
			must(t, err)
			if len(page) == 0 {
				break
			}
			got = append(got, page...)
		}
		same(t, "all pages", got, nil, all)
	}
}

func timeline(t *testing.T, s tables.Store) {
	a, b := id(noon, 1), id(noon, 2)
	row := func(i switchyard.ID, seq switchyard.Seq) tables.TimelineRow {
		return tables.TimelineRow{Interaction: i, Seq: seq, At: noon + switchyard.Instant(seq), By: fmt.Sprint("user:", seq), Events: fmt.Appendf(nil, `[%d]`, seq)}
	}
	must(t, s.Apply(ctx, []tables.Batch{
		{Account: "acme", Through: 3, At: noon, Timeline: []tables.TimelineRow{row(a, 1), row(b, 2), row(a, 3)}},
		{Account: "acme", Through: 12, At: noon, Timeline: []tables.TimelineRow{row(a, 12)}},
	}))
	got, err := s.Timeline(ctx, "acme", a)
	same(t, "timeline", got, err, []tables.TimelineRow{row(a, 1), row(a, 3), row(a, 12)})
}

func digest(n int) (d [16]byte) {
	sum := sha256.Sum256(fmt.Append(nil, n))
	return [16]byte(sum[:16])
}

func requestIDs(t *testing.T, s tables.Store) {
	day := switchyard.Instant(switchyard.Day)
	must(t, s.Apply(ctx, []tables.Batch{{Account: "acme", Through: 1, At: noon, RequestIDs: []tables.RequestID{
		{Digest: digest(1), Interaction: id(noon, 1), At: noon},
		{Digest: digest(2), Interaction: id(noon, 2), At: noon - 2*day},
		{Digest: digest(3), Interaction: id(noon, 3), At: noon - 31*day},
		{Digest: digest(3), Interaction: id(noon, 4), At: noon + day},
	}}}))
	all := [][16]byte{digest(1), digest(2), digest(3), digest(4)}
	known := func(since switchyard.Instant, want map[[16]byte]switchyard.ID) {
		t.Helper()
		got, err := s.Known(ctx, "acme", all, since)
		same(t, "known since "+since.String(), got, err, want)
	}
	known(noon-9*day, map[[16]byte]switchyard.ID{digest(1): id(noon, 1), digest(2): id(noon, 2), digest(3): id(noon, 4)})
	known(noon-2*day, map[[16]byte]switchyard.ID{digest(1): id(noon, 1), digest(2): id(noon, 2), digest(3): id(noon, 4)})
	known(noon-2*day+1, map[[16]byte]switchyard.ID{digest(1): id(noon, 1), digest(3): id(noon, 4)})
	known(noon+1, map[[16]byte]switchyard.ID{digest(3): id(noon, 4)})
	known(noon+5*day, nil)
	must(t, s.Apply(ctx, []tables.Batch{{Account: "acme", Through: 1, At: noon, RequestIDs: []tables.RequestID{
		{Digest: digest(4), Interaction: id(noon, 5), At: noon + 5*day},
	}}}))
	known(noon+5*day, map[[16]byte]switchyard.ID{digest(4): id(noon, 5)})
}

func manyRequestIDs(t *testing.T, s tables.Store) {
	const n = 20_000
	b := tables.Batch{Account: "acme", Through: 1, At: noon}
	for i := range n {
		at := noon + switchyard.Instant(i)*10_000 // over more than two days
		b.RequestIDs = append(b.RequestIDs, tables.RequestID{Digest: digest(i), Interaction: id(at, uint64(i)), At: at})
	}
	must(t, s.Apply(ctx, []tables.Batch{b}))
	var ask [][16]byte
	want := map[[16]byte]switchyard.ID{}
	for i := 0; i < 2*n; i += 7 {
		ask = append(ask, digest(i))
		if i < n {
			want[digest(i)] = b.RequestIDs[i].Interaction
		}
	}
	got, err := s.Known(ctx, "acme", ask, noon)
	same(t, "known", got, err, want)
}

func invocations(t *testing.T, s tables.Store) {
	v := tables.Invocation{Correlation: id(noon, 1), Seq: 4, At: noon}
	must(t, s.Apply(ctx, []tables.Batch{{Account: "acme", Through: 4, At: noon, Invocations: []tables.Invocation{v}}}))
	got, err := s.Invocation(ctx, "acme", v.Correlation)
	same(t, "invocation", got, err, &v)
	got, err = s.Invocation(ctx, "acme", id(noon, 2))
	same(t, "unknown", got, err, nil)
}

func notification(n int, provider, state string) tables.Notification {
	at := noon + switchyard.Instant(n)
	return tables.Notification{
		ID: id(at, uint64(n)), Interaction: id(noon, uint64(n%2)), Provider: provider, State: state, Created: at,
		Document: fmt.Appendf(nil, `{"n":%d}`, n),
	}
}

func notifications(t *testing.T, s tables.Store) {
	one, two, three := notification(1, "CRM", "pending"), notification(2, "crm", "delivered"), notification(3, "other", "pending")
	must(t, s.Apply(ctx, []tables.Batch{{Account: "acme", Through: 1, At: noon, Notifications: []tables.Notification{one, two, three}}}))
	list := func(what string, q tables.NotificationQuery, want ...tables.Notification) {
		t.Helper()
		q.Limit = max(q.Limit, 2)
		got, err := s.Notifications(ctx, "acme", q)
		same(t, what, got, err, want)
	}
	list("first page", tables.NotificationQuery{}, three, two)
	list("second page", tables.NotificationQuery{Before: two.ID}, one)
	list("by provider", tables.NotificationQuery{Provider: "Crm"}, two, one)
	list("by state", tables.NotificationQuery{State: "pending"}, three, one)
	list("by interaction", tables.NotificationQuery{Interaction: id(noon, 1)}, three, one)
	list("by all", tables.NotificationQuery{Interaction: id(noon, 1), Provider: "crm", State: "pending"}, one)
	one.State, one.Document = "failed", []byte(`{"attempts":3}`)
	must(t, s.Apply(ctx, []tables.Batch{{Account: "acme", Through: 2, At: noon, Notifications: []tables.Notification{one}}}))
	got, err := s.Notification(ctx, "acme", one.ID)
	same(t, "one", got, err, &one)
	list("by state", tables.NotificationQuery{State: "pending"}, three)
}

func configs(t *testing.T, s tables.Store) {
	config := func(v int) tables.Config {
		return tables.Config{Version: v, At: noon + switchyard.Instant(v), By: "user:ada", Source: "api", Document: fmt.Appendf(nil, `{"v":%d}`, v)}
	}
	must(t, s.Apply(ctx, []tables.Batch{{Account: "acme", Through: 1, At: noon, Configs: []tables.Config{config(1), config(2), config(3)}}}))
	got, err := s.Configs(ctx, "acme", 0, 2)
	same(t, "newest", got, err, []tables.Config{config(3), config(2)})
	got, err = s.Configs(ctx, "acme", 2, 2)
	same(t, "older", got, err, []tables.Config{config(1)})
	one, err := s.Config(ctx, "acme", 2)
	want := config(2)
	same(t, "one", one, err, &want)
}

// Resealing rewrites every version that holds the old text, and those of this account only.
func reseal(t *testing.T, s tables.Store) {
	config := func(v int, secret string) tables.Config {
		return tables.Config{Version: v, At: noon, By: "user:ada", Source: "api", Document: fmt.Appendf(nil, `{"secrets":{"a":%q,"b":"s1:keep"}}`, secret)}
	}
	must(t, s.Apply(ctx, []tables.Batch{
		{Account: "acme", Through: 1, At: noon, Configs: []tables.Config{config(1, "s1:old"), config(2, "s1:older")}},
		{Account: "other", Through: 1, At: noon, Configs: []tables.Config{config(1, "s1:old")}},
	}))
	must(t, s.Apply(ctx, []tables.Batch{{Account: "acme", Through: 2, At: noon, Configs: []tables.Config{config(3, "s1:old")},
		Reseal: []switchyard.Resealed{{Old: "s1:old", New: "s2:k:new"}, {Old: "s1:unknown", New: "s2:k:x"}}}}))
	got, err := s.Configs(ctx, "acme", 0, 9)
	same(t, "resealed", got, err, []tables.Config{config(3, "s2:k:new"), config(2, "s1:older"), config(1, "s2:k:new")})
	got, err = s.Configs(ctx, "other", 0, 9)
	same(t, "other account", got, err, []tables.Config{config(1, "s1:old")})
}

func erase(t *testing.T, s tables.Store) {
	e, other := ended(1, "case-1", "ada"), ended(2, "case-2", "ada")
	row := tables.TimelineRow{Interaction: e.ID, Seq: 1, At: noon, Events: []byte(`["Änne"]`)}
	must(t, s.Apply(ctx, []tables.Batch{{Account: "acme", Through: 1, At: noon, Ended: []tables.Ended{e, other}, Timeline: []tables.TimelineRow{row}}}))
	last := tables.TimelineRow{Interaction: e.ID, Seq: 2, At: noon, Events: []byte(`["erased"]`)}
	must(t, s.Apply(ctx, []tables.Batch{{Account: "acme", Through: 2, At: noon,
		Timeline: []tables.TimelineRow{last}, Erase: []switchyard.ID{e.ID, id(noon, 99)}}}))

	found, err := s.SearchEnded(ctx, "acme", tables.Query{Text: "änne", Limit: 9})
	same(t, "search by name", found, err, []tables.Ended{other})
	row.Events, _ = Erase("timeline", row.Events)
	last.Events, _ = Erase("timeline", last.Events)
	rows, err := s.Timeline(ctx, "acme", e.ID)
	same(t, "timeline", rows, err, []tables.TimelineRow{row, last})
	e.Name, e.CLID = "", ""
	e.Document, _ = Erase("ended", e.Document)
	found, err = s.SearchEnded(ctx, "acme", tables.Query{Text: "case-1", Limit: 9})
	same(t, "search by externalid", found, err, []tables.Ended{e})
}

func prune(t *testing.T, s tables.Store) {
	day := switchyard.Instant(switchyard.Day)
	b := tables.Batch{Account: "acme", Through: 1, At: noon}
	for i := range 40 {
		at := noon + switchyard.Instant(i)*day
		e := ended(0, "x", "ada")
		e.ID, e.Created, e.Ended = id(at, uint64(i)), at, at+day/2
		b.Ended = append(b.Ended, e)
		b.Timeline = append(b.Timeline, tables.TimelineRow{Interaction: e.ID, Seq: 1, At: at, Events: []byte("[]")})
		n := notification(i, "crm", "delivered")
		n.ID, n.Created = id(at, uint64(i)), at
		b.Notifications = append(b.Notifications, n)
		b.Invocations = append(b.Invocations, tables.Invocation{Correlation: id(at, uint64(i)), Seq: 1, At: at})
		b.RequestIDs = append(b.RequestIDs, tables.RequestID{Digest: digest(i), Interaction: id(at, uint64(i)), At: at})
	}
	for i := range 40 {
		b.Presences = append(b.Presences, tables.Presence{Agent: "ada", Seq: switchyard.Seq(i + 1), At: noon + switchyard.Instant(i)*day,
			Presence: "Ready", Category: switchyard.Ready})
	}
	long := &b.Ended[0] // the oldest, but it ended last
	long.Ended = noon + 39*day
	must(t, s.Apply(ctx, []tables.Batch{b}))
	h := tables.Horizons{History: noon + 10*day, Notifications: noon + 20*day, Invocations: noon + 30*day, RequestIDs: noon + 35*day}
	total := 0
	for gone := 7; gone == 7; {
		var err error
		gone, err = s.Prune(ctx, "acme", h, 7)
		must(t, err)
		total += gone
	}
	same(t, "pruned", total, nil, 9+10+20+30+35)
	changes, err := s.Presences(ctx, "acme", 0, switchyard.Never)
	must(t, err)
	same(t, "presences left", len(changes), nil, 30)
	same(t, "the presence in force at the horizon", changes[0].At, nil, noon+10*day)

	found, err := s.SearchEnded(ctx, "acme", tables.Query{Limit: 99})
	must(t, err)
	same(t, "ended left", len(found), nil, 31)
	same(t, "the oldest", found[30].ID, nil, long.ID)
	for i := range 40 {
		at := noon + switchyard.Instant(i)*day
		rows, err := s.Timeline(ctx, "acme", id(at, uint64(i)))
		must(t, err)
		same(t, fmt.Sprint("timeline ", i), len(rows) == 1, nil, i == 0 || i >= 10)
		n, err := s.Notification(ctx, "acme", id(at, uint64(i)))
		must(t, err)
		same(t, fmt.Sprint("notification ", i), n != nil, nil, i >= 20)
		v, err := s.Invocation(ctx, "acme", id(at, uint64(i)))
		must(t, err)
		same(t, fmt.Sprint("invocation ", i), v != nil, nil, i >= 30)
		known, err := s.Known(ctx, "acme", [][16]byte{digest(i)}, noon)
		must(t, err)
		same(t, fmt.Sprint("request id ", i), len(known) == 1, nil, i >= 35)
	}
}
