package routing

// A timer is a moment at which a ticket or an agent has something to do.
type timer struct {
	at   int64
	seq  uint64
	pos  int // in Engine.timers, -1 if not armed
	fire func(*Engine)
}

func (t *timer) before(o *timer) bool {
	if t.at != o.at {
		return t.at < o.at
	}
	return t.seq < o.seq
}

// arm sets a timer that is not armed. Timers of the same moment fire in the order
// in which they were armed.
func (e *Engine) arm(t *timer, at int64) {
	e.timerSeq++
	t.at, t.seq, t.pos = at, e.timerSeq, len(e.timers)
	e.timers = append(e.timers, t)
	e.timerUp(t.pos)
}

func (e *Engine) disarm(t *timer) {
	if t.pos < 0 {
		return
	}
	i, last := t.pos, len(e.timers)-1
	e.timers[i] = e.timers[last]
	e.timers[i].pos = i
	e.timers[last] = nil
	e.timers = e.timers[:last]
	if i < last {
		e.timerDown(i)
		e.timerUp(i)
	}
	t.pos = -1
}

func (e *Engine) timerUp(i int) {
	for i > 0 {
		up := (i - 1) / 2
		if !e.timers[i].before(e.timers[up]) {
			return
		}
		e.swapTimers(i, up)
		i = up
	}
}

func (e *Engine) timerDown(i int) {
	for {
		least := i
		for c := 2*i + 1; c <= 2*i+2 && c < len(e.timers); c++ {
			if e.timers[c].before(e.timers[least]) {
				least = c
			}
		}
		if least == i {
			return
		}
		e.swapTimers(i, least)
		i = least
	}
}

func (e *Engine) swapTimers(i, j int) {
	e.timers[i], e.timers[j] = e.timers[j], e.timers[i]
	e.timers[i].pos, e.timers[j].pos = i, j
}

// rouse arms the timer of a ticket.
func (e *Engine) rouse(t *ticket, at int64) {
	if t.timer.fire == nil {
		t.timer.fire = t.due
	}
	t.timed = true
	e.arm(&t.timer, at)
}

func (e *Engine) calm(t *ticket) {
	if t.timed {
		t.timed = false
		e.disarm(&t.timer)
	}
}

// tick fires all that is due, in the order of time, before anything is given away:
// nobody is offered a ticket whom a late Tick is about to find not responding.
func (e *Engine) tick() {
	for len(e.timers) > 0 && e.timers[0].at <= e.now {
		t := e.timers[0]
		e.disarm(t)
		t.fire(e)
	}
}
