package account

import (
	"net/mail"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/require"

	"github.com/tandem-cc/tandem/internal/fault"
)

func email(s string) (string, error) {
	var c fault.Check
	got := checkEmail(&c, "email", s)
	return got, c.Err()
}

func name(s string) (string, error) {
	var c fault.Check
	got := checkName(&c, "name", s)
	return got, c.Err()
}

func TestEmail(t *testing.T) {
	for in, want := range map[string]string{
		"ann@acme.example":          "ann@acme.example",
		"  Ann.Lee+x@ACME.Example ": "ann.lee+x@acme.example",
		"o'neil@acme.example":       "o'neil@acme.example",
		"ann@localhost":             "ann@localhost",
		"ann@xn--bcher-kva.example": "ann@xn--bcher-kva.example",
		"อัน@acme.example":          "อัน@acme.example",
		strings.Repeat("a", 64) + "@" + strings.Repeat("b", 189): strings.Repeat("a", 64) + "@" + strings.Repeat("b", 189),
	} {
		got, err := email(in)
		require.NoError(t, err, in)
		require.Equal(t, want, got)
	}
	for _, in := range []string{
		"", " ", "ann", "@", "ann@", "@acme.example", "ann@@acme.example", "ann@acme@example", "a b@acme.example",
		"Ann <ann@acme.example>", "<ann@acme.example>", "ann@acme.example, bo@acme.example", "ann@acme.example;bo@x.example",
		`"ann lee"@acme.example`, `"ann"@acme.example`, "ann(comment)@acme.example", "ann@[127.0.0.1]", "ann@acme.example\nBcc: bo@x.example",
		"ann\x00@acme.example", "ann@acme\u202e.example", "ann@acme.exam\u2028ple", "ann@acme\u00a0.example", "ann\xff@acme.example", ".ann@acme.example", "ann.@acme.example",
		"mailto:ann@acme.example", strings.Repeat("a", 64) + "@" + strings.Repeat("b", 190),
	} {
		_, err := email(in)
		require.Error(t, err, "%q", in)
	}
}

func TestName(t *testing.T) {
	for in, want := range map[string]string{
		" Ann Lee ": "Ann Lee", "李小龍": "李小龍", "👩🏽‍🚒": "👩🏽‍🚒", "O’Brien": "O’Brien", "محمد\u200f": "محمد\u200f", "<b>": "<b>",
		strings.Repeat("ü", 100): strings.Repeat("ü", 100), "\tAnn\n": "Ann",
	} {
		got, err := name(in)
		require.NoError(t, err, in)
		require.Equal(t, want, got)
	}
	for _, in := range []string{"", " ", "\n", "a\x00b", "a\nb", "a\tb", "a\x7fb", "a\u0085b", "\u202eeel nna", "a\u2066b", "a\u2029b", "\xff", strings.Repeat("ü", 101)} {
		_, err := name(in)
		require.Error(t, err, "%q", in)
	}
}

func TestPasswordRules(t *testing.T) {
	check := func(s string) error {
		var c fault.Check
		checkPassword(&c, "password", s, "someone@acme.example")
		return c.Err()
	}
	for _, good := range []string{"ten chars!", "zehnüüüüüü", strings.Repeat("ab", 100), "  spaces count  ", "пароль-длинный", "\x00\x01\x02\x03\x04\x05\x06\x07\x08\x09"} {
		require.NoError(t, check(good), good)
	}
	for _, bad := range []string{
		"", "nine char", "üüüüüüüüü", strings.Repeat("ab", 100) + "c", "SomeOne@acme.example", "Password123", "1234567890",
		"aaaaaaaaaaaa", "ÜÜÜÜÜÜÜÜÜÜüü", "QWERTYUIOP", "not utf8 \xff\xfe",
	} {
		require.Error(t, check(bad), bad)
	}
	for _, p := range []string{"x", "password123"} {
		require.NotContains(t, check(p).Error(), p+" ", "a password is never repeated in an error")
	}
}

func FuzzEmail(f *testing.F) {
	for _, s := range []string{"ann@acme.example", " A@B ", `"a"@b`, "İ@ß.example", "a@b\x00", "a@[::1]"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		got, err := email(s)
		if err != nil {
			return
		}
		require.LessOrEqual(t, len(got), maxEmail)
		again, err := email(got)
		require.NoError(t, err)
		require.Equal(t, got, again, "what is stored is found again")
		require.Equal(t, strings.ToLower(got), got)
		require.True(t, utf8.ValidString(got))
		require.False(t, strings.ContainsAny(got, "\r\n\x00 <>,;"))
		list, err := mail.ParseAddressList(got)
		require.NoError(t, err)
		require.Len(t, list, 1)
		require.Equal(t, got, list[0].Address)
	})
}

func FuzzName(f *testing.F) {
	for _, s := range []string{"Ann", " a\u202eb ", "\xff", strings.Repeat("ü", 101), "\u2028", "a\r\nb"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		got, err := name(s)
		if err != nil {
			return
		}
		require.NotEmpty(t, got)
		require.Equal(t, strings.TrimSpace(got), got)
		require.LessOrEqual(t, utf8.RuneCountInString(got), maxName)
		require.True(t, utf8.ValidString(got))
		require.False(t, strings.ContainsAny(got, "\x00\r\n\t\u2028\u202e\u2066"))
		again, err := name(got)
		require.NoError(t, err)
		require.Equal(t, got, again)
	})
}

func FuzzNetwork(f *testing.F) {
	for _, s := range []string{"192.0.2.1", "2001:db8::1", "fe80::1%eth0", "::ffff:1.2.3.4", "\xff"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		require.LessOrEqual(t, len(networkOf(s)), 4*64)
		got := firstOf(s, 20)
		require.LessOrEqual(t, utf8.RuneCountInString(got), 20)
		require.True(t, utf8.ValidString(got))
	})
}
