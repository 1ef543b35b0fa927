package effects

// pool is a number of places for attempts. The accounts that want one get them in turn, and so do the
// targets of each. An account gets one only while more are free than it has: alone it takes half of
// them, and however many it fills with attempts that hang, the next account finds as many free, the one
// after that half as many, and so on. Nobody has to know beforehand how many accounts there are, and
// no place has to be taken back (Choudhury and Hahne, Dynamic queue length thresholds, 1998).
type pool struct {
	places int
	taken  int
	shares map[string]*share // of accounts that have places or want some
	line   fifo[*share]      // those that want some
}

// share is one account's part of a pool.
type share struct {
	account string
	taken   int
	line    fifo[*target] // that want a place; while there are any, the share stands in the pool's line
}

func newPool(places int) *pool { return &pool{places: places, shares: map[string]*share{}} }

func (p *pool) share(account string) *share {
	s := p.shares[account]
	if s == nil {
		s = &share{account: account}
		p.shares[account] = s
	}
	return s
}

// queue puts t at the end of its account's line.
func (p *pool) queue(t *target) {
	s := p.share(t.name.Account)
	s.line.push(t)
	if s.line.size() == 1 {
		p.line.push(s)
	}
}

// next takes the target out of the line that may have a place now; nil = none may. Accounts that
// have as many as are free are passed over: that they are few is sure, because together they have no
// more than there are.
func (p *pool) next() *target {
	free := p.places - p.taken
	for range p.line.size() {
		if free == 0 {
			return nil
		}
		s := p.line.pop()
		if s.taken >= free {
			p.line.push(s)
			continue
		}
		t := s.line.pop()
		if s.line.size() > 0 {
			p.line.push(s)
		}
		p.forget(s)
		return t
	}
	return nil
}

func (p *pool) take(account string) {
	p.taken++
	p.share(account).taken++
}

func (p *pool) free(account string) {
	p.taken--
	s := p.shares[account]
	s.taken--
	p.forget(s)
}

func (p *pool) forget(s *share) {
	if s.taken == 0 && s.line.size() == 0 {
		delete(p.shares, s.account)
	}
}
