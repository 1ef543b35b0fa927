package vcc

import (
	"slices"
	"strings"
	"unicode/utf8"

	"switchyard"
)

// objects reads an array of objects, each by read. Another kind of value, and an element of another
// kind, is a fault of the request.
func (d *invokeDecoder) objects(within string, rank int, read func() error) error {
	outer := d.within
	d.within, d.item = within, -1
	defer func() { d.within, d.item = outer, -1 }()
	if d.peek() != '[' {
		return d.mistyped(rank, switchyard.MemberInvalid, "", "an array of objects")
	}
	if err := d.enter(); err != nil {
		return err
	}
	for d.item = 0; ; d.item++ {
		var err error
		switch d.peek() {
		case ']':
			return d.leave()
		case '{':
			err = read()
		default:
			err = d.mistyped(rank, switchyard.MemberInvalid, "", "an object")
		}
		if err != nil {
			return err
		}
	}
}

func (d *invokeDecoder) linkedData(q *switchyard.Request) error {
	d.linked = emptied(d.linked)
	err := d.objects(".linkeddata", switchyard.RankLinked, d.linkedEntry)
	if len(d.linked) > 0 {
		q.Linked = slices.Clone(d.linked)
	}
	return err
}

func (d *invokeDecoder) linkedEntry() error {
	d.linked = append(d.linked, switchyard.Linked{})
	l := &d.linked[len(d.linked)-1]
	var has uint
	err := d.members(linkedNames, func(member int) error {
		has |= 1 << member
		if member == linkedType {
			return d.linkedKind(&l.Type)
		}
		into := [...]*string{nil, &l.Value, &l.Label, &l.Key, &l.Owner}[member]
		return d.string(into, switchyard.RankLinked, linkedNames[member])
	})
	if err == nil {
		d.checkLinked(l, has)
	}
	return err
}

// linkedKind reads the type of an entry, in lower case.
func (d *invokeDecoder) linkedKind(into *string) error {
	found, err := d.word(into, linkedWords, switchyard.RankLinked, "type")
	if !found {
		*into = strings.ToLower(*into)
	}
	return err
}

// checkLinked notes what the entry's type asks for and the entry lacks.
func (d *invokeDecoder) checkLinked(l *switchyard.Linked, has uint) {
	const rank = switchyard.RankLinked
	lacks := func(member int) bool {
		if has&(1<<member) == 0 {
			d.blame(rank, switchyard.LinkedDataInvalid, linkedNames[member],
				"is missing; a linkeddata entry of type %s needs it", shortened(l.Type))
			return true
		}
		return false
	}
	switch l.Type {
	case "":
		d.blame(rank, switchyard.LinkedDataInvalid, "type", "is missing; every linkeddata entry needs it")
	case "clid", "name", "mediatype":
		if n := utf8.RuneCountInString(l.Value); !lacks(linkedValue) && n > switchyard.MaxValueRunes {
			d.blame(rank, switchyard.ValueTooLong, "value", "is %d characters long; a %s has at most %d",
				n, l.Type, switchyard.MaxValueRunes)
		}
	case "url":
		lacks(linkedLabel)
	case "interactionproperty":
		if !lacks(linkedKey) && l.Key == "" {
			d.blame(rank, switchyard.LinkedDataInvalid, "key", "is empty; a property needs a name")
		}
		lacks(linkedValue)
	}
}

func (d *invokeDecoder) routingData(q *switchyard.Request) error {
	if d.peek() != '{' {
		return d.mistyped(switchyard.RankClass, switchyard.MemberInvalid, "routingdata", "an object")
	}
	defer func() { d.within = "" }()
	return d.members(routingNames, func(member int) error {
		d.within = ".routingdata"
		switch member {
		case routingClass:
			return d.class(q)
		case routingSkills:
			return d.skillList(q)
		default:
			return d.personal(q)
		}
	})
}

func (d *invokeDecoder) class(q *switchyard.Request) error {
	found, err := d.word(&q.Class, classWords, switchyard.RankClass, "interactiontype")
	if !found {
		d.blame(switchyard.RankClass, switchyard.InteractionTypeInvalid, "interactiontype",
			"is %q; it must be live, chat or nonlive", shortened(q.Class))
	}
	return err
}

func (d *invokeDecoder) skillList(q *switchyard.Request) error {
	d.skills = emptied(d.skills)
	err := d.objects(".routingdata.skills", switchyard.RankSkills, d.skill)
	if len(d.skills) > 0 {
		q.Skills = slices.Clone(d.skills)
	}
	return err
}

func (d *invokeDecoder) skill() error {
	const rank = switchyard.RankSkills
	d.skills = append(d.skills, switchyard.Skill{})
	s := &d.skills[len(d.skills)-1]
	named := false
	err := d.members(skillNames, func(member int) error {
		if member == skillName {
			named = true
			return d.string(&s.Name, rank, "name")
		}
		s.ExpiryAfter = new(int64)
		return d.whole(s.ExpiryAfter, rank, switchyard.ExpiryAfterInvalid, "expiryafter")
	})
	if err == nil && !named {
		d.blame(rank, switchyard.MemberInvalid, "name", "is missing; every skill needs it")
	}
	return err
}

func (d *invokeDecoder) personal(q *switchyard.Request) error {
	const rank = switchyard.RankPersonal
	if d.peek() != '{' {
		return d.mistyped(rank, switchyard.MemberInvalid, "personalqueue", "an object")
	}
	d.within = ".routingdata.personalqueue"
	p := new(switchyard.Personal)
	q.PersonalQueue = p
	var has uint
	err := d.members(personalNames, func(member int) error {
		has |= 1 << member
		switch member {
		case personalAgent:
			return d.string(&p.Agent, rank, "agent")
		case personalLoggedIn:
			return d.whole(&p.LoggedInTimeout, rank, switchyard.TimeoutInvalid, "loggedintimeout")
		default:
			return d.whole(&p.LoggedOutTimeout, rank, switchyard.TimeoutInvalid, "loggedouttimeout")
		}
	})
	if err != nil {
		return err
	}
	for member, name := range personalNames {
		if has&(1<<member) == 0 || member == personalAgent && p.Agent == "" {
			d.blame(rank, switchyard.PersonalQueueIncomplete, name,
				"is missing; a personal queue needs agent, loggedintimeout and loggedouttimeout")
		}
	}
	return nil
}
