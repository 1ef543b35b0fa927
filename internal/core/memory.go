package core

import (
	"cmp"
	"crypto/sha256"
	"encoding/json"
	"slices"

	"switchyard"
)

// RequestDigest is the form request ids are remembered in: the first half of their SHA-256.
func RequestDigest(requestID string) [16]byte {
	sum := sha256.Sum256([]byte(requestID))
	return [16]byte(sum[:16])
}

// requestIDs remembers the accepted request ids that are not known to be in the tables yet, in the
// order they came.
type requestIDs struct {
	place   map[[16]byte]uint32 // where in kept an id is, its latest; counted from first
	kept    []keptRequest
	first   uint32 // place of the first in kept; the count may run over, as only differences matter
	rows    []rowRequests
	flushed switchyard.Seq
}

// keptRequest is an accepted request id and the interaction it was about.
type keptRequest struct {
	digest      [16]byte
	interaction switchyard.ID
}

// rowRequests says which of the kept ids were accepted in one row: those up to end, from where the
// row before ends.
type rowRequests struct {
	seq switchyard.Seq
	at  switchyard.Instant
	end uint32
}

func newRequestIDs() requestIDs { return requestIDs{place: map[[16]byte]uint32{}} }

// find tells what a request id was used for, unless that was before since.
func (r *requestIDs) find(requestID string, since switchyard.Instant) (switchyard.ID, bool) {
	place, found := r.place[RequestDigest(requestID)]
	if !found {
		return switchyard.ID{}, false
	}
	row, _ := slices.BinarySearchFunc(r.rows, place-r.first, func(row rowRequests, n uint32) int {
		return cmp.Compare(row.end-r.first, n+1)
	})
	return r.kept[place-r.first].interaction, r.rows[row].at >= since
}

// accept remembers the accepted requests of a call.
func (r *requestIDs) accept(seq switchyard.Seq, at switchyard.Instant, results []switchyard.RequestResult) {
	before := len(r.kept)
	for _, result := range results {
		if result.Status == switchyard.StatusAccepted && result.RequestID != "" {
			r.add(RequestDigest(result.RequestID), result.Interaction)
		}
	}
	r.endRow(seq, at, before)
}

func (r *requestIDs) add(digest [16]byte, interaction switchyard.ID) {
	r.place[digest] = r.first + uint32(len(r.kept))
	r.kept = append(r.kept, keptRequest{digest, interaction})
}

// endRow makes what was added since there were before ids those of a row.
func (r *requestIDs) endRow(seq switchyard.Seq, at switchyard.Instant, before int) {
	if len(r.kept) > before {
		r.rows = append(r.rows, rowRequests{seq, at, r.first + uint32(len(r.kept))})
	}
}

// flush forgets what came in rows up to through.
func (r *requestIDs) flush(through switchyard.Seq) {
	r.flushed = max(r.flushed, through)
	n := 0
	for ; n < len(r.rows) && r.rows[n].seq <= through; n++ {
	}
	if n == 0 {
		return
	}
	gone := r.rows[n-1].end - r.first
	for at, k := range r.kept[:gone] {
		if r.place[k.digest] == r.first+uint32(at) {
			delete(r.place, k.digest)
		}
	}
	r.kept, r.rows, r.first = slices.Clone(r.kept[gone:]), slices.Clone(r.rows[n:]), r.first+gone
}

// of returns the ids accepted in a row, given its place among rows.
func (r *requestIDs) of(n int) []keptRequest {
	from := r.first
	if n > 0 {
		from = r.rows[n-1].end
	}
	return r.kept[from-r.first : r.rows[n].end-r.first]
}

// RecentCount is how many request ids the state remembers.
func (s *State) RecentCount() int { return len(s.requests.kept) }

// RecentSeq returns the rows of the oldest and the newest remembered request id; 0 when none.
func (s *State) RecentSeq() (oldest, newest switchyard.Seq) {
	if n := len(s.requests.rows); n > 0 {
		return s.requests.rows[0].seq, s.requests.rows[n-1].seq
	}
	return 0, 0
}

// RecentThrough calls f with the remembered request ids that were accepted in rows up to through, what
// became of them, and when.
func (s *State) RecentThrough(through switchyard.Seq, f func(digest [16]byte, interaction switchyard.ID, at switchyard.Instant)) {
	for n, row := range s.requests.rows {
		if row.seq > through {
			return
		}
		for _, k := range s.requests.of(n) {
			f(k.digest, k.interaction, row.at)
		}
	}
}

// answers remembers what was answered to Idempotency-Keys, for 24 hours.
type answers struct {
	byKey map[string]*AnswerRecord
	order []*AnswerRecord
}

// AnswerRecord is one remembered answer.
type AnswerRecord struct {
	Key    string             `json:"key"`
	Body   string             `json:"body"`
	Answer string             `json:"answer"`
	At     switchyard.Instant `json:"at"`
}

const keepAnswers = 24 * switchyard.Hour

func newAnswers() answers { return answers{byKey: map[string]*AnswerRecord{}} }

// kept answers a repeated Idempotency-Key as the first time.
func (s *State) kept(env *switchyard.Envelope) (Decision, bool) {
	before := s.answerTo(env.Key, env.At)
	if before == nil {
		return Decision{}, false
	}
	if before.Body != env.Body {
		return Decision{Refused: switchyard.Refuse(switchyard.IdempotencyMismatch,
			"this Idempotency-Key came with another request at %v; use a new key for a new request", before.At)}, true
	}
	return Decision{Answer: before.decode(env.Input)}, true
}

// Answered reports whether an Idempotency-Key that comes again now is answered as the first time, so
// that its call need not be prepared again. When the call is decided later, that may be over.
func (s *State) Answered(key string, now switchyard.Instant) bool { return s.answerTo(key, now) != nil }

// answerTo is the answer that a repeated Idempotency-Key gets, nil when it counts as new. An answer
// that is too old stays in the state until the next one is kept.
func (s *State) answerTo(key string, now switchyard.Instant) *AnswerRecord {
	if before := s.answers.byKey[key]; key != "" && before != nil && before.At.Add(keepAnswers) > now {
		return before
	}
	return nil
}

// keptInteraction and keptAgent are answers with the members that a checkpoint leaves out.
type keptInteraction struct {
	*Record
	Unserveable bool `json:"unserveable,omitzero"`
	Lost        bool `json:"lost,omitzero"`
}

type keptAgent struct {
	*AgentRecord
	Entry        switchyard.AgentEntry `json:"entry"`
	Load         int                   `json:"load"`
	Interactions []switchyard.ID       `json:"interactions,omitempty"`
}

// decode reads an answer as the input's type has it.
func (r *AnswerRecord) decode(in switchyard.Input) (answer any) {
	var err error
	read := func(v any) { err = json.Unmarshal([]byte(r.Answer), v) }
	switch in.(type) {
	case *switchyard.Act:
		v := keptInteraction{Record: new(Record)}
		read(&v)
		v.Record.Lost = v.Lost
		if v.Unserveable {
			v.Record.NoServer = r.At
		}
		answer = v.Record
	case *switchyard.SetPresence:
		v := keptAgent{AgentRecord: new(AgentRecord)}
		read(&v)
		v.AgentRecord.Entry, v.AgentRecord.Load, v.AgentRecord.Interactions = v.Entry, v.Load, v.Interactions
		answer = v.AgentRecord
	case *switchyard.Publish:
		v := Published{}
		read(&v)
		answer = v
	case *switchyard.SaveDraft:
		v := Draft{}
		read(&v)
		answer = v
	case *switchyard.RotateSecret:
		v := Rotated{}
		read(&v)
		answer = v
	}
	assert(err == nil, "kept answer of %q: %v", r.Key, err)
	return answer
}

// encodeAnswer writes an answer of now so that decode finds all of it. An agent's password is no part of it.
func encodeAnswer(answer any, now switchyard.Instant) ([]byte, error) {
	switch v := answer.(type) {
	case *Record:
		return json.Marshal(keptInteraction{v, v.Unserveable(now), v.Lost})
	case *AgentRecord:
		entry := v.Entry
		entry.Password = ""
		return json.Marshal(keptAgent{v, entry, v.Load, v.Interactions})
	}
	return json.Marshal(answer)
}

// keep remembers the answer to an input that came with an Idempotency-Key.
func (s *State) keep(env *switchyard.Envelope, answer any) {
	if env.Key == "" {
		return
	}
	text, err := encodeAnswer(answer, s.now)
	assert(err == nil, "answer to %q: %v", env.Key, err)
	s.emit(&switchyard.AnswerKept{Key: env.Key, Body: env.Body, Answer: string(text)})
}

func (s *State) foldAnswer(e *switchyard.AnswerKept) {
	a := &AnswerRecord{Key: e.Key, Body: e.Body, Answer: e.Answer, At: s.now}
	for len(s.answers.order) > 0 && s.answers.order[0].At.Add(keepAnswers) <= s.now {
		s.forgetAnswer()
	}
	s.addAnswer(a)
}

func (s *State) addAnswer(a *AnswerRecord) {
	s.answers.byKey[a.Key] = a
	s.answers.order = append(s.answers.order, a)
	s.changes.mark("answer", a.Key)
}

func (s *State) forgetAnswer() {
	old := s.answers.order[0]
	s.answers.order = s.answers.order[1:]
	if s.answers.byKey[old.Key] == old {
		delete(s.answers.byKey, old.Key)
		s.changes.mark("answer", old.Key)
	}
}

// expiring remembers tokens or sessions by hash, in the order they were made.
type expiring[T any] struct {
	byHash map[string]T
	order  []string
}

func newExpiring[T any]() expiring[T] { return expiring[T]{byHash: map[string]T{}} }

// add remembers one and forgets those at the old end that expired before wall.
func (x *expiring[T]) add(hash string, v T, expired func(T) bool, forget func(hash string)) {
	for len(x.order) > 0 {
		old, there := x.byHash[x.order[0]]
		if there && !expired(old) {
			break
		}
		if there {
			forget(x.order[0])
		}
		x.order = x.order[1:]
	}
	x.byHash[hash] = v
	x.order = append(x.order, hash)
}

func (s *State) foldToken(e *switchyard.TokenIssued) {
	s.tokens.add(e.Hash, e, func(old *switchyard.TokenIssued) bool { return old.Expires <= e.Wall }, s.forgetToken)
	s.changes.mark("token", e.Hash)
}

func (s *State) forgetToken(hash string) {
	delete(s.tokens.byHash, hash)
	s.changes.mark("token", hash)
}

func (s *State) foldSession(e *switchyard.SessionOpened) {
	s.sessions.add(e.Hash, e, func(old *switchyard.SessionOpened) bool { return old.Expires <= e.Wall }, s.forgetSession)
	s.changes.mark("session", e.Hash)
}

func (s *State) forgetSession(hash string) {
	delete(s.sessions.byHash, hash)
	s.changes.mark("session", hash)
}

func (s *State) decideCloseSession(in *switchyard.CloseSession) {
	if open := s.sessions.byHash[in.Hash]; open != nil {
		s.emit(&switchyard.SessionClosed{Agented: open.Agented, Hash: in.Hash})
	}
}

// foldPassword replaces a password in the document in force and ends the user's other sessions.
func (s *State) foldPassword(e *switchyard.PasswordChanged) {
	doc := *s.config.Document
	doc.Agents = slices.Clone(doc.Agents)
	for n := range doc.Agents {
		if switchyard.CaseKey(doc.Agents[n].Username) == switchyard.CaseKey(e.Agent) {
			doc.Agents[n].Password = e.Password
		}
	}
	s.config.Document = &doc
	s.changes.config(s.config.Version)
	for _, hash := range slices.Sorted(keys(s.sessions.byHash)) {
		if hash != e.Keep && switchyard.CaseKey(s.sessions.byHash[hash].Agent) == switchyard.CaseKey(e.Agent) {
			s.forgetSession(hash)
		}
	}
}

// revoke ends the tokens of clients that are gone or have another secret, and the sessions of users
// that are gone or have another password, after a new config.
func (s *State) revoke(old, now *switchyard.Account) {
	if old == nil {
		return
	}
	secrets := func(doc *switchyard.Account) (clients, users map[string]string) {
		clients, users = map[string]string{}, map[string]string{}
		for _, c := range doc.Clients {
			clients[c.ID] = c.Secret
		}
		for _, a := range doc.Agents {
			users[switchyard.CaseKey(a.Username)] = a.Password
		}
		return clients, users
	}
	oldClients, oldUsers := secrets(old)
	newClients, newUsers := secrets(now)
	for _, hash := range slices.Sorted(keys(s.tokens.byHash)) {
		client := s.tokens.byHash[hash].Client
		if secret, there := newClients[client]; !there || secret != oldClients[client] {
			s.forgetToken(hash)
		}
	}
	for _, hash := range slices.Sorted(keys(s.sessions.byHash)) {
		user := switchyard.CaseKey(s.sessions.byHash[hash].Agent)
		if password, there := newUsers[user]; !there || password != oldUsers[user] {
			s.forgetSession(hash)
		}
	}
}

// Tokens calls f with every token that may be valid.
func (s *State) Tokens(f func(*switchyard.TokenIssued)) {
	for _, hash := range slices.Sorted(keys(s.tokens.byHash)) {
		f(s.tokens.byHash[hash])
	}
}

// Sessions calls f with every session that may be open.
func (s *State) Sessions(f func(*switchyard.SessionOpened)) {
	for _, hash := range slices.Sorted(keys(s.sessions.byHash)) {
		f(s.sessions.byHash[hash])
	}
}
