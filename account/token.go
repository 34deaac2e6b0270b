package account

import "github.com/tandem-cc/tandem/internal/token"

// tokenBytes is the length of every secret token: 256 random bits, 43
// characters of base64url (RFC 4648 §5) without padding.
const (
	tokenBytes = 32
	tokenChars = 43
)

// KeyPrefix begins every API key, so that people and secret scanners know one
// when they see it.
const KeyPrefix = "tdm_"

func newToken() string { return token.New(tokenBytes) }

// HashOf returns what is stored of a secret token.
func HashOf(secret string) Hash { return Hash(token.Hash(secret)) }
