package sqlite

import (
	"bytes"
	"cmp"
	"context"
	"database/sql/driver"
	"fmt"
	"slices"
	"strings"

	"switchyard"
	"switchyard/internal/journal"
	"switchyard/internal/sqlitedb"
	"switchyard/internal/tables"
)

var (
	deleteCheckpoint = sqlitedb.NewDelete("checkpoint", "account, kind, key", 3)
	putCheckpoint    = sqlitedb.NewReplace("checkpoint(account, kind, key, value)", 4)
	deleteLive       = sqlitedb.NewDelete("live", "account, id", 2)
	putLive          = sqlitedb.NewReplace("live(account, id, value)", 3)
	putEnded         = sqlitedb.NewRareReplace("ended(account, id, externalid, provider, route, agent, spelled,"+
		" name, clid, outcome, class, created, ended, text)", 14)
	putDocument     = sqlitedb.NewRareReplace("ended_document(account, id, document)", 3)
	putPresence     = sqlitedb.NewReplace("presence(account, agent, seq, at, username, presence, category)", 7)
	putTimeline     = sqlitedb.NewRareReplace("timeline(account, interaction, seq, at, asked, events)", 6)
	putRequestID    = sqlitedb.NewRareReplace("requestid(account, day, digest, interaction, at)", 5)
	putInvocation   = sqlitedb.NewRareReplace("invocation(account, correlation, seq, at)", 4)
	putNotification = sqlitedb.NewReplace("notification(account, id, interaction, provider, spelled, state,"+
		" created, document)", 8)
	putConfig = sqlitedb.NewReplace(`config(account, version, at, "by", source, document)`, 6)
)

// Apply implements tables.Store.
func (s *Store) Apply(ctx context.Context, batches []tables.Batch) error {
	s.apply.Lock()
	defer s.apply.Unlock()
	changed := make(map[string]account)
	err := s.db.Write(ctx, func(tx *sqlitedb.Tx) error {
		for i := range batches {
			if err := s.applyBatch(tx, &batches[i], changed); err != nil {
				return fmt.Errorf("account %q through row %d: %w", batches[i].Account, batches[i].Through, err)
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("apply to the tables: %w", err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for name, a := range changed {
		s.accounts[name] = a
	}
	return nil
}

func (s *Store) applyBatch(tx *sqlitedb.Tx, b *tables.Batch, changed map[string]account) error {
	a, mine := changed[b.Account]
	if !mine {
		a = s.account(b.Account)
	}
	if b.Through <= a.through {
		return s.applyRequestIDs(tx, a.number, b)
	}
	a, err := moveOffset(tx, a, b)
	if err != nil {
		return err
	}
	changed[b.Account] = a
	steps := [...]func(*sqlitedb.Tx, int64, *tables.Batch) error{
		applyCheckpoint, applyEnded, applyTimeline, applyPresences, s.applyRequestIDs, applyInvocations,
		applyNotifications, applyConfigs, applyReseal, s.applyErase,
	}
	for _, step := range steps {
		if err := step(tx, a.number, b); err != nil {
			return err
		}
	}
	return nil
}

func moveOffset(tx *sqlitedb.Tx, a account, b *tables.Batch) (account, error) {
	a.through, a.at = b.Through, b.At
	if a.number != 0 {
		return a, tx.Exec("UPDATE account SET through = ?, at = ? WHERE number = ?",
			int64(a.through), int64(a.at), a.number)
	}
	err := tx.Exec("INSERT INTO account(name, through, at) VALUES (?, ?, ?)", b.Account, int64(a.through), int64(a.at))
	if err != nil {
		return a, err
	}
	return a, tx.Query("SELECT last_insert_rowid()", nil, func(v []driver.Value) error {
		a.number = v[0].(int64)
		return nil
	})
}

func applyCheckpoint(tx *sqlitedb.Tx, account int64, b *tables.Batch) error {
	var gone, other []int // places in b.Delete: live interactions, and the rest
	for i := range b.Delete {
		if _, live := liveID(b.Delete[i].Kind, b.Delete[i].Key); live {
			gone = append(gone, i)
		} else {
			other = append(other, i)
		}
	}
	err := tx.Insert(deleteLive, len(gone), func(i int, add func(driver.Value)) {
		id, _ := liveID(kindLive, b.Delete[gone[i]].Key)
		add(account)
		add(id[:])
	})
	if err != nil {
		return err
	}
	err = tx.Insert(deleteCheckpoint, len(other), func(i int, add func(driver.Value)) {
		add(account)
		add(b.Delete[other[i]].Kind)
		add(b.Delete[other[i]].Key)
	})
	if err != nil {
		return err
	}
	return putValues(tx, account, b.Put)
}

// kindLive is the kind of values that have a table of their own.
const kindLive = "interaction"

// liveID tells whether a value of the checkpoint is a live interaction, and which.
func liveID(kind, key string) (switchyard.ID, bool) {
	if kind != kindLive {
		return switchyard.ID{}, false
	}
	id, err := switchyard.ParseID(key)
	return id, err == nil
}

func putValues(tx *sqlitedb.Tx, account int64, put []journal.Entry) error {
	var live, other []int
	for i := range put {
		if _, is := liveID(put[i].Kind, put[i].Key); is {
			live = append(live, i)
		} else {
			other = append(other, i)
		}
	}
	err := tx.Insert(putLive, len(live), func(i int, add func(driver.Value)) {
		e := &put[live[i]]
		id, _ := liveID(kindLive, e.Key)
		add(account)
		add(id[:])
		add(blob(e.Value))
	})
	if err != nil {
		return err
	}
	return tx.Insert(putCheckpoint, len(other), func(i int, add func(driver.Value)) {
		e := &put[other[i]]
		add(account)
		add(e.Kind)
		add(e.Key)
		add(blob(e.Value))
	})
}

func applyEnded(tx *sqlitedb.Tx, account int64, b *tables.Batch) error {
	err := tx.Insert(putEnded, len(b.Ended), func(i int, add func(driver.Value)) {
		addEnded(account, &b.Ended[i], add)
	})
	if err != nil {
		return err
	}
	return tx.Insert(putDocument, len(b.Ended), func(i int, add func(driver.Value)) {
		add(account)
		add(b.Ended[i].ID[:])
		add(blob(b.Ended[i].Document))
	})
}

func addEnded(account int64, e *tables.Ended, add func(driver.Value)) {
	provider, route, agent := switchyard.CaseKey(e.Provider), switchyard.CaseKey(e.Route), switchyard.CaseKey(e.Agent)
	add(account)
	add(e.ID[:])
	add(e.ExternalID)
	add(provider)
	add(route)
	add(agent)
	if provider != e.Provider || route != e.Route || agent != e.Agent {
		add(e.Provider + separator + e.Route + separator + e.Agent)
	} else {
		add(nil)
	}
	add(e.Name)
	add(e.CLID)
	add(e.Outcome)
	add(int64(e.Class))
	add(int64(e.Created))
	add(int64(e.Ended))
	add(searchText(e.Name, e.CLID, e.ExternalID))
}

// separator stands between texts in one column; no name or number holds it.
const separator = "\x1f"

func searchText(name, clid, externalID string) string {
	return switchyard.CaseKey(name + separator + clid + separator + externalID)
}

func applyTimeline(tx *sqlitedb.Tx, account int64, b *tables.Batch) error {
	return tx.Insert(putTimeline, len(b.Timeline), func(i int, add func(driver.Value)) {
		r := &b.Timeline[i]
		add(account)
		add(r.Interaction[:])
		add(int64(r.Seq))
		add(int64(r.At))
		add(r.By)
		add(blob(r.Events))
	})
}

func applyPresences(tx *sqlitedb.Tx, account int64, b *tables.Batch) error {
	return tx.Insert(putPresence, len(b.Presences), func(i int, add func(driver.Value)) {
		p := &b.Presences[i]
		add(account)
		add(switchyard.CaseKey(p.Agent))
		add(int64(p.Seq))
		add(int64(p.At))
		add(p.Agent)
		add(p.Presence)
		add(string(p.Category))
	})
}

func (s *Store) applyRequestIDs(tx *sqlitedb.Tx, account int64, b *tables.Batch) error {
	// The filters learn first: an id too many in them costs a lookup, one too few an error.
	s.known.add(account, b.RequestIDs)
	// In the order of the table, so that every page of it is touched once.
	ids := slices.Clone(b.RequestIDs)
	slices.SortFunc(ids, func(x, y tables.RequestID) int {
		if d := cmp.Compare(dayOf(x.At), dayOf(y.At)); d != 0 {
			return d
		}
		return bytes.Compare(x.Digest[:], y.Digest[:])
	})
	return tx.Insert(putRequestID, len(ids), func(i int, add func(driver.Value)) {
		r := &ids[i]
		add(account)
		add(dayOf(r.At))
		add(r.Digest[:])
		add(r.Interaction[:])
		add(int64(r.At))
	})
}

func applyInvocations(tx *sqlitedb.Tx, account int64, b *tables.Batch) error {
	return tx.Insert(putInvocation, len(b.Invocations), func(i int, add func(driver.Value)) {
		v := &b.Invocations[i]
		add(account)
		add(v.Correlation[:])
		add(int64(v.Seq))
		add(int64(v.At))
	})
}

func applyNotifications(tx *sqlitedb.Tx, account int64, b *tables.Batch) error {
	return tx.Insert(putNotification, len(b.Notifications), func(i int, add func(driver.Value)) {
		n := &b.Notifications[i]
		provider := switchyard.CaseKey(n.Provider)
		add(account)
		add(n.ID[:])
		add(n.Interaction[:])
		add(provider)
		if provider != n.Provider {
			add(n.Provider)
		} else {
			add(nil)
		}
		add(n.State)
		add(int64(n.Created))
		add(blob(n.Document))
	})
}

func applyConfigs(tx *sqlitedb.Tx, account int64, b *tables.Batch) error {
	return tx.Insert(putConfig, len(b.Configs), func(i int, add func(driver.Value)) {
		c := &b.Configs[i]
		add(account)
		add(int64(c.Version))
		add(int64(c.At))
		add(c.By)
		add(c.Source)
		add(blob(c.Document))
	})
}

// applyReseal rewrites the versions of the config that hold a credential sealed with an older key.
func applyReseal(tx *sqlitedb.Tx, account int64, b *tables.Batch) error {
	if len(b.Reseal) == 0 {
		return nil
	}
	with := switchyard.Replacements(b.Reseal)
	var versions []int64
	err := tx.Query("SELECT version FROM config WHERE account = ?", []driver.Value{account}, func(v []driver.Value) error {
		versions = append(versions, v[0].(int64))
		return nil
	})
	for _, version := range versions {
		if err == nil {
			err = resealConfig(tx, account, version, with)
		}
	}
	return err
}

func resealConfig(tx *sqlitedb.Tx, account, version int64, with map[switchyard.Sealed]switchyard.Sealed) error {
	var document []byte
	var changed bool
	err := tx.Query("SELECT document FROM config WHERE account = ? AND version = ?", []driver.Value{account, version},
		func(v []driver.Value) error {
			document, changed = switchyard.ReplaceSealed(v[0].([]byte), with)
			return nil
		})
	if err != nil || !changed {
		return err
	}
	return tx.Exec("UPDATE config SET document = ? WHERE account = ? AND version = ?", document, account, version)
}

// applyErase blanks the columns that name a person, and has the documents and timelines rewritten.
func (s *Store) applyErase(tx *sqlitedb.Tx, account int64, b *tables.Batch) error {
	for _, id := range b.Erase {
		if err := s.eraseEnded(tx, account, id); err != nil {
			return fmt.Errorf("erase interaction %s: %w", id, err)
		}
		if err := s.eraseTimeline(tx, account, id); err != nil {
			return fmt.Errorf("erase the timeline of interaction %s: %w", id, err)
		}
	}
	return nil
}

func (s *Store) eraseEnded(tx *sqlitedb.Tx, account int64, id switchyard.ID) error {
	key := []driver.Value{account, id[:]}
	var document []byte
	err := tx.Query("SELECT document FROM ended_document WHERE account = ? AND id = ?", key,
		func(v []driver.Value) (err error) {
			document, err = s.erase(KindEnded, bytesOf(v[0]))
			return err
		})
	if err != nil || document == nil {
		return err
	}
	err = tx.Exec("UPDATE ended_document SET document = ? WHERE account = ? AND id = ?", document, account, id[:])
	if err != nil {
		return err
	}
	var externalID string
	err = tx.Query("SELECT externalid FROM ended WHERE account = ? AND id = ?", key, func(v []driver.Value) error {
		externalID = strings.Clone(v[0].(string))
		return nil
	})
	if err != nil {
		return err
	}
	return tx.Exec("UPDATE ended SET name = '', clid = '', text = ? WHERE account = ? AND id = ?",
		searchText("", "", externalID), account, id[:])
}

func (s *Store) eraseTimeline(tx *sqlitedb.Tx, account int64, id switchyard.ID) error {
	erased := make(map[int64][]byte)
	err := tx.Query("SELECT seq, events FROM timeline WHERE account = ? AND interaction = ?",
		[]driver.Value{account, id[:]}, func(v []driver.Value) (err error) {
			erased[v[0].(int64)], err = s.erase(KindTimeline, bytesOf(v[1]))
			return err
		})
	if err != nil {
		return err
	}
	for seq, events := range erased {
		err := tx.Exec("UPDATE timeline SET events = ? WHERE account = ? AND interaction = ? AND seq = ?",
			blob(events), account, id[:], seq)
		if err != nil {
			return err
		}
	}
	return nil
}

// blob gives a column that must not be null something to hold.
func blob(b []byte) []byte {
	if b == nil {
		return []byte{}
	}
	return b
}

// bytesOf reads a blob; the driver gives nil for an empty one.
func bytesOf(v driver.Value) []byte {
	b, _ := v.([]byte)
	return b
}
