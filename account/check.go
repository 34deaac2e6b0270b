package account

import (
	"net/mail"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/tandem-cc/tandem/internal/fault"
)

// Limits of what people type, in characters (Unicode code points), and of an
// e-mail address in bytes (RFC 5321 §4.5.3.1.3, less the angle brackets).
const (
	maxName     = 100
	maxEmail    = 254
	minPassword = 10
	maxPassword = 200
)

// checkEmail returns the address in the form in which it is stored and found.
func checkEmail(c *fault.Check, field, s string) string {
	s = strings.TrimSpace(s)
	if s == "" {
		c.That(false, field, "is missing")
		return ""
	}
	email := strings.ToLower(s) // which would hide what is not UTF-8
	c.That(utf8.ValidString(s) && isEmail(email), field, "is not an e-mail address")
	return email
}

// isEmail reports whether s is one plain address: no display name, no comment,
// no quoted or numeric form, which no person has and software misreads.
func isEmail(s string) bool {
	if len(s) > maxEmail || !isText(s) || strings.ContainsFunc(s, unicode.IsSpace) || strings.ContainsAny(s, `"<>()[],;:\`) {
		return false
	}
	a, err := mail.ParseAddress(s)
	return err == nil && a.Name == "" && a.Address == s
}

// checkName returns the name without the spaces around it.
func checkName(c *fault.Check, field, s string) string {
	s = strings.TrimSpace(s)
	switch {
	case s == "":
		c.That(false, field, "is missing")
	case !isText(s):
		c.That(false, field, "has characters that cannot be shown")
	default:
		c.That(utf8.RuneCountInString(s) <= maxName, field, "is longer than %d characters", maxName)
	}
	return s
}

// isText reports whether s is valid UTF-8 on one line, without control
// characters, and without those that turn the text around them (UAX #9
// explicit formatting), by which one name could pass for another.
func isText(s string) bool {
	return utf8.ValidString(s) && !strings.ContainsFunc(s, func(r rune) bool {
		return unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r) && r > '\u200f' ||
			r == '\u2028' || r == '\u2029'
	})
}

func checkRole(c *fault.Check, field string, r Role) {
	roles := []Role{RoleAgent, RoleSupervisor, RoleAdministrator}
	c.That(slices.Contains(roles, r), field, "is not one of agent, supervisor, administrator")
}

func checkZone(c *fault.Check, field, zone string) {
	_, err := time.LoadLocation(zone)
	c.That(err == nil && zone != "" && zone != "Local", field, "is not an IANA time zone, such as Asia/Singapore")
}

func checkRegion(c *fault.Check, field, region string) {
	ok := len(region) == 2 && strings.Trim(region, "ABCDEFGHIJKLMNOPQRSTUVWXYZ") == ""
	c.That(ok, field, "is not a country code of two capital letters, such as SG")
}

func checkPassword(c *fault.Check, field, password, email string) {
	n := utf8.RuneCountInString(password)
	switch plain := strings.ToLower(password); {
	case !utf8.ValidString(password):
		c.That(false, field, "has characters that cannot be read")
	case n < minPassword:
		c.That(false, field, "is shorter than %d characters", minPassword)
	case n > maxPassword:
		c.That(false, field, "is longer than %d characters", maxPassword)
	case plain == email:
		c.That(false, field, "is the e-mail address")
	case common(plain):
		c.That(false, field, "is among the first that anybody would guess")
	}
}

// common reports whether a password, in lower case, is one of those that are
// tried first.
func common(password string) bool {
	first, _ := utf8.DecodeRuneInString(password)
	if strings.Trim(password, string(first)) == "" {
		return true
	}
	return slices.Contains([]string{
		"0123456789", "01234567890", "0987654321", "1020304050", "11223344556", "1122334455", "1212121212",
		"1231231231", "123123123123", "1234512345", "123456123456", "1234567890", "12345678900", "12345678901",
		"123456789012", "123456789123", "1234567891", "1234567899", "123456789a", "123456789q", "123456789abc",
		"12345qwert", "123qwe123qwe", "123qweasdzxc", "12qwaszx12", "1q2w3e4r5t", "1q2w3e4r5t6y", "1qaz2wsx3edc",
		"1qazxsw23edc", "9876543210", "a123456789", "aa123456789", "abc123456789", "abcd123456", "abcdefghij",
		"administrator", "admin12345", "admin123456", "asdfasdfasdf", "asdfghjkl;", "asdfghjkl1", "asdfghjkl123",
		"basketball", "changeme123", "changemenow", "computer123", "football123", "helloworld", "iloveyou12",
		"iloveyou123", "letmein123", "letmein1234", "manchester", "masterpassword", "mypassword", "p@ssw0rd123",
		"p@ssword123", "pa$$word123", "passpasspass", "passw0rd12", "passw0rd123", "password00", "password01",
		"password10", "password11", "password12", "password123", "password1234", "password12345", "password123!",
		"password!1", "password1!", "passwordpassword", "q1w2e3r4t5", "q1w2e3r4t5y6", "qazwsxedcrfv",
		"qwer123456", "qwerty1234", "qwerty12345", "qwerty123456", "qwertyuiop", "qwertyuiop[]", "qwertyuiop123",
		"qwertyuiopasdf", "secret1234", "sunshine123", "superman123", "tandemtandem", "welcome123", "welcome1234",
		"zaq12wsxcde3", "zxcvbnm123", "zxcvbnm,./",
	}, password)
}
