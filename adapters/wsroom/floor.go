package wsroom

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"time"

	"github.com/tandem-cc/tandem/account"
	"github.com/tandem-cc/tandem/desk"
	"github.com/tandem-cc/tandem/internal/fault"
	"github.com/tandem-cc/tandem/vi"
)

// A Floor is told whose pages are open, hears what they say on the way, and
// sends them frames of its own: [desk.Floor].
type Floor interface {
	Enter(by account.Actor, send func([]byte)) *desk.Visit
	EnterVisitor(who desk.Visitor, send func([]byte)) *desk.Visit
}

// chatHello is the first frame of a visitor's socket. Its secret is in no URL,
// which ends up in logs.
type chatHello struct {
	T     string `json:"t"` // hello
	Token string `json:"token"`
}

// Chat returns the handler of /ws/chat?key=KEY: the socket of a visitor at a web
// chat. The browser says hello with its secret, and is told when there is
// something to read, and that somebody types.
func (s *Sockets) Chat() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		key := r.URL.Query().Get("key")
		if key == "" || len(key) > 64 {
			http.Error(w, "key must be the public key of a web chat", http.StatusBadRequest)
			return
		}
		k, err := s.accept(w, r, liveMost)
		if err != nil {
			return // answered already
		}
		defer s.release(k)
		s.serveChat(k, key)
	})
}

func (s *Sockets) serveChat(k *socket, key string) {
	k.start(chore{s.cfg.Limits.Beat, func() { k.Send(encode(liveBeat{"beat"})) }})
	silent := time.AfterFunc(s.cfg.Limits.First, func() { k.Close(vi.CloseIdle, "said nothing") })
	defer silent.Stop()
	var visit *desk.Visit
	var leave func()
	defer func() {
		if visit != nil {
			visit.Leave()
			leave()
		}
	}()
	k.listen(func(message []byte) {
		if visit != nil {
			visit.Hear(message)
			return
		}
		silent.Stop()
		var err error
		if visit, leave, err = s.greet(k, key, message); err != nil {
			s.refuse(k, err)
		}
	})
}

// greet lets a visitor in who has said hello.
func (s *Sockets) greet(k *socket, key string, message []byte) (*desk.Visit, func(), error) {
	var hello chatHello
	if json.Unmarshal(message, &hello) != nil || hello.T != "hello" {
		return nil, nil, account.ErrNotSignedIn
	}
	ctx, cancel := context.WithTimeout(k.ctx, receiveTime)
	defer cancel()
	who, err := s.cfg.Visitor(ctx, key, hello.Token)
	if errors.Is(err, fault.Denied) {
		err = account.ErrNotSignedIn
	}
	if err != nil {
		return nil, nil, err
	}
	leave, err := s.place(k, "chat/"+string(who.Account)+"/"+string(who.Thread()))
	if err != nil {
		return nil, nil, err
	}
	k.Send(encode(liveBeat{"hello"}))
	return s.cfg.Floor.EnterVisitor(who, k.Send), leave, nil
}
