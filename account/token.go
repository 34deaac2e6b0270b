package account

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
)

// tokenBytes is the length of every secret token: 256 random bits, 43
// characters of base64url (RFC 4648 §5) without padding.
const (
	tokenBytes = 32
	tokenChars = 43
)

// KeyPrefix begins every API key, so that people and secret scanners know one
// when they see it.
const KeyPrefix = "tdm_"

func newToken() string {
	b := make([]byte, tokenBytes)
	rand.Read(b) // never fails: crypto/rand ends the program instead
	return base64.RawURLEncoding.EncodeToString(b)
}

// HashOf returns what is stored of a secret token. A token has enough random
// bits that a fast hash keeps it; a password has not.
func HashOf(token string) Hash {
	sum := sha256.Sum256([]byte(token))
	return Hash(hex.EncodeToString(sum[:]))
}
