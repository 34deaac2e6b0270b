package main

import (
	"context"
	"encoding/json"
	"net"
	"net/http"
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/tandem-cc/tandem/adapters/outbox"
	"github.com/tandem-cc/tandem/vi"
)

// metrics are the figures of /metrics, in the Prometheus format.
type metrics struct {
	registry *prometheus.Registry
	requests *prometheus.HistogramVec
	ended    *prometheus.CounterVec
	talk     prometheus.Counter
	seq      prometheus.Gauge
}

func newMetrics(rooms *vi.Rooms) *metrics {
	m := &metrics{
		registry: prometheus.NewRegistry(),
		requests: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "tandem_http_request_seconds", Help: "Time to answer API requests.",
			Buckets: []float64{.001, .005, .01, .05, .1, .5, 1, 5},
		}, []string{"route", "method", "status"}),
		ended: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "tandem_calls_ended_total", Help: "Calls that ended since the server started, by status.",
		}, []string{"status"}),
		talk: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "tandem_call_talk_seconds_total", Help: "Talk of the calls that ended since the server started.",
		}),
		seq: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "tandem_feed_seq", Help: "Sequence number of the last committed event that was passed on.",
		}),
	}
	gauge := func(name, help string, read func() float64) prometheus.Collector {
		return prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: name, Help: help}, read)
	}
	m.registry.MustRegister(
		m.requests, m.ended, m.talk, m.seq,
		gauge("tandem_rooms", "Calls with a browser connected.", func() float64 { n, _ := rooms.Count(); return float64(n) }),
		gauge("tandem_room_browsers", "Browsers connected to calls.", func() float64 { _, n := rooms.Count(); return float64(n) }),
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}),
	)
	return m
}

// request takes in how long a request took. One that became a socket took as
// long as the socket lived, which says nothing.
func (m *metrics) request(route, method string, status int, took time.Duration) {
	if status == http.StatusSwitchingProtocols {
		return
	}
	m.requests.WithLabelValues(route, method, strconv.Itoa(status)).Observe(took.Seconds())
}

// event takes in a committed event.
func (m *metrics) event(_ context.Context, r outbox.Record) {
	m.seq.Set(float64(r.Seq))
	if r.Kind != (vi.CallEnded{}).Kind() {
		return
	}
	var e vi.CallEnded
	if json.Unmarshal(r.Data, &e) == nil {
		m.ended.WithLabelValues(string(e.Status)).Inc()
		m.talk.Add(e.Talk.Seconds())
	}
}

// handler serves the figures to this machine only, under its own name: they are
// for a collector beside the server, not for those who reach it through a proxy.
func (m *metrics) handler() http.Handler {
	next := promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{})
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		host, _, _ := net.SplitHostPort(r.RemoteAddr)
		if !isLoopback(host) || !isLoopback(hostname(r.Host)) || r.Header.Get("X-Forwarded-For") != "" {
			http.Error(w, "metrics are served to this machine only", http.StatusForbidden)
			return
		}
		next.ServeHTTP(w, r)
	})
}
