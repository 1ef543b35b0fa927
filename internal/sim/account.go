package sim

import (
	"fmt"

	"switchyard"
)

// people is how many agents an account has at most.
const people = 6

func username(n int) string { return fmt.Sprint("a", n) }

var (
	skillNames  = []string{"billing", "german", "cards"}
	routeNames  = []string{"Plain", "Plain", "Auto", "Exits", "Maze", "Text", "Ask"}
	ourProvider = "Crm"
)

func length(d switchyard.Duration) *switchyard.Length { return &switchyard.Length{Fixed: d} }

func pointer[T any](v T) *T { return &v }

// document is the account everybody starts with, and comes back to in the end: every applet and
// every way through a queue.
func document(name string) switchyard.Account {
	doc := switchyard.Account{Account: name, Skills: skillNames, Groups: []string{"front", "back"},
		Presences: []switchyard.Presence{{Name: "Lunch", Category: switchyard.Away}},
		Gateways:  switchyard.Gateways{SMS: map[string]switchyard.Gateway{"default": {Type: "log"}}}}
	doc.Settings.ParkTimeout = pointer(switchyard.Hour)
	doc.Settings.TransferTimeout = pointer(switchyard.Minute)
	for n := range people {
		doc.Agents = append(doc.Agents, switchyard.AgentEntry{Username: username(n), Groups: []string{doc.Groups[n%2]},
			Skills: map[string]int{skillNames[n%3]: n + 1, skillNames[(n+1)%3]: 9 - n}})
	}
	queue := func(a switchyard.Applet) switchyard.Applet {
		a.Type = "queue"
		return a
	}
	doc.Plans = []switchyard.Plan{
		{Name: "Plain", Start: "q", Applets: map[string]switchyard.Applet{"q": queue(switchyard.Applet{})}},
		{Name: "Auto", Start: "q", Applets: map[string]switchyard.Applet{"q": queue(switchyard.Applet{Accept: "auto", Wrap: length(5 * switchyard.Second)})}},
		{Name: "Exits", Start: "q", Applets: map[string]switchyard.Applet{
			"q": queue(switchyard.Applet{Groups: []string{"front"}, Duration: length(30 * switchyard.Second), MaxLength: 4,
				OnDecline:  &switchyard.Reaction{Presence: "Lunch", For: length(10 * switchyard.Second)},
				OnNoAnswer: &switchyard.Reaction{Presence: "unchanged"},
				On:         map[string]string{"duration": "over", "noagents": "none", "declined": "none", "full": "none"}}),
			"over": {Type: "goto", Plan: "Plain"}, "none": {Type: "end", Outcome: "Nobody"}}},
		{Name: "Maze", Start: "tag", Applets: map[string]switchyard.Applet{
			"tag": {Type: "skilltagger", Skills: []switchyard.TagSkill{{Name: "german", ExpiryAfter: &switchyard.Seconds{Fixed: 20}}}, Next: "split",
				PersonalQueue: &switchyard.TagPersonal{Agent: "a1", LoggedInTimeout: switchyard.Seconds{Fixed: 15}, LoggedOutTimeout: switchyard.Seconds{Fixed: 5}}},
			"split": {Type: "split", Branches: []switchyard.Branch{{Weight: 1, Next: "wait"}, {Weight: 2, Next: "band"}}},
			"wait":  {Type: "wait", For: length(7 * switchyard.Second), Next: "band"},
			"band":  {Type: "setpriority", Band: "2", Next: "set"},
			"set":   {Type: "setdatasource", Values: map[string]string{"Where": "$(DialledNumber) $(CLID)"}, Next: "route"},
			"route": {Type: "datarouter", On: map[string]string{"nomatch": "q"}, Rules: []switchyard.Rule{{Source: "CLID", Operator: "contains", Value: "7", Next: "wait2"}}},
			"wait2": {Type: "wait", For: length(2 * switchyard.Second), Next: "q"},
			"q":     queue(switchyard.Applet{Ring: length(9 * switchyard.Second), Duration: length(2 * switchyard.Minute), On: map[string]string{"duration": "over"}}),
			"over":  {Type: "goto", Plan: "Plain"}}},
		{Name: "Text", Start: "send", Applets: map[string]switchyard.Applet{
			"send":   {Type: "sendsms", Gateway: "default", From: "Us", To: "07700900000", Message: "Hello", Next: "q", On: map[string]string{"failure": "unsent"}},
			"q":      queue(switchyard.Applet{}),
			"unsent": {Type: "end", Outcome: "NotSent"}}},
		{Name: "Ask", Start: "ask", Applets: map[string]switchyard.Applet{
			"ask": {Type: "dataconnector", URL: "https://crm.example.com/customer", Result: map[string]string{"Tier": "$.tier"}, Next: "q",
				On: map[string]string{"failure": "q", "timeout": "late"}},
			"q":    queue(switchyard.Applet{}),
			"late": {Type: "setdatasource", Values: map[string]string{"Tier": "late"}, Next: "q"}}},
		{Name: "After", Start: "send", Applets: map[string]switchyard.Applet{
			"send": {Type: "sendsms", Gateway: "default", From: "Us", To: "07700900000", Message: "Bye"}}},
	}
	for _, name := range []string{"Plain", "Auto", "Exits", "Maze", "Text", "Ask"} {
		doc.Routes = append(doc.Routes, switchyard.Route{Name: name, Plan: name})
	}
	doc.Routes[1].After = "After"
	return doc
}

// variant is the account with other people, skills, sizes and order.
func (w *World) variant(name string) switchyard.Account {
	doc := document(name)
	var kept []switchyard.AgentEntry
	for n, entry := range doc.Agents {
		if n != 1 && w.rng.IntN(5) == 0 {
			continue
		}
		if w.rng.IntN(2) == 0 {
			entry.Skills = map[string]int{}
			for _, skill := range skillNames {
				if w.rng.IntN(2) == 0 {
					entry.Skills[skill] = 1 + w.rng.IntN(10)
				}
			}
		}
		if w.rng.IntN(4) == 0 {
			entry.Groups = doc.Groups
		}
		if w.rng.IntN(4) == 0 {
			entry.Capacity = &switchyard.Capacity{Chat: 50, NonLive: 10 + w.rng.IntN(60)}
		}
		kept = append(kept, entry)
	}
	doc.Agents = kept
	if w.rng.IntN(3) == 0 {
		doc.Settings.Order = "ageing"
	}
	if w.rng.IntN(3) == 0 {
		doc.Settings.Capacity = &switchyard.Capacity{Chat: 50, Live: 80}
	}
	if w.rng.IntN(3) == 0 {
		doc.Plans[0].Applets["q"] = switchyard.Applet{Type: "queue", Wrap: length(3 * switchyard.Second)}
	}
	return doc
}
