package config

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

const diffBefore = `
account: acme
settings: {order: band, grace: 60s}
presences: [{name: Lunch, category: Away}]
groups: [support, sales]
skills: [billing, german, vip]
agents:
  - {username: ada, name: Ada, skills: {billing: 9, german: 5}, groups: [support]}
  - {username: bo, skills: {german: 5}, groups: [support]}
  - {username: cy, skills: {german: 7}, groups: [support, sales]}
  - {username: di}
plans:
  - name: A
    start: q
    applets: {q: {type: queue, ring: 20s}}
  - name: B
    start: t
    applets:
      t: {type: skilltagger, skills: [{name: vip, expiryafter: 60}], next: q}
      q: {type: queue}
routes: [{name: Cases, plan: A}, {name: Old, plan: A}]
`

const diffAfter = `
account: acme
settings: {order: ageing, noanswer: 2m}
presences: [{name: lunch, category: ExtendedAway}]
groups: [support]
skills: [Billing, vip, french]
agents:
  - {username: ada, name: Ada Lovelace, skills: {billing: 7}, groups: []}
  - {username: bo, skills: {vip: 5}, groups: [support]}
  - {username: cy, groups: [support]}
  - {username: ed, password: x}
plans:
  - name: A
    start: q
    applets: {q: {type: queue, ring: 30s, groups: [support]}}
  - name: B
    start: t
    applets:
      t: {type: skilltagger, skills: [{name: vip, expiryafter: 0}], next: q}
      q: {type: queue}
routes: [{name: Cases, plan: B, datasources: {Team: EMEA west}}]
clients: [{id: crm, secret: y, scopes: ["config:read"]}]
`

func TestDiffInWords(t *testing.T) {
	b := newBench(t)
	before, after := b.read(diffBefore), b.read(diffAfter)
	want := []string{
		"settings: grace taken out (was 1m)",
		"settings: noanswer set to 2m",
		"settings: order band → ageing",
		"presence lunch: category Away → ExtendedAway",
		"presence lunch: name Lunch → lunch",
		"group sales removed",
		"skill billing is now spelled Billing",
		"skill german removed",
		"skill french added",
		`agent ada: name Ada → "Ada Lovelace"`,
		"agent ada: skills.billing 9 → 7",
		"agent di removed",
		"agent ed added",
		"group sales removed from agent cy",
		"group support removed from agent ada",
		"skill german removed from 3 agents (ada, bo, cy)",
		"skill vip given to agent bo",
		"plan A: applets.q.groups set to support",
		"plan A: applets.q.ring 20s → 30s",
		"plan B: applets.t.skills 1.expiryafter 60 → 0",
		"route Cases: datasources.Team set to \"EMEA west\"",
		"route Cases: plan A → B",
		"route Old removed",
		"client crm added",
	}
	if diff := cmp.Diff(want, Diff(before, after)); diff != "" {
		t.Error(diff)
	}
	if lines := Diff(before, before); len(lines) != 0 {
		t.Errorf("a document differs from itself: %q", lines)
	}
	swapped := clone(before)
	swapped.Agents[0], swapped.Agents[1] = swapped.Agents[1], swapped.Agents[0]
	if diff := cmp.Diff([]string{"the order or the spelling of entries changed"}, Diff(before, swapped)); diff != "" {
		t.Error(diff)
	}
}

// Dates go by themselves, not by their place in the list; many are one line.
func TestDiffOfSchedules(t *testing.T) {
	b := newBench(t)
	before := b.read(`
account: acme
schedules:
  - {name: Gone, timezone: UTC, hours: {mon: ["08:00-12:00"]}}
  - name: Office
    timezone: Europe/Berlin
    hours: {mon-fri: ["08:00-12:00"], sat: ["09:00-12:00"]}
    holidays: [{date: 2026-05-01}, {date: 10-03, name: Unity}, {date: 12-25, name: Xmas}]
    exceptions: [{date: 12-24, hours: ["08:00-12:00"]}, {date: 12-31}]
`)
	after := b.read(`
account: acme
schedules:
  - name: office
    timezone: Europe/Vienna
    hours: {mon-fri: ["08:00-12:00", "13:00-17:00"]}
    holidays: [{date: 01-01, name: New Year}, {date: 01-06}, {date: 12-25, name: Christmas}, {date: 10-03, name: Unity}]
    exceptions: [{date: 12-31, name: Silvester}, {date: 12-24}, {date: 2027-01-02, hours: ["10:00-12:00"]}]
  - {name: New, timezone: UTC, hours: {mon: ["08:00-12:00"]}}
`)
	want := []string{
		"schedule Gone removed",
		"schedule office: 2 holidays added (01-01 New Year, 01-06)",
		"schedule office: holiday 2026-05-01 removed",
		"schedule office: exception 12-24 08:00-12:00 → closed",
		"schedule office: exception 12-31 changed",
		"schedule office: exception 2027-01-02 set to 10:00-12:00",
		"schedule office: holiday 12-25 Xmas → Christmas",
		"schedule office: hours.mon-fri 08:00-12:00 → 08:00-12:00, 13:00-17:00",
		"schedule office: hours.sat taken out (was 09:00-12:00)",
		"schedule office: name Office → office",
		"schedule office: timezone Europe/Berlin → Europe/Vienna",
		"schedule New added",
	}
	if diff := cmp.Diff(want, Diff(before, after)); diff != "" {
		t.Error(diff)
	}
}
