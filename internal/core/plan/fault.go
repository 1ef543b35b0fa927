package plan

import (
	"fmt"
	"sort"
	"strconv"
	"strings"

	"switchyard"
)

// Fault is something wrong with a document. Path addresses the member of the account document it is
// about, such as plans[2].applets.queue.next; of something that is missing, the member it is missing
// from. A name that is not made of letters, digits, _ and - stands in brackets and quotes:
// plans[0].applets['ask again'].next.
type Fault struct {
	Path    string
	Text    string
	Warning bool // the document may be used all the same
}

// place is the address of a member while the checker walks there.
type place string

func (p place) of(member string) place {
	if !plainName(member) {
		return p + place("['"+strings.NewReplacer(`\`, `\\`, `'`, `\'`).Replace(member)+"']")
	}
	if p == "" {
		return place(member)
	}
	return p + "." + place(member)
}

func (p place) item(i int) place { return p + place("["+strconv.Itoa(i)+"]") }

func plainName(s string) bool {
	other := func(r rune) bool {
		return (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (r < '0' || r > '9') && r != '_' && r != '-'
	}
	return s != "" && strings.IndexFunc(s, other) < 0
}

// Members takes a fault's path apart: the names of members, and the numbers of list items as
// decimal text. It serves whoever looks the place up in a file.
func Members(path string) []string {
	var members []string
	for path != "" {
		switch {
		case path[0] == '.':
			path = path[1:]
		case strings.HasPrefix(path, "['"):
			var name string
			name, path = cutQuoted(path[2:])
			members = append(members, name)
		case path[0] == '[':
			number, rest, _ := strings.Cut(path[1:], "]")
			members, path = append(members, number), rest
		default:
			end := strings.IndexAny(path, ".[")
			if end < 0 {
				end = len(path)
			}
			members, path = append(members, path[:end]), path[end:]
		}
	}
	return members
}

// cutQuoted reads a name up to the quote and bracket that close it.
func cutQuoted(text string) (name, rest string) {
	var b strings.Builder
	for i := 0; i < len(text); i++ {
		switch {
		case text[i] == '\\' && i+1 < len(text):
			i++
			b.WriteByte(text[i])
		case text[i] == '\'':
			return b.String(), strings.TrimPrefix(text[i+1:], "]")
		default:
			b.WriteByte(text[i])
		}
	}
	return b.String(), ""
}

// register is a list of names that compare without case.
type register struct {
	list  []string
	byKey map[string]string
}

func registerOf(list []string) register {
	r := register{list: list, byKey: make(map[string]string, len(list))}
	for _, name := range list {
		if key := switchyard.CaseKey(name); r.byKey[key] == "" {
			r.byKey[key] = name
		}
	}
	return r
}

func (r register) has(name string) bool { return r.byKey[switchyard.CaseKey(name)] != "" }

// spell returns the configured spelling of a name; an unknown name stays.
func (r register) spell(name string) string {
	if spelling := r.byKey[switchyard.CaseKey(name)]; spelling != "" {
		return spelling
	}
	return name
}

// names is what the plans of a document may refer to.
type names struct {
	plans, skills, groups, presences, agents, gateways, emails, secrets, schedules register
	// users holds every user by CaseKey, also those without role agent.
	users map[string]bool
	// ready holds the presences of category Ready by CaseKey.
	ready map[string]bool
}

func namesOf(doc *switchyard.Account) *names {
	n := &names{skills: registerOf(doc.Skills), groups: registerOf(doc.Groups),
		gateways: registerOf(sortedKeys(doc.Gateways.SMS)), emails: registerOf(sortedKeys(doc.Gateways.Email)), secrets: registerOf(sortedKeys(doc.Secrets)),
		users: map[string]bool{}, ready: map[string]bool{switchyard.CaseKey(switchyard.PresenceReady): true}}
	var plans, agents []string
	for i := range doc.Plans {
		plans = append(plans, doc.Plans[i].Name)
	}
	for i := range doc.Agents {
		n.users[switchyard.CaseKey(doc.Agents[i].Username)] = true
		if doc.Agents[i].Has(switchyard.RoleAgent) {
			agents = append(agents, doc.Agents[i].Username)
		}
	}
	var schedules []string
	for i := range doc.Schedules {
		schedules = append(schedules, doc.Schedules[i].Name)
	}
	presences := []string{switchyard.PresenceReady, switchyard.PresenceAway, switchyard.PresenceExtendedAway,
		switchyard.PresenceLoggedOut, switchyard.PresenceNoAnswer}
	for _, p := range doc.Presences {
		presences = append(presences, p.Name)
		if p.Category == switchyard.Ready {
			n.ready[switchyard.CaseKey(p.Name)] = true
		}
	}
	n.plans, n.agents, n.presences = registerOf(plans), registerOf(agents), registerOf(presences)
	n.schedules = registerOf(schedules)
	return n
}

func sortedKeys[V any](m map[string]V) []string {
	keys := make([]string, 0, len(m))
	for key := range m {
		keys = append(keys, key)
	}
	sort.Strings(keys)
	return keys
}

// hint helps with a name that is not among options: the one that was probably meant, or what there
// is to choose from.
func hint(name string, options []string) string {
	if near := Nearest(name, options); near != "" {
		return fmt.Sprintf("; did you mean %q?", near)
	}
	const most = 12
	switch {
	case len(options) == 0:
		return "; there is none yet"
	case len(options) > most:
		return fmt.Sprintf("; there are %s and %d more", strings.Join(options[:most], ", "), len(options)-most)
	}
	return "; allowed: " + strings.Join(options, ", ")
}

// Nearest returns the option the name is a slip of, or "".
func Nearest(name string, options []string) string {
	const most = 2_000 // names looked at: a help, not worth more time
	best, least := "", min(len(name)/3, 3)+1
	for _, option := range options[:min(most, len(options))] {
		if d := distance(switchyard.CaseKey(name), switchyard.CaseKey(option)); d < least {
			best, least = option, d
		}
	}
	return best
}

// distance counts the bytes to insert, delete, replace or swap to get from a to b (optimal string
// alignment). Long names are no slips of each other.
func distance(a, b string) int {
	const longest = 100
	if len(a) > longest || len(b) > longest {
		return longest
	}
	before, last, row := make([]int, len(b)+1), make([]int, len(b)+1), make([]int, len(b)+1)
	for j := range last {
		last[j] = j
	}
	for i := 1; i <= len(a); i++ {
		row[0] = i
		for j := 1; j <= len(b); j++ {
			change := last[j-1]
			if a[i-1] != b[j-1] {
				change++
			}
			row[j] = min(change, last[j]+1, row[j-1]+1)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				row[j] = min(row[j], before[j-2]+1)
			}
		}
		before, last, row = last, row, before
	}
	return last[len(b)]
}
