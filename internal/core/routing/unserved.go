package routing

import "switchyard"

// Unserved calls f with waiting items that nobody who is logged in may take, whatever its presence
// and room: ever reports that no agent of the account could, as the bucket's requirements are now.
// Of each bucket it looks at those that wait longest, at most limit and what came out of order, and
// reports whether that was everything. Items for one agent alone are left out; time ends that.
func (x *Index) Unserved(limit int, f func(it *Item, ever bool)) (everything bool) {
	everything = true
	for _, b := range x.buckets {
		if b == nil || b.target != nil || b.lane.len() == 0 || x.anyEligible(&b.need, x.loggedIn) {
			continue
		}
		ever := !x.anyEligible(&b.need, x.present)
		b.lane.eachUpTo(limit, func(it *Item) { f(it, ever) })
		everything = everything && b.lane.len() <= limit
	}
	return everything
}

// anyEligible reports whether one of the agents has the requirements and is in the groups.
func (x *Index) anyEligible(n *need, among bitset) bool {
	for i, w := range among {
		if w != 0 && w&n.eligibleWord(x, i) != 0 {
			return true
		}
	}
	return false
}

// WantText says what an agent must have to take the item when all that expires has: "has billing and
// is in sales".
func (x *Index) WantText(it *Item) string {
	var n need
	for _, d := range it.Demands {
		if d.Until == switchyard.Never {
			n.skills = append(n.skills, d.Skill)
		}
	}
	x.setGroups(&n, it.Groups)
	return x.haveText(&n, false)
}
