package vcc

import (
	"math"
	"strconv"
	"strings"
)

// parseWhole reads a whole number from the text of a JSON number or of a JSON string. A number that
// is written with a fraction or an exponent counts when its value is whole; a string must be digits.
func parseWhole(text string, isString bool) (int64, bool) {
	if n, err := strconv.ParseInt(text, 10, 64); err == nil {
		return n, !strings.HasPrefix(text, "+")
	}
	if isString {
		return 0, false
	}
	f, err := strconv.ParseFloat(text, 64)
	if err != nil || f != math.Trunc(f) || math.Abs(f) > 1<<53 {
		return 0, false
	}
	return int64(f), true
}
