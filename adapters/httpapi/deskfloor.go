package httpapi

import (
	"context"
	"time"

	"github.com/tandem-cc/tandem/account"
	"github.com/tandem-cc/tandem/desk"
	"github.com/tandem-cc/tandem/desk/presence"
	"github.com/tandem-cc/tandem/internal/fault"
)

// Requests and answers about agents.
type (
	agent struct {
		ID       string     `json:"id" doc:"ID of the user."`
		Name     string     `json:"name" doc:"Name."`
		Email    string     `json:"email" doc:"E-mail address."`
		Role     string     `json:"role" doc:"What the user is in the account."`
		Status   string     `json:"status" doc:"What the agent is now." enum:"available,busy,away,offline"`
		Reason   string     `json:"reason,omitempty" doc:"Why, if that was not chosen." enum:"capacity,wrap_up,lost,not_responding"`
		Chosen   string     `json:"chosen" doc:"What the agent chose." enum:"available,busy,away,offline"`
		Code     *auxCode   `json:"code,omitempty" doc:"The aux code that was chosen."`
		Since    *time.Time `json:"since,omitempty" doc:"When the status began."`
		Session  *time.Time `json:"session,omitempty" doc:"When the session began."`
		Used     int        `json:"used" doc:"Units of work now."`
		Max      int        `json:"max" doc:"Most units of work, 1 to 20."`
		Active   int        `json:"active" doc:"Conversations now."`
		Skills   []skilled  `json:"skills" doc:"Skills."`
		Queues   []inQueue  `json:"queues" doc:"Queues."`
		Handled  int        `json:"handled" doc:"Resolved in this session."`
		Response *seconds   `json:"response_seconds,omitempty" doc:"Mean time to an answer in this session; absent if there was none."`
		Disabled bool       `json:"disabled" doc:"Works here no more."`
	}
	auxCode struct {
		ID     string `json:"id" doc:"ID; empty for a new one."`
		Name   string `json:"name" doc:"At most 40 characters."`
		Status string `json:"status" doc:"Which status it goes with." enum:"busy,away"`
		Paid   bool   `json:"paid" doc:"Whether the time is paid."`
		Colour string `json:"colour" doc:"#rrggbb."`
	}
	skilled struct {
		ID    string `json:"id" doc:"ID of the skill."`
		Name  string `json:"name,omitempty" doc:"Its name."`
		Level int    `json:"level" doc:"1 (beginner) to 5 (expert)."`
	}
	inQueue struct {
		ID       string `json:"id" doc:"ID of the queue."`
		Name     string `json:"name,omitempty" doc:"Its name."`
		Priority int    `json:"priority" doc:"1 is asked before 2, up to 5."`
	}
	myDesk struct {
		Agent  agent     `json:"agent" doc:"The caller."`
		Codes  []auxCode `json:"codes" doc:"Aux codes to choose from."`
		Offers []offer   `json:"offers" doc:"Tickets that the caller may accept."`
		Setup  deskWords `json:"setup" doc:"What pages need to show conversations."`
	}
	deskWords struct {
		Tags       []tagItem       `json:"tags" doc:"Predefined tags."`
		Labels     []label         `json:"labels" doc:"Labels."`
		Queues     []queueWords    `json:"queues" doc:"Queues."`
		Attributes []attributeItem `json:"attributes" doc:"Attributes of contacts."`
		Lines      []lineWords     `json:"lines" doc:"Lines."`
	}
	queueWords struct {
		ID           string   `json:"id" doc:"ID of the queue."`
		Name         string   `json:"name" doc:"Name."`
		Dispositions []string `json:"dispositions" doc:"To choose from at resolving."`
	}
	lineWords struct {
		ID   string `json:"id" doc:"ID of the line."`
		Kind string `json:"kind" doc:"Channel."`
		Name string `json:"name" doc:"Name."`
	}
	offer struct {
		ID     string    `json:"id" doc:"ID of the offer."`
		Ticket string    `json:"ticket" doc:"ID of the ticket."`
		Until  time.Time `json:"until" doc:"When it ends."`
	}
	chooseStatus struct {
		Status string `json:"status" doc:"The new one." enum:"available,busy,away,offline"`
		Code   string `json:"code,omitempty" doc:"ID of the aux code; busy and away take one."`
	}
	agentAnswer struct {
		Agent agent `json:"agent" doc:"The agent."`
	}
	agentList struct {
		Agents []agent `json:"agents" doc:"By name."`
	}
	describeAgent struct {
		ID     string    `json:"-" path:"id" doc:"ID of the user."`
		Max    int       `json:"max" doc:"1 to 20."`
		Skills []skilled `json:"skills" doc:"All that the agent knows."`
		Queues []inQueue `json:"queues" doc:"All that the agent serves."`
	}
	oneOffer struct {
		ID string `json:"-" path:"id" doc:"ID of the offer."`
	}
	targets struct {
		Agents []agent      `json:"agents" doc:"Who is there, without the caller."`
		Queues []queueCount `json:"queues" doc:"All queues."`
	}
	readDashboard struct {
		From  time.Time `json:"-" query:"from" doc:"Beginning of the time; of today if it is not given."`
		To    time.Time `json:"-" query:"to" doc:"End of the time, not included; of today if it is not given."`
		Agent string    `json:"-" query:"agent" doc:"ID of the agent whose tickets count; all if it is not given."`
	}
	dashboard struct {
		Now    standing `json:"now" doc:"How the desk stands."`
		Period happened `json:"period" doc:"What happened within the time."`
		Series []point  `json:"series" doc:"By day in the account's zone; by hour of a time of two days at most."`
		Zone   string   `json:"zone" doc:"IANA time zone of days and hours."`
	}
	standing struct {
		Queue    int `json:"queue" doc:"Tickets that wait for an agent."`
		Late     int `json:"late" doc:"Of those, for longer than a minute."`
		Assigned int `json:"assigned" doc:"Tickets that agents have and that are not finished."`
		Opened   int `json:"opened" doc:"Tickets that are open."`
		Agents   int `json:"agents" doc:"Agents who are there to take work."`
	}
	happened struct {
		Created  int `json:"created" doc:"Tickets opened."`
		Resolved int `json:"resolved" doc:"Resolved."`
		Closed   int `json:"closed" doc:"Closed."`
		OnHold   int `json:"on_hold" doc:"Put on hold."`
		Reopened int `json:"reopened" doc:"Opened again."`
	}
	point struct {
		From    time.Time `json:"from" doc:"Beginning of the interval."`
		Created int       `json:"created" doc:"Tickets opened."`
		Closed  int       `json:"closed" doc:"Closed."`
	}
)

func (a *API) floorRoutes() []route {
	r := func(method, path string, need account.Permission, status int, summary, detail string, op operation, fails ...int) route {
		return route{method: method, path: path, access: signedIn, need: need, status: status, summary: summary, detail: detail, op: op, fails: fails}
	}
	return []route{
		r("GET", "/api/desk/me", account.DeskWork, 200, "See one's own status", "", handle(a.myDesk)),
		r("POST", "/api/desk/me/status", account.DeskWork, 200, "Choose one's own status", "", handle(a.chooseStatus)),
		r("POST", "/api/desk/me/offers/{id}/accept", account.DeskWork, 200, "Accept an offered ticket", "", handle(a.acceptOffer), 409, 410),
		r("POST", "/api/desk/me/offers/{id}/reject", account.DeskWork, 204, "Let others have an offered ticket", "", handle(a.rejectOffer), 410),
		r("GET", "/api/desk/targets", account.DeskWork, 200, "List whom to transfer to", "", handle(a.listTargets)),
		r("GET", "/api/desk/agents", account.DeskSeeAll, 200, "List agents", "", handle(a.listAgents)),
		r("PUT", "/api/desk/agents/{id}", account.DeskSettings, 200, "Describe an agent", "Limit, skills and queues of a user.", handle(a.describeAgent)),
		r("GET", "/api/desk/dashboard", account.DeskSeeAll, 200, "Read the dashboard", "Figures count events within the time.", handle(a.dashboard)),
	}
}

func codeOf(c presence.Code) auxCode {
	return auxCode{string(c.ID), c.Name, string(c.Status), c.Paid, c.Colour}
}

func agentOf(x desk.Agent, s desk.Setup) agent {
	status, why := x.Presence.Effective()
	out := agent{
		ID: string(x.User), Name: x.Name, Email: x.Email, Role: string(x.Role), Status: string(status), Reason: string(why),
		Chosen: string(x.Presence.Chosen), Since: some(x.Presence.Since), Session: some(x.Presence.Session),
		Used: x.Used, Max: x.Max, Active: x.Active, Skills: []skilled{}, Queues: []inQueue{}, Handled: x.Handled, Disabled: x.Disabled,
	}
	if out.Chosen == "" {
		out.Chosen = string(presence.StatusOffline)
	}
	if x.Presence.Code.ID != "" {
		code := codeOf(x.Presence.Code)
		out.Code = &code
	}
	if x.Replies > 0 {
		mean := inSeconds(x.Replied / time.Duration(x.Replies))
		out.Response = &mean
	}
	for _, p := range x.Skills {
		for _, k := range s.Skills {
			if k.ID == p.Skill {
				out.Skills = append(out.Skills, skilled{string(k.ID), k.Name, p.Level})
			}
		}
	}
	for _, m := range x.Queues {
		if q, ok := s.Queue(m.Queue); ok {
			out.Queues = append(out.Queues, inQueue{string(q.ID), q.Name, m.Priority})
		}
	}
	return out
}

func (a *API) myDesk(ctx context.Context, r *Request[empty]) (myDesk, error) {
	me, err := a.cfg.Desk.Me(ctx, r.By)
	if err != nil {
		return myDesk{}, err
	}
	s, err := a.cfg.Desk.Setup(ctx, r.By)
	out := myDesk{Agent: agentOf(me, s), Codes: listed(s.Codes, codeOf), Offers: []offer{}, Setup: deskWords{
		Tags: listed(s.Tags, tagOf), Labels: listed(s.Labels, labelOf), Attributes: listed(s.Attributes, attributeOf),
		Queues: listed(s.Queues, func(q desk.Queue) queueWords {
			return queueWords{string(q.ID), q.Name, listed(q.Dispositions, func(s string) string { return s })}
		}),
		Lines: listed(s.Lines, func(l desk.Line) lineWords { return lineWords{string(l.ID), string(l.Kind), l.Name} }),
	}}
	if a.cfg.Router != nil {
		out.Offers = listed(a.cfg.Router.Offers(r.By), func(o desk.Offer) offer { return offer{o.ID, string(o.Ticket), o.Until} })
	}
	return out, err
}

func (a *API) agentBack(ctx context.Context, by account.Actor, x desk.Agent, err error) (agentAnswer, error) {
	if err != nil {
		return agentAnswer{}, err
	}
	s, err := a.cfg.Desk.Setup(ctx, by)
	return agentAnswer{agentOf(x, s)}, err
}

func (a *API) chooseStatus(ctx context.Context, r *Request[chooseStatus]) (agentAnswer, error) {
	x, err := a.cfg.Desk.Choose(ctx, r.By, presence.Status(r.In.Status), presence.CodeID(r.In.Code))
	return a.agentBack(ctx, r.By, x, err)
}

func (a *API) acceptOffer(ctx context.Context, r *Request[oneOffer]) (ticketAnswer, error) {
	if a.cfg.Router == nil {
		return ticketAnswer{}, fault.Errorf(fault.Gone, "the offer has ended")
	}
	t, err := a.cfg.Router.Accept(ctx, r.By, r.In.ID)
	return a.ticketBack(ctx, r.By, t, err)
}

func (a *API) rejectOffer(ctx context.Context, r *Request[oneOffer]) (none, error) {
	if a.cfg.Router == nil {
		return none{}, fault.Errorf(fault.Gone, "the offer has ended")
	}
	return none{}, a.cfg.Router.Reject(ctx, r.By, r.In.ID)
}

func (a *API) listTargets(ctx context.Context, r *Request[empty]) (targets, error) {
	t, err := a.cfg.Desk.Targets(ctx, r.By)
	if err != nil {
		return targets{}, err
	}
	s, err := a.cfg.Desk.Setup(ctx, r.By)
	return targets{listed(t.Agents, func(x desk.Agent) agent {
		out := agentOf(x, s)
		out.Email, out.Handled, out.Response, out.Session = "", 0, nil, nil // a colleague's business
		return out
	}), listed(t.Queues, queueCountOf)}, err
}

func (a *API) listAgents(ctx context.Context, r *Request[empty]) (agentList, error) {
	all, err := a.cfg.Desk.Agents(ctx, r.By)
	if err != nil {
		return agentList{}, err
	}
	s, err := a.cfg.Desk.Setup(ctx, r.By)
	return agentList{listed(all, func(x desk.Agent) agent { return agentOf(x, s) })}, err
}

func (a *API) describeAgent(ctx context.Context, r *Request[describeAgent]) (agentAnswer, error) {
	d := desk.AgentDescription{Max: r.In.Max}
	var c fault.Check
	c.That(r.In.Max >= 1 && r.In.Max <= 20, "max", "has to be between 1 and 20")
	if err := c.Err(); err != nil {
		return agentAnswer{}, err
	}
	if a.cfg.Accounts != nil {
		u, err := a.cfg.Accounts.User(ctx, r.By, account.UserID(r.In.ID))
		if err != nil {
			return agentAnswer{}, err
		}
		d.Name, d.Email, d.Role = u.Name, u.Email, u.Role
	}
	for _, s := range r.In.Skills {
		d.Skills = append(d.Skills, desk.Proficiency{Skill: desk.SkillID(s.ID), Level: s.Level})
	}
	for _, q := range r.In.Queues {
		d.Queues = append(d.Queues, desk.Membership{Queue: desk.QueueID(q.ID), Priority: q.Priority})
	}
	x, err := a.cfg.Desk.DescribeAgent(ctx, r.By, account.UserID(r.In.ID), d)
	return a.agentBack(ctx, r.By, x, err)
}

func (a *API) dashboard(ctx context.Context, r *Request[readDashboard]) (dashboard, error) {
	zone := time.UTC
	if a.cfg.Accounts != nil {
		acct, err := a.cfg.Accounts.Account(ctx, r.By)
		if err != nil {
			return dashboard{}, err
		}
		if z, err := time.LoadLocation(acct.Zone); err == nil {
			zone = z
		}
	}
	q := desk.DashboardQuery{From: r.In.From, To: r.In.To, Agent: account.UserID(r.In.Agent), Zone: zone}
	now := a.cfg.Now().In(zone)
	if q.From.IsZero() {
		q.From = time.Date(now.Year(), now.Month(), now.Day(), 0, 0, 0, 0, zone).UTC()
	}
	if q.To.IsZero() {
		q.To = time.Date(now.Year(), now.Month(), now.Day()+1, 0, 0, 0, 0, zone).UTC()
	}
	d, err := a.cfg.Desk.Dashboard(ctx, r.By, q)
	return dashboard{
		Now:    standing{d.Now.Queue, d.Now.Late, d.Now.Assigned, d.Now.Opened, d.Now.Agents},
		Period: happened{d.Period.Created, d.Period.Resolved, d.Period.Closed, d.Period.OnHold, d.Period.Reopened},
		Series: listed(d.Series, func(f desk.Figure) point { return point{f.From, f.Created, f.Closed} }), Zone: zone.String(),
	}, err
}
