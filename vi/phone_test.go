package vi_test

import (
	"regexp"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tandem-cc/tandem/vi"
)

func TestParsePhone(t *testing.T) {
	for _, tc := range []struct{ text, region, want, problem string }{
		{"+65 8123 4567", "", "+6581234567", ""},
		{"8123-4567", "SG", "+6581234567", ""},
		{"8123 4567", "sg", "+6581234567", ""},
		{"(0)812 345 6789", "ID", "+628123456789", ""},
		{"081 234 5678", "TH", "+66812345678", ""},
		{"0917 123 4567", "PH", "+639171234567", ""},
		{"+44 7700 900123", "SG", "+447700900123", ""},
		{"+1 555 123 4567", "SG", "+15551234567", ""},
		{"８１２３４５６７", "SG", "+6581234567", ""}, // full width, as Japanese and Chinese keyboards write
		{"", "SG", "", "is not a phone number"},
		{"customer", "SG", "", "is not a phone number"},
		{"12", "SG", "", "is too short"},
		{"+65 8123 4567 8901 2345", "", "", "is too long"},
		{"+999 1234567", "", "", "is not a phone number"},
		{"81234567", "", "", "is not a phone number"},
		{"+65 1234 5678", "", "", "is not a number that is in use"},
		{"+65 8123 4567 please call in the evening only", "", "", "is too long to be a phone number"},
	} {
		got, err := vi.ParsePhone(tc.text, tc.region)
		if tc.problem != "" {
			require.ErrorIs(t, err, vi.ErrInvalid, tc.text)
			require.EqualError(t, err, tc.problem, tc.text)
			continue
		}
		require.NoError(t, err, tc.text)
		require.Equal(t, vi.Phone(tc.want), got, tc.text)
	}
	require.Equal(t, "SG", vi.Phone("+6581234567").Country())
	require.Equal(t, "GB", vi.Phone("+447700900123").Country())
	require.Empty(t, vi.Phone("").Country())
	require.Greater(t, len(vi.Regions()), 200)
}

// What is accepted is E.164, and is accepted again as what it is.
func FuzzParsePhone(f *testing.F) {
	f.Add("+65 8123 4567", "SG")
	f.Add("tel:+65-8123-4567;ext=9", "ZZ")
	e164 := regexp.MustCompile(`^\+[1-9][0-9]{4,14}$`)
	f.Fuzz(func(t *testing.T, text, region string) {
		p, err := vi.ParsePhone(text, region)
		if err != nil {
			require.ErrorIs(t, err, vi.ErrInvalid)
			require.Empty(t, p)
			return
		}
		require.Regexp(t, e164, string(p))
		again, err := vi.ParsePhone(string(p), "")
		require.NoError(t, err)
		require.Equal(t, p, again)
	})
}
