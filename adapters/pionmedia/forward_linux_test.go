package pionmedia_test

import (
	"fmt"
	"os"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// serverEnv makes the test binary a media server of that kind, so that what it
// costs can be measured apart from the load.
const serverEnv = "PIONMEDIA_BENCH_SERVER"

func TestMain(m *testing.M) {
	if kind := os.Getenv(serverEnv); kind != "" {
		if err := serve(kind); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	os.Exit(m.Run())
}

// benchWindow is how long one iteration measures.
func benchWindow(b *testing.B) time.Duration {
	if s := os.Getenv("PIONMEDIA_BENCH_WINDOW"); s != "" {
		d, err := time.ParseDuration(s)
		require.NoError(b, err)
		return d
	}
	return 5 * time.Second
}

// BenchmarkForward measures the CPU time of a server per forwarded packet, and
// its memory per room, for rooms of two who each send Opus (50 packets/s) and
// VP8 (1 Mbit/s at 30 fps): a bare relay of datagrams without any crypto, a
// plain forwarder with pion's default codecs and interceptors and a goroutine
// per track, and this package. The server is a process of its own, on one CPU.
// All use AES-128-GCM, where they encrypt. PIONMEDIA_BENCH_WINDOW sets how long
// is measured (default 5s), and PIONMEDIA_BENCH_PROFILE where CPU profiles go.
func BenchmarkForward(b *testing.B) {
	if testing.Short() {
		b.Skip("takes a minute")
	}
	for _, kind := range []string{"relay", "pion", "tandem"} {
		b.Run(kind, func(b *testing.B) {
			for _, rooms := range []int{1, 10, 40} {
				b.Run(fmt.Sprintf("rooms=%d", rooms), func(b *testing.B) { benchmarkForward(b, kind, rooms) })
			}
		})
	}
}

func benchmarkForward(b *testing.B, kind string, rooms int) {
	server := startServer(b, kind)
	idle := server.usage(b)
	load := newLoad(b, server, rooms)
	load.settle(b)
	before, count := server.usage(b), load.count()
	for range b.N {
		time.Sleep(benchWindow(b)) // the window itself, not a wait for something
	}
	after, packets := server.usage(b), load.count().sub(count)
	require.NotZero(b, packets.received)
	b.ReportMetric(float64((after.cpu-before.cpu).Microseconds())/float64(packets.received), "cpu-us/packet")
	b.ReportMetric(float64(after.rss-idle.rss)/1024/float64(rooms), "KiB/room")
	b.ReportMetric(float64(packets.received)/(float64(b.N)*benchWindow(b).Seconds()), "packets/s")
	b.ReportMetric(100*float64(packets.sent-min(packets.sent, packets.received))/float64(packets.sent), "%lost")
	b.ReportMetric(float64(load.p99().Microseconds())/1000, "p99-ms")
	b.ReportMetric(0, "ns/op")
}
