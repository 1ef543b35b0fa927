package plan

import (
	"strings"

	"switchyard"
)

// How much one message of a phone network holds, in septets of the GSM alphabet or in UTF-16 units:
// alone, and as one of several, whose header takes the rest (3GPP TS 23.040 §9.2.3.24.1).
const (
	gsmAlone, gsmOfSeveral = 160, 153
	ucsAlone, ucsOfSeveral = 70, 67
)

// The GSM 7-bit default alphabet, and what its extension table adds for two septets each
// (3GPP TS 23.038 §6.2.1). The escape itself is no character.
const (
	gsmBasic = "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?" +
		"¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
	gsmExtension = "\f^{}\\[~]|€"
)

// segmentsOf counts the messages a phone network makes of a text: in the GSM alphabet when that has
// all of its characters, else in UCS-2. No character is cut in two.
func segmentsOf(text string) (encoding string, segments int) {
	encoding, alone, several := switchyard.EncodingGSM7, gsmAlone, gsmOfSeveral
	size := septets
	for _, r := range text {
		if septets(r) == 0 {
			encoding, alone, several, size = switchyard.EncodingUCS2, ucsAlone, ucsOfSeveral, units
			break
		}
	}
	whole, used, segments := 0, 0, 1
	for _, r := range text {
		n := size(r)
		whole += n
		if used+n > several {
			segments, used = segments+1, 0
		}
		used += n
	}
	if whole <= alone {
		return encoding, 1
	}
	return encoding, segments
}

// septets is how many septets a character takes in the GSM alphabet; 0 = it is not in it.
func septets(r rune) int {
	switch {
	case strings.ContainsRune(gsmBasic, r):
		return 1
	case strings.ContainsRune(gsmExtension, r):
		return 2
	}
	return 0
}

// units is how many UTF-16 units a character takes.
func units(r rune) int {
	if r >= 0x10000 {
		return 2
	}
	return 1
}
