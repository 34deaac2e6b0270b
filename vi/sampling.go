package vi

import (
	"context"
	"time"

	"github.com/tandem-cc/tandem/vi/wire"
)

// sample reads the media of every room, keeps the readings, and tells the
// browsers when a connection's level changed.
func (r *Rooms) sample(ctx context.Context) {
	for _, ref := range r.refs() {
		readings := r.readings(ref)
		if len(readings) == 0 {
			continue
		}
		err := r.calls.store.Update(ctx, ref.Account, func(tx Tx) error {
			for _, x := range readings {
				if err := tx.PutReading(ctx, x); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil && ctx.Err() == nil {
			r.cfg.Log.Error("keep media readings", "call", ref.Call, "err", err)
		}
		for _, x := range readings {
			r.grade(ctx, ref, x)
		}
	}
}

// readings compares each connection with its reading of last time.
func (r *Rooms) readings(ref Ref) (all []Reading) {
	stats := r.media.Stats(ref.Call)
	r.in(ref.Call, func(rm *room) {
		for s, now := range stats {
			st := rm.seat(s)
			was := st.sampled
			st.sampled = now
			if was.Conn == now.Conn && now.At.After(was.At) {
				all = append(all, between(ref.Call, s, was, now))
			}
		}
	})
	return all
}

func between(id CallID, s Seat, a, b MediaStats) Reading {
	d := b.At.Sub(a.At)
	return Reading{
		Call: id, Seat: s, At: b.At.UTC().Truncate(time.Microsecond), Interval: d.Truncate(time.Microsecond),
		Candidate: b.Candidate, Protocol: b.Protocol, RTT: b.RTT.Truncate(time.Microsecond),
		In: flowBetween(a.In, b.In, d), Out: flowBetween(a.Out, b.Out, d),
	}
}

func flowBetween(a, b Flow, d time.Duration) FlowReading {
	f := FlowReading{Jitter: b.Jitter.Truncate(time.Microsecond)}
	if b.Bytes > a.Bytes {
		f.Bitrate = float64(b.Bytes-a.Bytes) * 8 / d.Seconds()
	}
	if lost, got := b.Lost-a.Lost, int64(b.Packets-a.Packets); lost > 0 && lost+got > 0 {
		f.Loss = float64(lost) / float64(lost+got)
	}
	return f
}

// level grades a reading: 4 excellent, 3 good, 2 poor, 1 bad, 0 unknown because
// nothing flows. The steps follow ITU-T G.1010 (loss) and G.114 (delay), taken
// for both directions, the worse one counts.
func (x Reading) level() int {
	if x.In.Bitrate == 0 && x.Out.Bitrate == 0 {
		return 0
	}
	loss, jitter := max(x.In.Loss, x.Out.Loss), max(x.In.Jitter, x.Out.Jitter)
	switch {
	case loss > 0.10 || x.RTT > 600*time.Millisecond:
		return 1
	case loss > 0.04 || x.RTT > 350*time.Millisecond || jitter > 80*time.Millisecond:
		return 2
	case loss > 0.01 || x.RTT > 150*time.Millisecond || jitter > 40*time.Millisecond:
		return 3
	default:
		return 4
	}
}

// grade tells both browsers of a new level, and the call whether the leg is
// degraded.
func (r *Rooms) grade(ctx context.Context, ref Ref, x Reading) {
	level, changed := x.level(), false
	var peers []*Peer
	r.in(ref.Call, func(rm *room) {
		st := rm.seat(x.Seat)
		changed = st.level != level
		st.level, peers = level, rm.peers()
	})
	if !changed {
		return
	}
	frame := wire.Encode("", wire.Network{Seat: string(x.Seat), Level: level})
	for _, p := range peers {
		p.socket.Send(frame)
	}
	if level == 0 {
		return
	}
	_, err := r.calls.change(ctx, ref, "grade leg", func(c Call) (Call, []Event, error) {
		return c.Grade(x.Seat, level == 1, r.calls.now(), r.calls.cfg.Policy)
	})
	if err != nil && ctx.Err() == nil {
		r.cfg.Log.Error("grade a leg", "call", ref.Call, "seat", x.Seat, "err", err)
	}
}
