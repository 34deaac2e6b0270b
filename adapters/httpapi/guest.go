package httpapi

import (
	"context"

	"github.com/tandem-cc/tandem/vi"
	"github.com/tandem-cc/tandem/vi/wire"
)

// Requests and answers of customers. A link's token is only ever in a body: a
// URL ends up in logs.
type (
	openLink struct {
		Token string `json:"token" doc:"From the link: what follows /j/ in it."`
	}
	lobby struct {
		State     string `json:"state" doc:"What the link means to this browser: open (Join takes the seat), mine (it has the seat), elsewhere (another device has it; this one may knock), waiting_for_host (it has knocked), over, or invalid." enum:"open,mine,elsewhere,waiting_for_host,over,invalid"`
		Host      string `json:"host,omitempty" doc:"Name of the account that invites."`
		Agent     string `json:"agent,omitempty" doc:"Name of the agent who invites."`
		Reference string `json:"reference,omitempty" doc:"What the call is about."`
		Call      string `json:"call,omitempty" doc:"ID of the call, if the seat is or was this browser's."`
		Status    string `json:"status,omitempty" doc:"How the call ended, if it is over."`
		Name      string `json:"name,omitempty" doc:"The customer's name, if the seat is or was this browser's."`
	}
	joinCall struct {
		Token      string          `json:"token" doc:"From the link."`
		Name       string          `json:"name,omitempty" doc:"Display name, at most 60 characters; Guest if it is empty."`
		Permission wire.Permission `json:"permission,omitzero" doc:"What the browser said about camera and microphone."`
	}
	joined struct {
		Call string `json:"call" doc:"ID of the call."`
	}
	knockCall struct {
		Token string `json:"token" doc:"From the link."`
		Name  string `json:"name,omitempty" doc:"Display name, at most 60 characters; Guest if it is empty."`
	}
	declineCall struct {
		Token  string `json:"token" doc:"From the link."`
		Reason string `json:"reason" doc:"Why." enum:"declined,consent_denied"`
	}
)

func (a *API) guestRoutes() []route {
	return []route{
		{
			method: "POST", path: "/api/guest/lobby", access: anyone, guest: true, status: 200, body: authBodyMax,
			summary: "See what a link means", detail: "Says the same of every link that cannot be used. It takes no seat, however often it is called. The browser gets a cookie by which it is known again.",
			op: handle(a.lobby),
		},
		{
			method: "POST", path: "/api/guest/join", access: anyone, guest: true, status: 200, body: authBodyMax, fails: []int{409, 410},
			summary: "Take the customer's seat", detail: "Binds the seat to this browser by a cookie. The same browser may do it again; another is refused.",
			op: handle(a.join),
		},
		{
			method: "POST", path: "/api/guest/knock", access: anyone, guest: true, status: 202, body: authBodyMax, fails: []int{409, 410},
			summary: "Ask for a seat that another device has", detail: "The agent answers; the lobby says how.", op: handle(a.knock),
		},
		{
			method: "POST", path: "/api/guest/decline", access: anyone, guest: true, status: 200, body: authBodyMax, fails: []int{409, 410},
			summary: "Say no to a call", op: handle(a.decline),
		},
		{
			method: "GET", path: "/api/guest/calls/{id}", access: seated, guest: true, status: 200,
			summary: "Read a call as its customer", op: handle(a.guestCall),
		},
		{
			method: "POST", path: "/api/guest/calls/{id}/hangup", access: seated, guest: true, status: 200, fails: []int{410},
			summary: "End a call as its customer", op: handle(a.guestHangup),
		},
		{
			method: "POST", path: "/api/guest/calls/{id}/rating", access: seated, guest: true, status: 200, fails: []int{409, 410},
			summary: "Rate a call as its customer", detail: "Once, within a day of its end.", op: handle(a.guestRate),
		},
	}
}

// lobby says what the link means to the browser. A browser without a secret gets
// one now, so that it keeps the seat even if the answer to its Join never arrives.
func (a *API) lobby(ctx context.Context, r *Request[openLink]) (lobby, error) {
	device := a.device(r.r)
	if device == "" {
		device = newDevice()
	}
	l, err := a.cfg.Calls.Lobby(ctx, r.In.Token, device)
	if err != nil {
		return lobby{}, err
	}
	if l.State != vi.LobbyInvalid {
		r.cookie(deviceCookie, device, a.cfg.SeatMax)
	}
	return lobby{
		State: string(l.State), Host: l.Host, Agent: l.Agent, Reference: l.Reference,
		Call: string(l.Call), Status: string(l.Status), Name: l.Name,
	}, nil
}

func (a *API) join(ctx context.Context, r *Request[joinCall]) (joined, error) {
	ref, device, err := a.cfg.Calls.Join(ctx, r.In.Token, vi.JoinCall{
		Name: r.In.Name, Browser: r.r.UserAgent(), Device: a.device(r.r), Permission: vi.Permission(r.In.Permission),
	})
	if err != nil {
		return joined{}, err
	}
	r.cookie(deviceCookie, device, a.cfg.SeatMax)
	return joined{Call: string(ref.Call)}, nil
}

func (a *API) knock(ctx context.Context, r *Request[knockCall]) (empty, error) {
	device, err := a.cfg.Calls.Knock(ctx, r.In.Token, vi.JoinCall{
		Name: r.In.Name, Browser: r.r.UserAgent(), Device: a.device(r.r),
	})
	if err != nil {
		return empty{}, err
	}
	r.cookie(deviceCookie, device, a.cfg.SeatMax)
	return empty{}, nil
}

func (a *API) decline(ctx context.Context, r *Request[declineCall]) (empty, error) {
	return empty{}, a.cfg.Calls.Decline(ctx, r.In.Token, vi.EndReason(r.In.Reason))
}

func (a *API) guestCall(_ context.Context, r *Request[oneCall]) (callAnswer, error) {
	return a.answerWith(r.call, vi.SeatCustomer, nil)
}

func (a *API) guestHangup(ctx context.Context, r *Request[oneCall]) (callAnswer, error) {
	c, err := a.cfg.Calls.Leave(ctx, r.guest)
	return a.answerWith(c, vi.SeatCustomer, err)
}

func (a *API) guestRate(ctx context.Context, r *Request[rateCall]) (callAnswer, error) {
	c, err := a.cfg.Calls.RateAs(ctx, r.guest, r.In.Stars, r.In.Comment)
	return a.answerWith(c, vi.SeatCustomer, err)
}
