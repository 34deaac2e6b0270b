// Package phone is the reading of telephone numbers as people write them.
package phone

import (
	"slices"
	"strings"

	"github.com/nyaruka/phonenumbers"
)

// fictional are the beginnings of numbers kept free for examples and films
// (Ofcom, "Telephone numbers for use in TV and radio drama"; NANPA, area code
// 555), which the numbering plans therefore count as unused. They can reach
// nobody, and every demonstration uses them.
var fictional = []string{"+447700900", "+1555"}

// Parse reads a number and returns it in the form of ITU-T E.164, such as
// "+6581234567". A number without a country code is taken to be of region, an ISO
// 3166 alpha-2 code. If it is none, problem is a phrase that follows the word
// "phone".
func Parse(text, region string) (e164, problem string) {
	if len(text) > 40 {
		return "", "is too long to be a phone number"
	}
	n, err := phonenumbers.Parse(text, strings.ToUpper(region))
	if err != nil {
		return "", "is not a phone number"
	}
	switch phonenumbers.IsPossibleNumberWithReason(n) {
	case phonenumbers.IS_POSSIBLE:
	case phonenumbers.TOO_SHORT, phonenumbers.IS_POSSIBLE_LOCAL_ONLY:
		return "", "is too short"
	case phonenumbers.TOO_LONG:
		return "", "is too long"
	case phonenumbers.INVALID_COUNTRY_CODE:
		return "", "has no country code that exists"
	default:
		return "", "is not a complete phone number"
	}
	e164 = phonenumbers.Format(n, phonenumbers.E164)
	if !phonenumbers.IsValidNumber(n) && !slices.ContainsFunc(fictional, func(f string) bool { return strings.HasPrefix(e164, f) }) {
		return "", "is not a number that is in use"
	}
	return e164, ""
}
