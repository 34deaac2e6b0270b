package routing

import "hash/maphash"

// An index finds tickets by ID: open addressing with linear probing, at most half full.
// A lookup touches one cache line beside the ticket, where a Go map needs three.
type index struct {
	seed  maphash.Seed
	slots []slot
	n     int
}

type slot struct {
	hash uint64
	t    *ticket // nil if free
}

func newIndex() index {
	return index{maphash.MakeSeed(), make([]slot, 64), 0}
}

func (x *index) hash(id TicketID) uint64 { return maphash.String(x.seed, string(id)) }

func (x *index) get(id TicketID) *ticket {
	h, mask := x.hash(id), uint64(len(x.slots)-1)
	for i := h & mask; x.slots[i].t != nil; i = (i + 1) & mask {
		if x.slots[i].hash == h && x.slots[i].t.ID == id {
			return x.slots[i].t
		}
	}
	return nil
}

// put adds a ticket that is not there.
func (x *index) put(t *ticket) {
	if x.n++; 2*x.n > len(x.slots) {
		old := x.slots
		x.slots = make([]slot, 2*len(old))
		for _, s := range old {
			if s.t != nil {
				x.insert(s)
			}
		}
	}
	x.insert(slot{x.hash(t.ID), t})
}

func (x *index) insert(s slot) {
	mask := uint64(len(x.slots) - 1)
	i := s.hash & mask
	for x.slots[i].t != nil {
		i = (i + 1) & mask
	}
	x.slots[i] = s
}

// remove takes a ticket out that is there, and closes the gap.
func (x *index) remove(t *ticket) {
	mask := uint64(len(x.slots) - 1)
	gap := x.hash(t.ID) & mask
	for x.slots[gap].t != t {
		gap = (gap + 1) & mask
	}
	for i := (gap + 1) & mask; x.slots[i].t != nil; i = (i + 1) & mask {
		// A ticket whose probing begins after the gap stays.
		if (i-x.slots[i].hash)&mask >= (i-gap)&mask {
			x.slots[gap], gap = x.slots[i], i
		}
	}
	x.slots[gap] = slot{}
	x.n--
}

// all calls yield with every ticket, in no order.
func (x *index) all(yield func(*ticket) bool) {
	for _, s := range x.slots {
		if s.t != nil && !yield(s.t) {
			return
		}
	}
}
