package bunstore

import (
	"context"
	"hash/fnv"
	"maps"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"

	"github.com/tandem-cc/tandem/account"
)

const (
	mostWords   = 4000 // of a message; PostgreSQL keeps 1 MiB of them
	longestWord = 40   // characters; of longer ones that many are kept
	mostTyped   = 12   // words of a search
)

// Marks begin words that are not of a message, so that they are not mistaken
// for such. They are characters that nobody types.
const (
	markAccount   = "\ue000"
	markName      = "\ue001"
	markPhone     = "\ue002"
	markEmail     = "\ue003"
	markAttribute = "\ue004"
)

// accountWord is in every document of the account, so that a search passes over
// those of others. Two accounts may have the same: it saves work, no more.
func accountWord(acct account.ID) string {
	h := fnv.New32a()
	h.Write([]byte(acct))
	return markAccount + strconv.FormatUint(uint64(h.Sum32()), 36)
}

// A run is a part of a text without a break: a word, or where words are not
// parted, as in Chinese and Thai, several.
type run struct {
	text   []rune
	parted bool
}

// plainLetters are letters with a stroke that is no accent to Unicode, but is to
// people whose keyboard lacks it.
var plainLetters = map[rune]rune{'đ': 'd', 'ð': 'd', 'ø': 'o', 'ł': 'l', 'ħ': 'h', 'ŧ': 't', 'ı': 'i', 'ſ': 's'}

// runs splits a text. Case does not count, nor do accents and the many forms of
// the same letter that Unicode has.
func runs(text string) (all []run) {
	var r run
	end := func() {
		if len(r.text) > 0 {
			all = append(all, r)
		}
		r = run{}
	}
	for _, c := range norm.NFKD.String(text) {
		c = unicode.ToLower(c)
		if plain, ok := plainLetters[c]; ok {
			c = plain
		}
		switch {
		case c >= 0x300 && c <= 0x36f: // accents
			continue
		case !unicode.IsLetter(c) && !unicode.IsDigit(c) && !unicode.IsMark(c) || c >= 0xe000 && c <= 0xf8ff:
			end()
			continue
		}
		parted := !unicode.In(c, unicode.Han, unicode.Hiragana, unicode.Katakana, unicode.Thai, unicode.Lao, unicode.Khmer, unicode.Myanmar)
		if len(r.text) > 0 && parted != r.parted {
			end()
		}
		r.parted = parted
		r.text = append(r.text, c)
	}
	end()
	return all
}

// wordsOf returns the words to keep of a text: of a run that is not parted, each
// pair of neighbours and the last character.
func wordsOf(text string) (words []string) {
	for _, r := range runs(text) {
		if r.parted {
			words = append(words, string(r.text[:min(len(r.text), longestWord)]))
			continue
		}
		for n := range r.text {
			words = append(words, string(r.text[n:min(n+2, len(r.text))]))
		}
	}
	return words
}

// A typed word is one to look for.
type typed struct {
	word  string
	begun bool // words that begin like it are meant too
}

// typedWords returns what to look for, of what a person typed. The last word may
// not be finished yet.
func typedWords(text string) (words []typed) {
	all := runs(text)
	for n, r := range all {
		last := n == len(all)-1
		switch {
		case r.parted:
			words = append(words, typed{string(r.text[:min(len(r.text), longestWord)]), last})
		case len(r.text) == 1:
			words = append(words, typed{string(r.text), true})
		default:
			for i := range len(r.text) - 1 {
				words = append(words, typed{string(r.text[i : i+2]), false})
			}
		}
	}
	return words[:min(len(words), mostTyped)]
}

// messageWords returns the words of a message as they are kept, parted by
// spaces; "" if there are none.
func messageWords(acct account.ID, text string) string {
	words := wordsOf(text)
	if len(words) == 0 {
		return ""
	}
	slices.Sort(words)
	words = slices.Compact(words)
	return accountWord(acct) + " " + strings.Join(words[:min(len(words), mostWords)], " ")
}

// peopleWords returns the words of a contact. A phone number is found by any of
// its parts, so each of its ends is a word.
func peopleWords(acct account.ID, name, phone, email string, attributes map[string]string) string {
	words := []string{accountWord(acct)}
	add := func(mark, text string) {
		for _, w := range wordsOf(text) {
			words = append(words, mark+w)
		}
	}
	add(markName, name)
	add(markEmail, email)
	for digits := onlyDigits(phone); digits != ""; digits = digits[1:] {
		words = append(words, markPhone+digits)
	}
	for _, key := range slices.Sorted(maps.Keys(attributes)) {
		add(markAttribute, attributes[key])
	}
	return strings.Join(words[:min(len(words), mostWords)], " ")
}

func onlyDigits(s string) string {
	return strings.Map(func(r rune) rune {
		if r < '0' || r > '9' {
			return -1
		}
		return r
	}, s)
}

// putWords has the message be found by its words.
func (x deskTx) putWords(ctx context.Context, ticket int64, n int, text string, known bool) error {
	return x.index(ctx, "desk_words", wordID(ticket, n), messageWords(x.acct, text), known)
}

func (x deskTx) putPerson(ctx context.Context, contact int64, words string, known bool) error {
	return x.index(ctx, "desk_people", contact, words, known)
}

// index puts the words under the ID, or with none removes what was there.
func (x deskTx) index(ctx context.Context, table string, id int64, words string, known bool) error {
	key, value := "id", "array_to_tsvector(string_to_array(?, ' '))"
	if x.prepared != nil {
		key, value = "rowid", "?"
	}
	if known {
		if _, err := x.exec(ctx, "DELETE FROM "+table+" WHERE "+key+" = ?", id); err != nil {
			return err
		}
	}
	if words == "" {
		return nil
	}
	_, err := x.exec(ctx, "INSERT INTO "+table+" ("+key+", words) VALUES (?, "+value+")", id, words)
	return err
}

// entryBits is how many bits of a message's ID in desk_words are the N of its
// entry; the seq of the ticket is above them. So the messages of a ticket are
// neighbours, and their ID leads to it.
const entryBits = 20

func wordID(ticket int64, n int) int64 { return ticket<<entryBits | int64(n)&(1<<entryBits-1) }

// A matcher writes the conditions of a search in the language of the database.
// Words have letters, marks and digits only, so that nothing in them needs an
// escape.
type matcher struct {
	sqlite bool
	parts  []string
}

func (m *matcher) word(mark string, t typed) string {
	switch {
	case m.sqlite && t.begun:
		return `"` + mark + t.word + `"*`
	case m.sqlite:
		return `"` + mark + t.word + `"`
	case t.begun:
		return "'" + mark + t.word + "':*"
	default:
		return "'" + mark + t.word + "'"
	}
}

// any asks for the word under one of the marks.
func (m *matcher) any(t typed, marks ...string) {
	words := make([]string, len(marks))
	for n, mark := range marks {
		words[n] = m.word(mark, t)
	}
	m.parts = append(m.parts, "("+strings.Join(words, map[bool]string{true: " OR ", false: " | "}[m.sqlite])+")")
}

func (m *matcher) String() string {
	return strings.Join(m.parts, map[bool]string{true: " AND ", false: " & "}[m.sqlite])
}

// matchFor returns the match of documents of the account that have all of the
// words, each under one of the marks.
func (x deskTx) matchFor(words []typed, marks ...string) string {
	return x.matchAnywhere(append([]typed{{word: accountWord(x.acct)}}, words...), marks...)
}

// matchAnywhere is matchFor whatever the account.
func (x deskTx) matchAnywhere(words []typed, marks ...string) string {
	m := &matcher{sqlite: x.prepared != nil}
	for _, w := range words {
		if strings.HasPrefix(w.word, markAccount) {
			m.any(w, "")
			continue
		}
		m.any(w, marks...)
	}
	return m.String()
}

// hits returns the IDs that match, the highest first, up to a limit.
func (x deskTx) hits(ctx context.Context, table, match string, limit int) (ids []int64, _ error) {
	query := "SELECT id FROM " + table + " WHERE words @@ CAST(CAST(? AS text) AS tsquery) ORDER BY id DESC LIMIT ?"
	if x.prepared != nil {
		query = "SELECT rowid FROM " + table + " WHERE " + table + " MATCH ? ORDER BY rowid DESC LIMIT ?"
	}
	rows, err := x.query(ctx, query, match, limit)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var id int64
		if err := rows.Scan(&id); err != nil {
			return nil, x.failed(ctx, err)
		}
		ids = append(ids, id)
	}
	return ids, x.failed(ctx, rows.Err())
}
