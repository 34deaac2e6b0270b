// Package token is secrets that a browser or a program carries to be known
// again, and what is kept of them.
package token

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
)

// New returns that many random bytes as base64url without padding (RFC 4648
// §5), which fits into a URL and a cookie: 16 bytes are 22 characters, 32 are
// 43. Fewer than 16 can be guessed.
func New(bytes int) string {
	b := make([]byte, bytes)
	rand.Read(b) // never fails: crypto/rand ends the program instead
	return base64.RawURLEncoding.EncodeToString(b)
}

// Hash returns the lower-case hexadecimal SHA-256 (FIPS 180-4) of a token, which
// is kept in its place. A token has enough random bits that a fast hash keeps
// it; a password has not.
func Hash(token string) string {
	sum := sha256.Sum256([]byte(token))
	return hex.EncodeToString(sum[:])
}
