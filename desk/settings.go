package desk

import (
	"context"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/tandem-cc/tandem/account"
	"github.com/tandem-cc/tandem/desk/presence"
	"github.com/tandem-cc/tandem/internal/fault"
	"github.com/tandem-cc/tandem/internal/token"
)

// Setup returns how the desk is arranged. Everybody who works there needs parts
// of it: names of queues, labels, aux codes.
func (d *Desk) Setup(ctx context.Context, by account.Actor) (Setup, error) {
	var out Setup
	err := d.view(ctx, by, "read settings", func(j *job) error {
		out = j.setup
		return j.need(account.DeskWork)
	})
	return out, err
}

// arrange makes a change of the setup.
func (d *Desk) arrange(ctx context.Context, by account.Actor, need account.Permission, change func(*job, *Setup) (what, deed string, err error)) (Setup, error) {
	var out Setup
	err := d.run(ctx, by, "change settings", func(j *job) error {
		if err := j.need(need); err != nil {
			return err
		}
		s := j.setup
		what, deed, err := change(j, &s)
		if err != nil {
			return err
		}
		s.Version++
		out = s
		return stale(j.PutSetup(j.ctx, s, SetupChanged{By: j.by.User, What: what, Deed: deed, At: j.now}))
	})
	return out, err
}

// Begin arranges a new desk, if the account has none: one general queue, one web
// chat, the usual aux codes, tags and labels.
func (d *Desk) Begin(ctx context.Context, by account.Actor, name string) (Setup, error) {
	if s, err := d.Setup(ctx, by); err != nil || s.Version > 0 {
		return s, err
	}
	return d.arrange(ctx, by, account.DeskSettings, func(j *job, s *Setup) (string, string, error) {
		if s.Version > 0 {
			return "", "", fault.Errorf(ErrConflict, "the desk is arranged already")
		}
		s.Policy = PresetTicket()
		s.Queues = []Queue{{ID: "general", Name: "General", Type: QueueGeneral, Mode: ModeRoundRobin, Lost: LostRequeue, CreatedAt: j.now}}
		s.Lines = []Line{{ID: "web", Kind: KindWebChat, Name: name, Key: token.New(12), Queue: "general", Greeting: "Hello! How can we help?"}}
		s.Codes = presence.Defaults()
		s.Tags = []Tag{
			{"Billing issue", "#2563eb", "issue"}, {"Technical problem", "#c2410c", "issue"}, {"Account question", "#0f766e", "issue"},
			{"Resolved - first contact", "#15803d", "resolution"}, {"VIP customer", "#7c3aed", "customer"},
		}
		s.Labels = []Label{
			{"follow-up", "Follow-up required", "#2563eb"}, {"escalated", "Escalated", "#c2410c"},
			{"bug", "Bug report", "#7c3aed"}, {"feature", "Feature request", "#0f766e"},
		}
		return "desk", "added", nil
	})
}

// upsert replaces the item that is the same, or adds one.
func upsert[T any](all []T, item T, same func(T) bool) ([]T, string) {
	next := slices.Clone(all)
	if i := slices.IndexFunc(next, same); i >= 0 {
		next[i] = item
		return next, "changed"
	}
	return append(next, item), "added"
}

func checkName(c *fault.Check, name string) string {
	name = strings.Join(strings.Fields(name), " ")
	c.That(name != "" && utf8.ValidString(name), "name", "is missing")
	c.That(utf8.RuneCountInString(name) <= 60, "name", "is longer than 60 characters")
	return name
}

func checkColour(c *fault.Check, s string) {
	c.That(len(s) == 7 && s[0] == '#' && strings.Trim(s[1:], "0123456789abcdefABCDEF") == "", "colour", "is not a colour such as #2a78d6")
}

// unique fails the name if another item has it.
func unique[T any](c *fault.Check, all []T, name string, other func(T) (string, bool)) {
	for _, x := range all {
		if n, ok := other(x); ok && strings.EqualFold(n, name) {
			c.That(false, "name", "is another one's already")
			return
		}
	}
}

// PutQueue adds a queue, or changes the one with its ID. The ID of a new one may
// be "". It needs [account.DeskSettings], as what follows here.
func (d *Desk) PutQueue(ctx context.Context, by account.Actor, q Queue) (Setup, error) {
	return d.arrange(ctx, by, account.DeskSettings, func(j *job, s *Setup) (string, string, error) {
		var c fault.Check
		q.Name = checkName(&c, q.Name)
		unique(&c, s.Queues, q.Name, func(x Queue) (string, bool) { return x.Name, x.ID != q.ID })
		s.checkQueue(&c, &q)
		if err := c.Err(); err != nil {
			return "", "", err
		}
		if was, ok := s.Queue(q.ID); ok {
			q.CreatedAt, q.Policy = was.CreatedAt, was.Policy
		} else {
			q.CreatedAt, q.Policy = j.now, nil
			if q.ID == "" {
				q.ID = QueueID(j.id())
			}
		}
		var deed string
		s.Queues, deed = upsert(s.Queues, q, func(x Queue) bool { return x.ID == q.ID })
		return "queue " + q.Name, deed, nil
	})
}

func (s Setup) checkQueue(c *fault.Check, q *Queue) {
	if q.Type == "" {
		q.Type = QueueGeneral
	}
	if q.Mode == "" {
		q.Mode = ModeRoundRobin
	}
	if q.Lost == "" {
		q.Lost = LostRequeue
	}
	c.That(slices.Contains([]QueueType{QueueGeneral, QueueSkilled, QueueOutbound}, q.Type), "type", "is none of general, skilled and outbound")
	c.That(slices.Contains([]QueueMode{ModeRoundRobin, ModePush, ModePickMe}, q.Mode), "mode", "is none of round_robin, push and pick_me")
	c.That(slices.Contains([]string{"", "proficiency", "longest_idle", "least_loaded", "round_robin"}, q.Order), "order", "does not exist")
	c.That(q.Lost == LostKeep || q.Lost == LostRequeue, "lost", "is neither keep nor requeue")
	c.That(q.OfferTimeout >= 0 && q.OfferTimeout <= 10*time.Minute, "offer_timeout", "has to be at most 10 minutes")
	c.That(q.MaxWait >= 0 && q.MaxWait <= 24*time.Hour, "max_wait", "has to be at most 24 hours")
	c.That((q.MaxWait > 0) == (q.Backup != ""), "backup", "and the longest wait go together")
	s.checkNeeds(c, "needs", q.Needs)
	last := time.Duration(0)
	for _, r := range q.Relax {
		c.That(r.After > last, "relax", "has steps that do not follow each other in time")
		last = r.After
		s.checkNeeds(c, "relax", r.Needs)
	}
	q.Dispositions = slices.DeleteFunc(slices.Clone(q.Dispositions), func(s string) bool { return strings.TrimSpace(s) == "" })
	c.That(len(q.Dispositions) <= 50, "dispositions", "are more than 50")
	if q.Backup == "" {
		return
	}
	_, ok := s.Queue(q.Backup)
	c.That(ok && q.Backup != q.ID, "backup", "is not another queue")
	for at, hops := q.Backup, 0; at != ""; hops++ {
		next, _ := s.Queue(at)
		if at = next.Backup; at == q.ID || hops > 5 {
			c.That(false, "backup", "leads back here, or over more than 5 queues")
			return
		}
	}
}

func (s Setup) checkNeeds(c *fault.Check, field string, needs []Need) {
	c.That(len(needs) <= 8, field, "are more than 8 skills")
	for _, n := range needs {
		c.That(slices.ContainsFunc(s.Skills, func(x Skill) bool { return x.ID == n.Skill }), field, "contain a skill that does not exist")
		c.That(n.Min >= 1 && n.Min <= 5, field, "have levels from 1 to 5")
	}
}

// PutPolicy sets the times and choices of a queue, or with "" of all queues that
// have none of their own; nil gives a queue those again. It needs
// [account.DeskTimers].
func (d *Desk) PutPolicy(ctx context.Context, by account.Actor, queue QueueID, p *Policy) (Setup, error) {
	return d.arrange(ctx, by, account.DeskTimers, func(j *job, s *Setup) (string, string, error) {
		if p != nil {
			if err := p.Check(); err != nil {
				return "", "", err
			}
		}
		if queue == "" {
			if p == nil {
				p = new(Policy)
			}
			s.Policy = *p
			return "timers", "changed", nil
		}
		q, ok := s.Queue(queue)
		if !ok {
			return "", "", fault.Errorf(ErrNotFound, "there is no such queue")
		}
		q.Policy = p
		s.Queues, _ = upsert(s.Queues, q, func(x Queue) bool { return x.ID == queue })
		return "timers of " + q.Name, "changed", nil
	})
}

// PutLine adds or changes a line. Its key is made here, and stays.
func (d *Desk) PutLine(ctx context.Context, by account.Actor, l Line) (Setup, error) {
	return d.arrange(ctx, by, account.DeskSettings, func(j *job, s *Setup) (string, string, error) {
		var c fault.Check
		l.Name = checkName(&c, l.Name)
		if l.Kind == "" {
			l.Kind = KindWebChat
		}
		c.That(slices.Contains([]Kind{KindWebChat, KindWhatsApp, KindEmail, KindMessenger, KindSMS}, l.Kind), "kind", "does not exist")
		_, ok := s.Queue(l.Queue)
		c.That(ok, "queue", "does not exist")
		c.That(utf8.RuneCountInString(l.Greeting) <= 500, "greeting", "is longer than 500 characters")
		if l.Colour != "" {
			checkColour(&c, l.Colour)
		}
		for i, o := range l.Origins {
			u, err := url.Parse(strings.TrimSuffix(strings.TrimSpace(o), "/"))
			good := err == nil && (u.Scheme == "https" || u.Scheme == "http") && u.Host != "" && u.Path == "" && u.RawQuery == "" && u.User == nil
			c.That(good, "origins", "contain what is no site, such as https://shop.example")
			if good {
				l.Origins[i] = u.Scheme + "://" + u.Host
			}
		}
		if err := c.Err(); err != nil {
			return "", "", err
		}
		if was, ok := s.Line(l.ID); ok {
			l.Key, l.Kind = was.Key, was.Kind
		} else {
			l.Key = token.New(12)
			if l.ID == "" {
				l.ID = LineID(j.id())
			}
		}
		var deed string
		s.Lines, deed = upsert(s.Lines, l, func(x Line) bool { return x.ID == l.ID })
		return "line " + l.Name, deed, nil
	})
}

// PutSkill adds or changes a skill.
func (d *Desk) PutSkill(ctx context.Context, by account.Actor, k Skill) (Setup, error) {
	return d.arrange(ctx, by, account.DeskSettings, func(j *job, s *Setup) (string, string, error) {
		var c fault.Check
		k.Name = checkName(&c, k.Name)
		unique(&c, s.Skills, k.Name, func(x Skill) (string, bool) { return x.Name, x.ID != k.ID })
		c.That(utf8.RuneCountInString(k.Description) <= 500, "description", "is longer than 500 characters")
		if err := c.Err(); err != nil {
			return "", "", err
		}
		if k.ID == "" {
			k.ID = SkillID(j.id())
		}
		var deed string
		s.Skills, deed = upsert(s.Skills, k, func(x Skill) bool { return x.ID == k.ID })
		return "skill " + k.Name, deed, nil
	})
}

// PutCode adds or changes an aux code.
func (d *Desk) PutCode(ctx context.Context, by account.Actor, k presence.Code) (Setup, error) {
	return d.arrange(ctx, by, account.DeskSettings, func(j *job, s *Setup) (string, string, error) {
		k.Name = strings.Join(strings.Fields(k.Name), " ")
		if err := k.Check(); err != nil {
			return "", "", err
		}
		var c fault.Check
		unique(&c, s.Codes, k.Name, func(x presence.Code) (string, bool) { return x.Name, x.ID != k.ID })
		if err := c.Err(); err != nil {
			return "", "", err
		}
		if k.ID == "" {
			k.ID = presence.CodeID(j.id())
		}
		var deed string
		s.Codes, deed = upsert(s.Codes, k, func(x presence.Code) bool { return x.ID == k.ID })
		return "aux code " + k.Name, deed, nil
	})
}

// PutTag adds a predefined tag, or changes the one of that name.
func (d *Desk) PutTag(ctx context.Context, by account.Actor, k Tag) (Setup, error) {
	return d.arrange(ctx, by, account.DeskSettings, func(_ *job, s *Setup) (string, string, error) {
		var c fault.Check
		k.Name = checkName(&c, k.Name)
		checkColour(&c, k.Colour)
		c.That(slices.Contains([]string{"", "issue", "resolution", "customer"}, k.Category), "category", "is none of issue, resolution and customer")
		if err := c.Err(); err != nil {
			return "", "", err
		}
		var deed string
		s.Tags, deed = upsert(s.Tags, k, func(x Tag) bool { return strings.EqualFold(x.Name, k.Name) })
		return "tag " + k.Name, deed, nil
	})
}

// PutLabel adds or changes a label.
func (d *Desk) PutLabel(ctx context.Context, by account.Actor, k Label) (Setup, error) {
	return d.arrange(ctx, by, account.DeskSettings, func(j *job, s *Setup) (string, string, error) {
		var c fault.Check
		k.Name = checkName(&c, k.Name)
		unique(&c, s.Labels, k.Name, func(x Label) (string, bool) { return x.Name, x.ID != k.ID })
		checkColour(&c, k.Colour)
		if err := c.Err(); err != nil {
			return "", "", err
		}
		if k.ID == "" {
			k.ID = LabelID(j.id())
		}
		var deed string
		s.Labels, deed = upsert(s.Labels, k, func(x Label) bool { return x.ID == k.ID })
		return "label " + k.Name, deed, nil
	})
}

// PutAttribute adds an attribute of contacts, or changes the one of that key.
func (d *Desk) PutAttribute(ctx context.Context, by account.Actor, k Attribute) (Setup, error) {
	return d.arrange(ctx, by, account.DeskSettings, func(_ *job, s *Setup) (string, string, error) {
		var c fault.Check
		k.Name = checkName(&c, k.Name)
		ok := k.Key != "" && len(k.Key) <= 40 && strings.Trim(k.Key, "abcdefghijklmnopqrstuvwxyz0123456789_") == ""
		c.That(ok, "key", "has to be made of a-z, 0-9 and _")
		c.That(slices.Contains([]string{"text", "number", "date", "choice", "bool"}, k.Type), "type", "does not exist")
		c.That(k.Type != "choice" || len(k.Options) > 0 && len(k.Options) <= 100, "options", "have to be 1 to 100")
		if err := c.Err(); err != nil {
			return "", "", err
		}
		var deed string
		s.Attributes, deed = upsert(s.Attributes, k, func(x Attribute) bool { return x.Key == k.Key })
		return "attribute " + k.Name, deed, nil
	})
}

// A Use is something that still uses what somebody wants to delete. It is an
// error of kind [ErrConflict].
type Use struct {
	What string
	By   []string // such as "queue Billing", "3 agents"
}

func (u Use) Error() string {
	return fmt.Sprintf("the %s is still used by %s", u.What, strings.Join(u.By, ", "))
}

// Unwrap returns [ErrConflict].
func (u Use) Unwrap() error { return ErrConflict }

// Delete takes away an item of the setup: what is queue, line, skill, code, tag,
// label or attribute. It fails with a [Use] while something uses it.
func (d *Desk) Delete(ctx context.Context, by account.Actor, what, id string) (Setup, error) {
	return d.arrange(ctx, by, account.DeskSettings, func(j *job, s *Setup) (string, string, error) {
		used, err := j.uses(what, id)
		if err != nil {
			return "", "", err
		}
		if len(used) > 0 {
			return "", "", Use{what, used}
		}
		if !s.drop(what, id) {
			return "", "", fault.Errorf(ErrNotFound, "there is no such %s", what)
		}
		return what + " " + id, "deleted", nil
	})
}

func (s *Setup) drop(what, id string) bool {
	before := len(s.Queues) + len(s.Lines) + len(s.Skills) + len(s.Codes) + len(s.Tags) + len(s.Labels) + len(s.Attributes)
	switch what {
	case "queue":
		s.Queues = slices.DeleteFunc(slices.Clone(s.Queues), func(x Queue) bool { return string(x.ID) == id })
	case "line":
		s.Lines = slices.DeleteFunc(slices.Clone(s.Lines), func(x Line) bool { return string(x.ID) == id })
	case "skill":
		s.Skills = slices.DeleteFunc(slices.Clone(s.Skills), func(x Skill) bool { return string(x.ID) == id })
	case "code":
		s.Codes = slices.DeleteFunc(slices.Clone(s.Codes), func(x presence.Code) bool { return string(x.ID) == id })
	case "tag":
		s.Tags = slices.DeleteFunc(slices.Clone(s.Tags), func(x Tag) bool { return strings.EqualFold(x.Name, id) })
	case "label":
		s.Labels = slices.DeleteFunc(slices.Clone(s.Labels), func(x Label) bool { return string(x.ID) == id })
	case "attribute":
		s.Attributes = slices.DeleteFunc(slices.Clone(s.Attributes), func(x Attribute) bool { return x.Key == id })
	}
	after := len(s.Queues) + len(s.Lines) + len(s.Skills) + len(s.Codes) + len(s.Tags) + len(s.Labels) + len(s.Attributes)
	return after < before
}

// uses returns what uses an item.
func (j *job) uses(what, id string) (by []string, _ error) {
	agents, err := j.Tx.Agents(j.ctx)
	if err != nil {
		return nil, err
	}
	count := func(n int, one, many string) {
		switch {
		case n == 1:
			by = append(by, "1 "+one)
		case n > 1:
			by = append(by, fmt.Sprintf("%d %s", n, many))
		}
	}
	matching := func(uses func(Agent) bool) (n int) {
		for _, a := range agents {
			if uses(a) {
				n++
			}
		}
		return n
	}
	tickets := func(q Query) error {
		q.Scope = Scope{All: true}
		t, err := j.Tally(j.ctx, q)
		count(t.Total, "conversation", "conversations")
		return err
	}
	live := []Status{StatusNew, StatusOpen, StatusPending, StatusOnHold, StatusResolved}
	switch what {
	case "queue":
		for _, l := range j.setup.Lines {
			if string(l.Queue) == id {
				by = append(by, "line "+l.Name)
			}
		}
		for _, q := range j.setup.Queues {
			if string(q.Backup) == id {
				by = append(by, "queue "+q.Name)
			}
		}
		count(matching(func(a Agent) bool { return a.In(QueueID(id)) }), "agent", "agents")
		return by, tickets(Query{Queue: []QueueID{QueueID(id)}, Status: live})
	case "skill":
		needs := func(all []Need) bool {
			return slices.ContainsFunc(all, func(n Need) bool { return string(n.Skill) == id })
		}
		for _, q := range j.setup.Queues {
			if needs(q.Needs) || slices.ContainsFunc(q.Relax, func(r Relax) bool { return needs(r.Needs) }) {
				by = append(by, "queue "+q.Name)
			}
		}
		count(matching(func(a Agent) bool {
			return slices.ContainsFunc(a.Skills, func(p Proficiency) bool { return string(p.Skill) == id })
		}), "agent", "agents")
	case "code":
		count(matching(func(a Agent) bool { return string(a.Presence.Code.ID) == id }), "agent now", "agents now")
	case "line":
		return by, nil // conversations keep its name in their history
	case "label":
		return by, tickets(Query{Label: LabelID(id), Status: live})
	}
	return by, nil
}
