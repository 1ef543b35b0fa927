package effects

import (
	"slices"
	"testing"

	"switchyard"
)

func TestHandover(t *testing.T) {
	var handed []int
	room := map[string]int{"p": 2, "q": 100}
	h := NewHandover("acme", func(_ string, e *switchyard.Effect) bool {
		if room[e.Provider] == 0 {
			return false
		}
		room[e.Provider]--
		handed = append(handed, int(e.ID.Counter()))
		return true
	})
	state := map[switchyard.ID]*switchyard.Effect{}
	give := func(n int, provider string) {
		e := effect(n, provider)
		state[e.ID] = e
		h.Give(e)
	}
	for n := range 8 {
		give(n, "p")
	}
	give(20, "q")
	if want := []int{0, 1, 20}; !slices.Equal(handed, want) || h.Behind() != 6 {
		t.Fatalf("handed over %v, %d behind; want %v", handed, h.Behind(), want)
	}
	find := func(id switchyard.ID) *switchyard.Effect { return state[id] }
	p := Target{"acme", switchyard.EffectCallback, "p"}
	// Room came, but what is behind goes first; one is gone, one was given anew at another attempt.
	room["p"] = 3
	delete(state, effect(3, "").ID)
	state[effect(4, "").ID].Attempt = 2
	give(9, "p")
	h.Room(p, find)
	if want := []int{0, 1, 20, 2, 5, 6}; !slices.Equal(handed, want) || h.Behind() != 2 {
		t.Fatalf("handed over %v, %d behind; want %v", handed, h.Behind(), want)
	}
	room["p"] = 100
	h.Room(p, find)
	h.Room(p, find)
	give(10, "p")
	if want := []int{0, 1, 20, 2, 5, 6, 7, 9, 10}; !slices.Equal(handed, want) || h.Behind() != 0 {
		t.Fatalf("handed over %v, %d behind; want %v", handed, h.Behind(), want)
	}
}
