package wsroom

import (
	"errors"
	"math"
	"net/http"
	"net/netip"
	"strconv"
	"time"

	"github.com/tandem-cc/tandem/internal/rate"
)

// A stranger is whoever has asked for a socket and not got one: it costs a
// handshake and looks into the database, and no sign-in.

// peer returns the address at the other end of the connection.
func peer(r *http.Request) netip.Addr {
	ap, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil {
		return netip.Addr{} // not from a network: a test, a pipe
	}
	return ap.Addr()
}

// tooMany answers the request of an address that asks for too many sockets, in
// place of the handshake.
func tooMany(w http.ResponseWriter, err error) {
	wait := time.Second
	if l, ok := errors.AsType[rate.Limited](err); ok {
		wait = max(wait, l.RetryAfter)
	}
	w.Header().Set("Retry-After", strconv.Itoa(int(math.Ceil(wait.Seconds()))))
	http.Error(w, "too many connections from your network; try again soon", http.StatusTooManyRequests)
}
