package config

import "strings"

// nearest returns the option that name is probably a slip of, or "".
func nearest(name string, options []string) string {
	best, least := "", min(len(name)/3, 3)+1
	for _, option := range options {
		if d := slips(strings.ToLower(name), strings.ToLower(option)); d < least {
			best, least = option, d
		}
	}
	return best
}

// slips counts the letters to add, drop or change to get from a to b (Levenshtein's distance).
func slips(a, b string) int {
	const longest = 64 // no key is as long
	if len(a) > longest || len(b) > longest {
		return longest
	}
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			change := diagonal
			if a[i] != b[j] {
				change++
			}
			diagonal = row[j+1]
			row[j+1] = min(change, row[j+1]+1, row[j]+1)
		}
	}
	return row[len(b)]
}
