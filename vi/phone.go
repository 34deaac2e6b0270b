package vi

import (
	"slices"
	"strings"

	"github.com/nyaruka/phonenumbers"

	"github.com/tandem-cc/tandem/internal/fault"
	"github.com/tandem-cc/tandem/internal/phone"
)

// A Phone is a telephone number in the form of ITU-T E.164, such as
// "+6581234567". The zero Phone is no number.
type Phone string

// ParsePhone reads a number as people write it. A number without a country code
// is taken to be of region, an ISO 3166 alpha-2 code. It fails with ErrInvalid;
// the message is a phrase that follows the word "phone".
func ParsePhone(text, region string) (Phone, error) {
	e164, problem := phone.Parse(text, region)
	if problem != "" {
		return "", fault.Errorf(ErrInvalid, "%s", problem)
	}
	return Phone(e164), nil
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
