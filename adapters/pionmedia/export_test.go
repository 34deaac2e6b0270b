package pionmedia

import "github.com/tandem-cc/tandem/vi"

// Lose makes it appear that the browser of that seat loses so much that it can
// receive no more than rate bit/s.
func (m *Media) Lose(id vi.CallID, seat vi.Seat, rate uint64) {
	i, _ := seatIndex(seat)
	c := m.room(id).seats[i].conn.Load()
	c.down.Lock()
	defer c.down.Unlock()
	c.out[video].limit.byLoss = rate
	c.tellLimit(m.clock())
}
