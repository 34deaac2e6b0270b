package vi

import (
	"slices"
	"strings"

	"github.com/nyaruka/phonenumbers"

	"github.com/tandem-cc/tandem/internal/fault"
)

// A Phone is a telephone number in the form of ITU-T E.164, such as
// "+6581234567". The zero Phone is no number.
type Phone string

// fictional are the beginnings of numbers kept free for examples and films
// (Ofcom, "Telephone numbers for use in TV and radio drama"; NANPA, area code
// 555), which the numbering plans therefore count as unused. They can reach
// nobody, and every demonstration uses them.
var fictional = []string{"+447700900", "+1555"}

// ParsePhone reads a number as people write it. A number without a country code
// is taken to be of region, an ISO 3166 alpha-2 code. It fails with ErrInvalid;
// the message is a phrase that follows the word "phone".
func ParsePhone(text, region string) (Phone, error) {
	bad := func(why string) (Phone, error) { return "", fault.Errorf(ErrInvalid, "%s", why) }
	if len(text) > 40 {
		return bad("is too long to be a phone number")
	}
	n, err := phonenumbers.Parse(text, strings.ToUpper(region))
	if err != nil {
		return bad("is not a phone number")
	}
	switch phonenumbers.IsPossibleNumberWithReason(n) {
	case phonenumbers.IS_POSSIBLE:
	case phonenumbers.TOO_SHORT, phonenumbers.IS_POSSIBLE_LOCAL_ONLY:
		return bad("is too short")
	case phonenumbers.TOO_LONG:
		return bad("is too long")
	case phonenumbers.INVALID_COUNTRY_CODE:
		return bad("has no country code that exists")
	default:
		return bad("is not a complete phone number")
	}
	p := Phone(phonenumbers.Format(n, phonenumbers.E164))
	if !phonenumbers.IsValidNumber(n) && !p.fictional() {
		return bad("is not a number that is in use")
	}
	return p, nil
}

func (p Phone) fictional() bool {
	return slices.ContainsFunc(fictional, func(f string) bool { return strings.HasPrefix(string(p), f) })
}

// Country returns the ISO 3166 alpha-2 code of the number's country, or "".
func (p Phone) Country() string {
	n, err := phonenumbers.Parse(string(p), "")
	if err != nil {
		return ""
	}
	if c := phonenumbers.GetRegionCodeForNumber(n); c != "" {
		return c
	}
	return phonenumbers.GetRegionCodeForCountryCode(int(n.GetCountryCode()))
}

// A Region is a country with its telephone code.
type Region struct {
	Region string `json:"region"` // ISO 3166 alpha-2
	Code   int    `json:"code"`   // without the plus
}

// Regions returns every country that has a telephone code, by its alpha-2 code.
func Regions() []Region {
	var all []Region
	for r := range phonenumbers.GetSupportedRegions() {
		all = append(all, Region{r, phonenumbers.GetCountryCodeForRegion(r)})
	}
	slices.SortFunc(all, func(a, b Region) int { return strings.Compare(a.Region, b.Region) })
	return all
}
