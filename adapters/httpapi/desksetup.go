package httpapi

import (
	"context"
	"reflect"
	"strings"

	"github.com/tandem-cc/tandem/account"
	"github.com/tandem-cc/tandem/desk"
	"github.com/tandem-cc/tandem/desk/presence"
	"github.com/tandem-cc/tandem/internal/fault"
)

// How the desk is arranged, with times in seconds.
type (
	deskSetup struct {
		Policy     deskPolicy      `json:"policy" doc:"Times and choices of queues that have none of their own."`
		Queues     []queueItem     `json:"queues" doc:"Queues."`
		Lines      []lineItem      `json:"lines" doc:"Channel accounts."`
		Skills     []skillItem     `json:"skills" doc:"Skills."`
		Codes      []auxCode       `json:"codes" doc:"Aux codes."`
		Tags       []tagItem       `json:"tags" doc:"Predefined tags."`
		Labels     []label         `json:"labels" doc:"Labels."`
		Attributes []attributeItem `json:"attributes" doc:"Attributes of contacts."`
		Version    int             `json:"version" doc:"One more with every change."`
	}
	setupAnswer struct {
		Setup deskSetup `json:"setup" doc:"How the desk is arranged now."`
	}
	deskPolicy struct {
		ResolvedHold    seconds  `json:"resolved_hold" doc:"A resolved ticket can be reopened; -1: it closes at once."`
		PendingHold     seconds  `json:"pending_hold" doc:"A pending ticket waits for the customer; -1: for ever."`
		InactivityAfter seconds  `json:"inactivity_after" doc:"An answered ticket is resolved; -1: never."`
		LeaseAfter      seconds  `json:"lease_after" doc:"The assignee has to reply, or the ticket goes back; -1: never."`
		AbandonAfter    seconds  `json:"abandon_after" doc:"Tickets that nobody answers end; -1: never."`
		Reopen          string   `json:"reopen" doc:"What a message after resolving opens." enum:"same,linked"`
		ReopenTo        string   `json:"reopen_to" doc:"Who gets a reopened ticket: the one before if there, or the queue." enum:"keep,requeue"`
		NewVisible      bool     `json:"new_visible" doc:"Agents of a queue see what waits in it, and take it."`
		ReplyClaims     bool     `json:"reply_claims" doc:"Replying to a ticket that waits takes it."`
		HoldThrough     bool     `json:"hold_through" doc:"A ticket on hold stays so when the customer writes."`
		GratitudeCloses bool     `json:"gratitude_closes" doc:"Thanks resolve an answered ticket."`
		Counting        []string `json:"capacity_statuses" doc:"Statuses that count against an agent's limit: of open, pending and on_hold."`
	}
	queueItem struct {
		ID           string      `json:"id" doc:"ID; empty for a new one."`
		Name         string      `json:"name" doc:"At most 60 characters."`
		Type         string      `json:"type" doc:"Who may serve it." enum:"general,skilled,outbound"`
		Mode         string      `json:"mode" doc:"How tickets come to agents." enum:"round_robin,push,pick_me"`
		Order        string      `json:"order,omitempty" doc:"Of agents of one priority: proficiency, longest_idle, least_loaded or round_robin."`
		Channels     []string    `json:"channels,omitempty" doc:"That a skilled queue serves; all if there are none."`
		Needs        []needItem  `json:"needs,omitempty" doc:"Skills that serving it takes."`
		Relax        []relaxItem `json:"relax,omitempty" doc:"Weaker needs after a wait."`
		LastAgent    seconds     `json:"last_agent,omitempty" doc:"Prefers the customer's last agent for so long; 0: not."`
		OfferTimeout seconds     `json:"offer_timeout,omitempty" doc:"Of offers of a push queue; 20 if it is 0."`
		MaxWait      seconds     `json:"max_wait,omitempty" doc:"Then tickets go to the backup queue; 0: never."`
		Backup       string      `json:"backup,omitempty" doc:"ID of the backup queue."`
		MaxWaiting   int         `json:"max_waiting,omitempty" doc:"Most tickets that wait; 0: no limit."`
		Lost         string      `json:"lost,omitempty" doc:"What becomes of the tickets of an agent who is gone." enum:"requeue,keep"`
		Dispositions []string    `json:"dispositions,omitempty" doc:"To choose from at resolving."`
		Policy       *deskPolicy `json:"policy,omitempty" doc:"Its own times and choices; set by another route."`
	}
	needItem struct {
		Skill string `json:"skill" doc:"ID of the skill."`
		Min   int    `json:"min" doc:"Least level, 1 to 5."`
	}
	relaxItem struct {
		After seconds    `json:"after" doc:"Time waited."`
		Needs []needItem `json:"needs" doc:"What it takes then."`
	}
	lineItem struct {
		ID       string   `json:"id" doc:"ID; empty for a new one."`
		Kind     string   `json:"kind,omitempty" doc:"Channel."`
		Name     string   `json:"name" doc:"As customers know it."`
		Key      string   `json:"key,omitempty" doc:"Public key of a web chat; made by us."`
		Queue    string   `json:"queue" doc:"ID of the queue that its tickets wait in."`
		Origins  []string `json:"origins,omitempty" doc:"Sites that may carry the chat; any if there are none."`
		Greeting string   `json:"greeting,omitempty" doc:"Shown before the first message."`
		Colour   string   `json:"colour,omitempty" doc:"#rrggbb, or empty."`
		Off      bool     `json:"off,omitempty" doc:"Switched off."`
	}
	skillItem struct {
		ID          string `json:"id" doc:"ID; empty for a new one."`
		Name        string `json:"name" doc:"At most 60 characters."`
		Description string `json:"description,omitempty" doc:"At most 500 characters."`
	}
	tagItem struct {
		Name     string `json:"name" doc:"At most 60 characters."`
		Colour   string `json:"colour" doc:"#rrggbb."`
		Category string `json:"category,omitempty" doc:"issue, resolution, customer, or empty."`
	}
	attributeItem struct {
		Key     string   `json:"key" doc:"Of a-z, 0-9 and _."`
		Name    string   `json:"name" doc:"As people see it."`
		Type    string   `json:"type" doc:"What its values are." enum:"text,number,date,choice,bool"`
		Options []string `json:"options,omitempty" doc:"Of a choice."`
	}
	putPolicy struct {
		Item   string      `json:"-" path:"item" doc:"ID of the queue."`
		Policy *deskPolicy `json:"policy,omitempty" doc:"Absent: the account's."`
	}
	putAll struct {
		Policy deskPolicy `json:"policy" doc:"For all queues that have none of their own."`
	}
	oneItem struct {
		Item string `json:"-" path:"item" doc:"ID, name or key of the item."`
	}
)

func policyOf(p desk.Policy) deskPolicy {
	p = p.WithDefaults()
	return deskPolicy{
		ResolvedHold: inSeconds(p.ResolvedHold), PendingHold: inSeconds(p.PendingHold), InactivityAfter: inSeconds(p.InactivityAfter),
		LeaseAfter: inSeconds(p.LeaseAfter), AbandonAfter: inSeconds(p.AbandonAfter), Reopen: string(p.Reopen), ReopenTo: string(p.ReopenTo),
		NewVisible: p.NewVisible, ReplyClaims: p.ReplyClaims, HoldThrough: p.HoldThrough, GratitudeCloses: p.GratitudeCloses,
		Counting: listed(p.CapacityStatuses, func(s desk.Status) string { return string(s) }),
	}
}

func (p deskPolicy) policy() desk.Policy {
	return desk.Policy{
		ResolvedHold: p.ResolvedHold.duration(), PendingHold: p.PendingHold.duration(), InactivityAfter: p.InactivityAfter.duration(),
		LeaseAfter: p.LeaseAfter.duration(), AbandonAfter: p.AbandonAfter.duration(), Reopen: desk.ReopenMode(p.Reopen),
		ReopenTo: desk.ReopenAssignee(p.ReopenTo), NewVisible: p.NewVisible, ReplyClaims: p.ReplyClaims, HoldThrough: p.HoldThrough,
		GratitudeCloses: p.GratitudeCloses, CapacityStatuses: as[desk.Status](p.Counting),
	}
}

func needsOf(v []desk.Need) []needItem {
	return listed(v, func(n desk.Need) needItem { return needItem{string(n.Skill), n.Min} })
}

func needsTo(v []needItem) (out []desk.Need) {
	for _, n := range v {
		out = append(out, desk.Need{Skill: desk.SkillID(n.Skill), Min: n.Min})
	}
	return out
}

func queueOf(q desk.Queue) queueItem {
	out := queueItem{
		ID: string(q.ID), Name: q.Name, Type: string(q.Type), Mode: string(q.Mode), Order: q.Order, Channels: as[string](q.Channels),
		Needs: needsOf(q.Needs), Relax: listed(q.Relax, func(r desk.Relax) relaxItem { return relaxItem{inSeconds(r.After), needsOf(r.Needs)} }),
		LastAgent: inSeconds(q.LastAgent), OfferTimeout: inSeconds(q.OfferTimeout), MaxWait: inSeconds(q.MaxWait), Backup: string(q.Backup),
		MaxWaiting: q.MaxWaiting, Lost: string(q.Lost), Dispositions: q.Dispositions,
	}
	if q.Policy != nil {
		p := policyOf(*q.Policy)
		out.Policy = &p
	}
	return out
}

func (q queueItem) queue() desk.Queue {
	out := desk.Queue{
		ID: desk.QueueID(q.ID), Name: q.Name, Type: desk.QueueType(q.Type), Mode: desk.QueueMode(q.Mode), Order: q.Order,
		Channels: as[desk.Kind](q.Channels), Needs: needsTo(q.Needs), LastAgent: q.LastAgent.duration(), OfferTimeout: q.OfferTimeout.duration(),
		MaxWait: q.MaxWait.duration(), Backup: desk.QueueID(q.Backup), MaxWaiting: q.MaxWaiting, Lost: desk.Lost(q.Lost), Dispositions: q.Dispositions,
	}
	for _, r := range q.Relax {
		out.Relax = append(out.Relax, desk.Relax{After: r.After.duration(), Needs: needsTo(r.Needs)})
	}
	return out
}

func tagOf(t desk.Tag) tagItem   { return tagItem{t.Name, t.Colour, t.Category} }
func labelOf(l desk.Label) label { return label{string(l.ID), l.Name, l.Colour} }
func attributeOf(x desk.Attribute) attributeItem {
	return attributeItem{x.Key, x.Name, x.Type, x.Options}
}

func setupOf(s desk.Setup) deskSetup {
	return deskSetup{
		Policy: policyOf(s.Policy), Queues: listed(s.Queues, queueOf),
		Lines: listed(s.Lines, func(l desk.Line) lineItem {
			return lineItem{string(l.ID), string(l.Kind), l.Name, l.Key, string(l.Queue), l.Origins, l.Greeting, l.Colour, l.Off}
		}),
		Skills: listed(s.Skills, func(k desk.Skill) skillItem { return skillItem{string(k.ID), k.Name, k.Description} }),
		Codes:  listed(s.Codes, codeOf), Tags: listed(s.Tags, tagOf), Labels: listed(s.Labels, labelOf),
		Attributes: listed(s.Attributes, attributeOf), Version: s.Version,
	}
}

func setupBack(s desk.Setup, err error) (setupAnswer, error) { return setupAnswer{setupOf(s)}, err }

// put makes an operation of a command that adds or changes an item: of the type
// that the body has, under the ID of the path. An item that is new has none.
func put[Item any](change func(ctx context.Context, by account.Actor, id string, item Item) (desk.Setup, error)) operation {
	return operation{
		in: reflect.TypeFor[Item](), out: reflect.TypeFor[setupAnswer](),
		call: func(ctx context.Context, x *exchange, body []byte) (any, error) {
			var item Item
			if err := x.bind(&item, body); err != nil {
				return nil, err
			}
			id := x.params[0].value
			if id == "new" {
				id = ""
			}
			return setupBack(change(ctx, x.by, id, item))
		},
	}
}

func (a *API) setupRoutes() []route {
	d := a.cfg.Desk
	r := func(method, path string, need account.Permission, summary string, op operation, fails ...int) route {
		return route{method: method, path: "/api/desk/setup" + path, access: signedIn, need: need, status: 200, summary: summary, op: op, fails: fails}
	}
	x := account.DeskSettings
	all := []route{
		r("GET", "", account.DeskSeeAll, "See how the desk is arranged", handle(a.readSetup)),
		r("PUT", "/policy", account.DeskTimers, "Set times and choices of all queues", handle(a.putPolicy)),
		r("PUT", "/queues/{item}/policy", account.DeskTimers, "Set times and choices of a queue", handle(a.putQueuePolicy)),
		r("PUT", "/queues/{item}", x, "Add or change a queue", put(func(ctx context.Context, by account.Actor, id string, q queueItem) (desk.Setup, error) {
			q.ID = id
			return d.PutQueue(ctx, by, q.queue())
		})),
		r("PUT", "/lines/{item}", x, "Add or change a line", put(func(ctx context.Context, by account.Actor, id string, l lineItem) (desk.Setup, error) {
			return d.PutLine(ctx, by, desk.Line{
				ID: desk.LineID(id), Kind: desk.Kind(l.Kind), Name: l.Name, Queue: desk.QueueID(l.Queue), Origins: l.Origins,
				Greeting: strings.TrimSpace(l.Greeting), Colour: l.Colour, Off: l.Off,
			})
		})),
		r("PUT", "/skills/{item}", x, "Add or change a skill", put(func(ctx context.Context, by account.Actor, id string, k skillItem) (desk.Setup, error) {
			return d.PutSkill(ctx, by, desk.Skill{ID: desk.SkillID(id), Name: k.Name, Description: k.Description})
		})),
		r("PUT", "/codes/{item}", x, "Add or change an aux code", put(func(ctx context.Context, by account.Actor, id string, k auxCode) (desk.Setup, error) {
			return d.PutCode(ctx, by, presence.Code{ID: presence.CodeID(id), Name: k.Name, Status: presence.Status(k.Status), Paid: k.Paid, Colour: k.Colour})
		})),
		r("PUT", "/tags/{item}", x, "Add or change a tag", put(func(ctx context.Context, by account.Actor, _ string, k tagItem) (desk.Setup, error) {
			return d.PutTag(ctx, by, desk.Tag{Name: k.Name, Colour: k.Colour, Category: k.Category})
		})),
		r("PUT", "/labels/{item}", x, "Add or change a label", put(func(ctx context.Context, by account.Actor, id string, k label) (desk.Setup, error) {
			return d.PutLabel(ctx, by, desk.Label{ID: desk.LabelID(id), Name: k.Name, Colour: k.Colour})
		})),
		r("PUT", "/attributes/{item}", x, "Add or change an attribute of contacts", put(func(ctx context.Context, by account.Actor, _ string, k attributeItem) (desk.Setup, error) {
			return d.PutAttribute(ctx, by, desk.Attribute{Key: k.Key, Name: k.Name, Type: k.Type, Options: k.Options})
		})),
	}
	for _, what := range []string{"queue", "line", "skill", "code", "tag", "label", "attribute"} {
		all = append(all, r("DELETE", "/"+what+"s/{item}", x, "Delete a "+what, handle(func(ctx context.Context, r *Request[oneItem]) (setupAnswer, error) {
			return setupBack(d.Delete(ctx, r.By, what, r.In.Item))
		}), 409))
	}
	return all
}

func (a *API) readSetup(ctx context.Context, r *Request[empty]) (setupAnswer, error) {
	if !r.By.Can(account.DeskSeeAll) {
		return setupAnswer{}, fault.Errorf(fault.Denied, "this takes the permission %s", account.DeskSeeAll)
	}
	return setupBack(a.cfg.Desk.Setup(ctx, r.By))
}

func (a *API) putPolicy(ctx context.Context, r *Request[putAll]) (setupAnswer, error) {
	p := r.In.Policy.policy()
	return setupBack(a.cfg.Desk.PutPolicy(ctx, r.By, "", &p))
}

func (a *API) putQueuePolicy(ctx context.Context, r *Request[putPolicy]) (setupAnswer, error) {
	var own *desk.Policy
	if r.In.Policy != nil {
		p := r.In.Policy.policy()
		own = &p
	}
	return setupBack(a.cfg.Desk.PutPolicy(ctx, r.By, desk.QueueID(r.In.Item), own))
}
