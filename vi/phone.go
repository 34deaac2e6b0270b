package vi

import (
	"fmt"

	"github.com/nyaruka/phonenumbers"

	"github.com/tandem-cc/tandem/internal/fault"
)

// A Phone is a telephone number in the form of ITU-T E.164, such as
// "+6581234567". The zero Phone is no number.
type Phone string

// ParsePhone reads a number as people write it. A number without a country code
// is taken to be of region, an ISO 3166 alpha-2 code. It fails with ErrInvalid,
// in words for the person who typed it.
func ParsePhone(text, region string) (Phone, error) {
	if len(text) > 40 {
		return "", fault.Errorf(ErrInvalid, "is too long to be a phone number")
	}
	n, err := phonenumbers.Parse(text, region)
	if err != nil {
		return "", fault.Errorf(ErrInvalid, "is not a phone number")
	}
	if why := phonenumbers.IsPossibleNumberWithReason(n); why != phonenumbers.IS_POSSIBLE {
		return "", fault.Errorf(ErrInvalid, "%s", map[phonenumbers.ValidationResult]string{
			phonenumbers.TOO_SHORT:            "is too short",
			phonenumbers.TOO_LONG:             "is too long",
			phonenumbers.INVALID_COUNTRY_CODE: "has no known country code",
		}[why]+func() string {
			if why == phonenumbers.TOO_SHORT || why == phonenumbers.TOO_LONG || why == phonenumbers.INVALID_COUNTRY_CODE {
				return ""
			}
			return "is not a complete phone number"
		}())
	}
	if !phonenumbers.IsValidNumber(n) {
		return "", fault.Errorf(ErrInvalid, "is not a number in use in %s", fmt.Sprintf("+%d", n.GetCountryCode()))
	}
	return Phone(phonenumbers.Format(n, phonenumbers.E164)), nil
}
