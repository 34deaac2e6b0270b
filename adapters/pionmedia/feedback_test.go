package pionmedia

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/pion/rtcp"
	"github.com/stretchr/testify/require"

	"github.com/tandem-cc/tandem/vi"
)

func TestSenderReportsPairSoundWithPicture(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPair(t)
		report := &rtcp.SenderReport{SSRC: videoSSRC, NTPTime: 0xdeadbeef12345678, RTPTime: 90000}
		p.video(1, 90000, true)
		control(t, p.a, report, videoSSRC)
		want := &rtcp.SenderReport{
			SSRC: outVideo, NTPTime: 0xdeadbeef12345678, RTPTime: 90000, PacketCount: 1, OctetCount: 16,
			Reports: []rtcp.ReceptionReport{}, ProfileExtensions: []byte{},
		}
		got := rtcpTo(t, p.b)
		require.Len(t, got, 1)
		require.Equal(t, want.RTPTime, got[0].(*rtcp.SenderReport).RTPTime)
		require.Equal(t, want.NTPTime, got[0].(*rtcp.SenderReport).NTPTime)
		require.Equal(t, want.PacketCount, got[0].(*rtcp.SenderReport).PacketCount)
		require.Equal(t, want.OctetCount, got[0].(*rtcp.SenderReport).OctetCount)

		// The answer tells the round trip.
		time.Sleep(80 * time.Millisecond)
		control(t, p.b, &rtcp.ReceiverReport{SSRC: 1, Reports: []rtcp.ReceptionReport{{
			SSRC: outVideo, TotalLost: 3, Jitter: 900, LastSenderReport: 0xbeef1234, Delay: 65536 * 30 / 1000,
		}}}, outVideo)
		require.InDelta(t, 50, time.Duration(p.b.rtt.Load()).Milliseconds(), 1)
		require.Equal(t, vi.Flow{Packets: 1, Bytes: 16, Lost: 3, Jitter: 10 * time.Millisecond}, p.b.out[video].flow())
	})
}

func TestReceiverReports(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPair(t)
		for i := range uint16(100) {
			if i%10 != 3 {
				p.audio(65500+i, uint32(i)*960)
			}
			time.Sleep(20 * time.Millisecond)
		}
		control(t, p.a, &rtcp.SenderReport{SSRC: audioSSRC, NTPTime: 0x1111222233334444}, audioSSRC)
		time.Sleep(500 * time.Millisecond)
		rtcpTo(t, p.a)
		p.a.tick(p.a.m.clock())
		got := rtcpTo(t, p.a)[0].(*rtcp.ReceiverReport)
		require.Equal(t, []rtcp.ReceptionReport{{
			SSRC: audioSSRC, FractionLost: 26, TotalLost: 10, LastSequenceNumber: 1<<16 + 63,
			LastSenderReport: 0x22223333, Delay: 32768,
		}}, got.Reports)
		require.Equal(t, int64(10), p.a.in[audio].flow().Lost)
		p.audio(65503, 3*960) // it was only late
		require.Equal(t, int64(9), p.a.in[audio].flow().Lost)
	})
}

func TestJitter(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPair(t)
		for i := range uint16(500) {
			p.audio(i, uint32(i)*960)
			time.Sleep(time.Duration(10+20*(i%2)) * time.Millisecond) // 10 ms early, 10 ms late
		}
		require.InDelta(t, 10, float64(p.a.in[audio].flow().Jitter)/float64(time.Millisecond), 0.5)
	})
}

func TestReceiversEstimateLimitsTheSenderInTrouble(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPair(t)
		p.video(1, 0, true)
		p.video(2, 3000, false)
		remb := func(bitrate float32) {
			time.Sleep(time.Second)
			control(t, p.b, &rtcp.ReceiverEstimatedMaximumBitrate{Bitrate: bitrate, SSRCs: []uint32{outVideo}}, outVideo)
		}
		rtcpTo(t, p.a)
		remb(400_000)
		require.Empty(t, rtcpTo(t, p.a), "a call begins without its brake")

		trip := func(d time.Duration) {
			control(t, p.a, &rtcp.SenderReport{SSRC: videoSSRC, NTPTime: uint64(time.Now().UnixNano())}, videoSSRC)
			sr := rtcpTo(t, p.b)[0].(*rtcp.SenderReport)
			time.Sleep(d)
			control(t, p.b, &rtcp.ReceiverReport{Reports: []rtcp.ReceptionReport{{SSRC: outVideo, LastSenderReport: uint32(sr.NTPTime >> 16)}}}, outVideo)
		}
		trip(20 * time.Millisecond)
		require.Empty(t, rtcpTo(t, p.a))
		trip(400 * time.Millisecond) // something fills a queue
		got := rtcpTo(t, p.a)
		require.Len(t, got, 1)
		require.InDelta(t, 400_000, got[0].(*rtcp.ReceiverEstimatedMaximumBitrate).Bitrate, 100)
		require.Equal(t, []uint32{videoSSRC}, got[0].(*rtcp.ReceiverEstimatedMaximumBitrate).SSRCs)
		remb(300_000)
		require.InDelta(t, 300_000, rtcpTo(t, p.a)[0].(*rtcp.ReceiverEstimatedMaximumBitrate).Bitrate, 100)
		time.Sleep(leastHold)
		remb(350_000)
		require.InDelta(t, unlimited, rtcpTo(t, p.a)[0].(*rtcp.ReceiverEstimatedMaximumBitrate).Bitrate, 1000, "over")
	})
}

func TestLossLimitsTheSender(t *testing.T) {
	var l limit
	s := sample{at: time.Second, high: 1000, bytes: 1000}
	report := func(lost, of int) {
		s.at += lossWindow
		s.high += uint32(of)
		s.lost += int64(lost)
		s.bytes += 1_000_000 / 8 * 4 // 1 Mbit/s
		l.report(s)
	}
	l.report(s)
	report(5, 400)
	require.EqualValues(t, unlimited, l.value(s.at))
	report(80, 400)
	require.InDelta(t, 900_000, l.value(s.at), 1000)
	report(20, 400)
	require.InDelta(t, 900_000, l.value(s.at), 1000, "5 % is neither")
	report(0, 400)
	require.InDelta(t, 1_200_000, l.value(s.at), 1000)
	for range 100 {
		report(300, 400)
	}
	require.EqualValues(t, leastByLoss, l.value(s.at))
	for range 100 {
		report(0, 400)
	}
	require.EqualValues(t, unlimited, l.value(s.at+mostHold))
}
