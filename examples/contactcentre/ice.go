package main

import (
	"crypto/hmac"
	"crypto/sha1"
	"encoding/base64"
	"fmt"
	"strings"
	"time"

	"github.com/tandem-cc/tandem/vi"
	"github.com/tandem-cc/tandem/vi/wire"
)

// turnLife is how long TURN credentials can be used to begin an allocation; a
// browser gets new ones with every hello.
const turnLife = 5 * time.Minute

// ice returns the STUN and TURN servers for each browser. The credentials for
// TURN are of the form of draft-uberti-behave-turn-rest-00, which coturn and
// others check with the secret that they share with us.
func (s *server) ice() func(vi.Participant) []wire.ICEServer {
	stun, turn := list(s.cfg.STUN), list(s.cfg.TURN)
	return func(p vi.Participant) []wire.ICEServer {
		var all []wire.ICEServer
		if len(stun) > 0 {
			all = append(all, wire.ICEServer{URLs: stun})
		}
		if len(turn) > 0 {
			user := fmt.Sprintf("%d:%s-%s", time.Now().Add(turnLife).Unix(), p.Call, p.Seat)
			mac := hmac.New(sha1.New, []byte(s.cfg.TURNSecret))
			mac.Write([]byte(user))
			all = append(all, wire.ICEServer{URLs: turn, Username: user, Credential: base64.StdEncoding.EncodeToString(mac.Sum(nil))})
		}
		return all
	}
}

func list(text string) (all []string) {
	for x := range strings.SplitSeq(text, ",") {
		if x = strings.TrimSpace(x); x != "" {
			all = append(all, x)
		}
	}
	return all
}
