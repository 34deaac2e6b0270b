package desktest

import (
	"fmt"
	"time"

	"github.com/tandem-cc/tandem/account"
	"github.com/tandem-cc/tandem/desk"
	"github.com/tandem-cc/tandem/desk/presence"
)

// newTicket is a ticket of the customer with that number, in that minute.
func newTicket(id desk.TicketID, number int) desk.Ticket {
	return desk.Ticket{
		ID: id, Number: number, Contact: desk.ContactID(fmt.Sprint("p", number)), Line: "web", Channel: desk.KindWebChat,
		Thread: desk.Thread(fmt.Sprint("web/", number)), Queue: "billing", Status: desk.StatusNew,
		CreatedAt: at(number), UpdatedAt: at(number), Version: 1,
	}
}

// fullTicket has something in every field.
func fullTicket() desk.Ticket {
	return desk.Ticket{
		ID: "t1", Number: 4711, Contact: "p1", Line: "web", Channel: desk.KindWhatsApp, Thread: "web/visitor 1", Queue: "billing",
		Subject: "Refund", Status: desk.StatusResolved, Assignee: "ann", Reason: desk.CloseAgent, Prev: "t0", MergedTo: "t9", Last: "bob",
		Cycles: []desk.Cycle{
			{OpenedAt: at(0), AskedAt: at(0), FirstReplyAt: at(1), FirstReplyBy: "ann", ResolvedAt: at(2), ResolvedBy: "bob", Reason: desk.CloseCustomer},
			{OpenedAt: at(3)},
		},
		CreatedAt: at(0), UpdatedAt: at(1), StatusAt: at(2), QueuedAt: at(3), VisitAt: at(4), AssignedAt: at(5), WaitingFrom: at(6),
		CustomerAt: at(7), ReplyAt: at(8), ReadAt: at(9), ReplyDue: true,
		Unread: 2, Entries: 17, Transfers: 3, Units: 4, Disposition: "Refunded",
		Tags: []string{"vip", "Ünïcode, with comma"}, Labels: []desk.LabelID{"l1", "l2"},
		Timers: []desk.Timer{{Kind: desk.TimerResolved, DueAt: at(60), Epoch: 5}, {Kind: desk.TimerLease, DueAt: at(50), Epoch: 6}},
		Epochs: 6, Merges: []desk.TicketID{"t7", "t8"}, Version: 1,
	}
}

// message is the customer's message n of a ticket.
func message(ticket desk.TicketID, n int, text string) desk.Entry {
	return desk.Entry{
		ID: desk.EntryID(fmt.Sprintf("%s-%03d", ticket, n)), Ticket: ticket, N: n, Kind: desk.EntryMessage, From: desk.SideCustomer,
		Line: "web", Class: desk.ClassMessage, Text: text, At: at(n),
	}
}

// fullEntry has something in every field, though no single entry would.
func fullEntry() desk.Entry {
	return desk.Entry{
		ID: "e1", Ticket: "t1", N: 1, Kind: desk.EntryMessage, From: desk.SideAgent, User: "ann", Name: "Ann Lee", Op: "op1", Provider: "wamid.1",
		Line: "web", Class: desk.ClassGratitude, Text: "Thank you for waiting", Files: []desk.File{
			{ID: "f1", Name: "a.png", Type: "image/png", Size: 1 << 33, Width: 640, Height: 480}, {ID: "f2", Name: "b.pdf", Type: "application/pdf", Size: 9},
		},
		Delivery: desk.DeliveryDelivered, Problem: "none", At: at(1), SentAt: at(2), SeenAt: at(3),
		Event: "desk.ticket_assigned", Data: []byte(`{"b": 1,  "a":"\u0000"}`),
	}
}

func fullFile() desk.StoredFile {
	return desk.StoredFile{
		File: desk.File{ID: "f1", Name: "photo of döner.png", Type: "image/png", Size: 1 << 33, Width: 640, Height: 480},
		By:   "ann", Thread: "web/1", Ticket: "t1", Key: "a/b-1", At: at(1), Version: 1,
	}
}

func newContact(id desk.ContactID, name string) desk.Contact {
	return desk.Contact{ID: id, Name: name, Status: desk.ContactActive, CreatedAt: at(0), Version: 1}
}

func fullContact() desk.Contact {
	return desk.Contact{
		ID: "p1", Name: "Zoë Nguyễn", Phone: "+6581234567", Email: "zoe@example.com",
		Identities: []desk.Identity{{Line: "web", Kind: desk.KindWebChat, Value: "visitor 1"}, {Line: "wa", Kind: desk.KindWhatsApp, Value: "6581234567"}},
		Attributes: map[string]string{"plan": "gold", "city": "Đà Nẵng"}, Status: desk.ContactBlocked, MergedInto: "p9", Source: desk.KindWhatsApp,
		Ref: "crm-17", CreatedAt: at(0), SeenAt: at(1), Version: 1,
	}
}

func fullNote() desk.ContactNote {
	return desk.ContactNote{ID: "n1", Contact: "p1", By: "ann", Name: "Ann Lee", Text: "Prefers to be called", At: at(1)}
}

func newAgent(user account.UserID, name string) desk.Agent {
	return desk.Agent{User: user, Name: name, Max: 5, Version: 1}
}

func fullAgent() desk.Agent {
	return desk.Agent{
		User: "ann", Name: "Ann Lee", Email: "ann@example.com", Role: account.RoleAgent, Max: 7,
		Skills: []desk.Proficiency{{Skill: "thai", Level: 5}, {Skill: "sales", Level: 1}}, Queues: []desk.Membership{{Queue: "billing", Priority: 2}, {Queue: "vip", Priority: 5}},
		Disabled: true, Presence: presence.Presence{
			Chosen: presence.StatusAway, Code: presence.Code{ID: "lunch", Name: "Lunch", Status: presence.StatusAway, Paid: true, Colour: "#c2410c"},
			ChosenAt: at(1), Since: at(2), Session: at(3), Connected: true, GoneAt: at(4), Lost: true, Silent: true, WrapUntil: at(5), Used: 3, Max: 7,
		},
		Used: 3, Active: 2, Handled: 11, Replies: 13, Replied: 61*time.Second + 1, DueAt: at(6), Version: 1,
	}
}

func fullInterval() presence.Interval {
	return presence.Interval{From: at(1), To: at(2), Status: presence.StatusAway, Reason: presence.ReasonSilent, Code: "lunch", Name: "Lunch", Paid: true}
}

func fullSetup() desk.Setup {
	policy := desk.PresetConversation()
	policy.LeaseAfter, policy.AbandonAfter, policy.HoldThrough, policy.GratitudeCloses = time.Minute, time.Hour, true, true
	line := desk.Line{
		ID: "web", Kind: desk.KindWebChat, Name: "Our shop", Key: "key-1", Queue: "billing", Origins: []string{"https://shop.example"},
		Greeting: "Hello!", Colour: "#2a78d6", Off: true,
	}
	return desk.Setup{
		Policy: policy, Queues: []desk.Queue{{
			ID: "billing", Name: "Billing", Type: desk.QueueSkilled, Mode: desk.ModePush, Order: "longest_idle", Channels: []desk.Kind{desk.KindEmail},
			Needs: []desk.Need{{Skill: "thai", Min: 3}}, Relax: []desk.Relax{{After: time.Minute, Needs: []desk.Need{{Skill: "thai", Min: 1}}}},
			LastAgent: time.Minute, OfferTimeout: 20 * time.Second, MaxWait: time.Hour, Backup: "vip", MaxWaiting: 100, Lost: desk.LostKeep,
			Dispositions: []string{"Refunded"}, Policy: &policy, CreatedAt: at(1),
		}, {ID: "vip", Name: "VIP"}},
		Lines:  []desk.Line{line, {ID: "wa", Kind: desk.KindWhatsApp, Name: "No key"}},
		Skills: []desk.Skill{{ID: "thai", Name: "Thai", Description: "The language"}}, Codes: presence.Defaults(),
		Tags: []desk.Tag{{Name: "vip", Colour: "#000000", Category: "customer"}}, Labels: []desk.Label{{ID: "l1", Name: "Urgent", Colour: "#ff0000"}},
		Attributes: []desk.Attribute{{Key: "plan", Name: "Plan", Type: "choice", Options: []string{"gold"}}}, Weights: map[desk.Kind]int{desk.KindEmail: 2},
		WrapUp: presence.WrapUp{Mode: "timed", For: time.Minute}, Version: 1,
	}
}
