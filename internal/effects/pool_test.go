package effects

import (
	"fmt"
	"math/rand/v2"
	"testing"
)

// Accounts that keep what they get leave each one that comes after them half of what one before it got
// at most.
func TestPlacesAreLeftForTheNextAccount(t *testing.T) {
	p := newPool(1024)
	want := []int{512, 256, 128, 64, 32, 16, 8, 4, 2, 1}
	for n, places := range want {
		account := fmt.Sprint("account", n)
		for range 2000 {
			p.queue(&target{name: Target{Account: account}})
		}
		for p.next() != nil {
			p.take(account)
		}
		if got := p.share(account).taken; got != places {
			t.Errorf("account %d got %d places; want %d", n, got, places)
		}
	}
	// One is free: an account that has none gets it, whoever else stands in line.
	p.queue(&target{name: Target{Account: "late"}})
	if got := p.next(); got == nil || got.name.Account != "late" {
		t.Errorf("the last place went to %v", got)
	}
}

// Accounts take turns, however many targets each has, and one that may have no more is passed over
// without losing its targets or their order.
func TestAccountsTakeTurns(t *testing.T) {
	p := newPool(1000)
	for n := range 6 {
		p.queue(&target{name: Target{"many", "", fmt.Sprint(n)}})
	}
	for n := range 2 {
		p.queue(&target{name: Target{"few", "", fmt.Sprint(n)}})
	}
	order := ""
	for t := p.next(); t != nil; t = p.next() {
		order += t.name.Account[:1] + t.name.Name + " "
	}
	if want := "m0 f0 m1 f1 m2 m3 m4 m5 "; order != want {
		t.Errorf("the order is %s; want %s", order, want)
	}
	if len(p.shares) != 0 {
		t.Errorf("%d accounts are remembered that want nothing", len(p.shares))
	}
}

// In every state next finds a target if any account in line has fewer places than are free, and of no
// other account; every target gets its place in the order of its account.
func TestRandomPools(t *testing.T) {
	seed := rand.Uint64()
	r := rand.New(rand.NewPCG(seed, 0))
	for range 300 {
		p := newPool(1 + r.IntN(12))
		taken, waiting, served := map[string]int{}, map[string]int{}, map[string]int{}
		queued := map[string]int{}
		free := func() int {
			n := p.places
			for _, t := range taken {
				n -= t
			}
			return n
		}
		for range 300 {
			account := fmt.Sprint(r.IntN(5))
			switch r.IntN(3) {
			case 0:
				p.queue(&target{name: Target{account, "", fmt.Sprint(queued[account])}})
				queued[account], waiting[account] = queued[account]+1, waiting[account]+1
			case 1:
				if taken[account] > 0 {
					p.free(account)
					taken[account]--
				}
			case 2:
				may := false
				for a, n := range waiting {
					may = may || n > 0 && taken[a] < free()
				}
				got := p.next()
				if got == nil {
					if may {
						t.Fatalf("seed %d: nobody got one of %d places; taken %v, waiting %v", seed, p.places, taken, waiting)
					}
					continue
				}
				a := got.name.Account
				if taken[a] >= free() || got.name.Name != fmt.Sprint(served[a]) {
					t.Fatalf("seed %d: target %v of %d places; taken %v, served %v", seed, got.name, p.places, taken, served)
				}
				p.take(a)
				taken[a], waiting[a], served[a] = taken[a]+1, waiting[a]-1, served[a]+1
			}
		}
	}
}
