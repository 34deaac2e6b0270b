package argon2id

import "runtime"

// Occupy takes a turn until release is called.
func (p *Passwords) Occupy() (release func()) {
	p.turn <- struct{}{}
	return func() { <-p.turn }
}

// AwaitWaiting returns when n calls wait for their turn.
func (p *Passwords) AwaitWaiting(n int64) {
	for p.waiting.Load() != n {
		runtime.Gosched()
	}
}
