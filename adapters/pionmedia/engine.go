package pionmedia

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"net"
	"net/netip"
	"time"

	"github.com/pion/dtls/v3"
	"github.com/pion/ice/v4"
	"github.com/pion/webrtc/v4"

	"github.com/tandem-cc/tandem/internal/fault"
)

// configure makes the settings that all connections share.
func (m *Media) configure() error {
	se := &m.settings
	local := m.mux.local
	if local == nil {
		return fault.Errorf(fault.Invalid, "The media socket has no UDP address.")
	}
	loopback := local.IP.IsLoopback()
	m.mux.listens = func() []net.Addr { return listenAddresses(local) }
	se.SetICEUDPMux(m.mux)
	types := []webrtc.NetworkType{webrtc.NetworkTypeUDP4, webrtc.NetworkTypeUDP6}
	if m.cfg.TCP != nil {
		m.tcp = ice.NewTCPMuxDefault(ice.TCPMuxParams{
			Listener:        m.cfg.TCP,
			Logger:          pionLog{m.log, "tcp"},
			ReadBufferSize:  64,
			WriteBufferSize: 4 << 20, // or one slow browser would stop all
		})
		se.SetICETCPMux(m.tcp)
		types = append(types, webrtc.NetworkTypeTCP4, webrtc.NetworkTypeTCP6)
		if a, ok := m.cfg.TCP.Addr().(*net.TCPAddr); ok && a.IP.IsLoopback() {
			loopback = true
		}
	}
	se.SetNetworkTypes(types)
	se.SetIncludeLoopbackCandidate(loopback)
	se.DisableActiveTCP(true)
	se.SetICEMulticastDNSMode(ice.MulticastDNSModeDisabled)
	se.SetICETimeouts(m.cfg.LostAfter, m.cfg.FailAfter, m.cfg.KeepAlive)
	se.LoggerFactory = pionLog{log: m.log}
	if len(m.cfg.PublicIPs) > 0 {
		if err := se.SetICEAddressRewriteRules(publicAddresses(m.cfg.PublicIPs)...); err != nil {
			return err
		}
	}

	// The server of DTLS chooses the SRTP profile: AES-128-GCM is the cheapest.
	if err := se.SetAnsweringDTLSRole(webrtc.DTLSRoleServer); err != nil {
		return err
	}
	se.SetSRTPProtectionProfiles(dtls.SRTP_AEAD_AES_128_GCM, dtls.SRTP_AEAD_AES_256_GCM, dtls.SRTP_AES128_CM_HMAC_SHA1_80)
	se.SetDTLSExtendedMasterSecret(dtls.RequireExtendedMasterSecret)
	se.SetDTLSRetransmissionInterval(200 * time.Millisecond) // 1 s is long when every fifth packet is lost
	se.SetDTLSInsecureSkipHelloVerify(true)                  // ICE has verified the address already
	se.SetSRTPReplayProtectionWindow(512)                    // a second and a half of video
	se.SetReceiveMTU(maxDatagram)
	return nil
}

// publicAddresses replaces host candidates by the public ones.
func publicAddresses(ips []netip.Addr) []webrtc.ICEAddressRewriteRule {
	rule := webrtc.ICEAddressRewriteRule{AsCandidateType: webrtc.ICECandidateTypeHost, Mode: webrtc.ICEAddressRewriteReplace}
	for _, ip := range ips {
		rule.External = append(rule.External, ip.Unmap().String())
	}
	return []webrtc.ICEAddressRewriteRule{rule}
}

// listenAddresses are those that a socket bound to local can be reached at.
func listenAddresses(local *net.UDPAddr) []net.Addr {
	if !local.IP.IsUnspecified() {
		return []net.Addr{local}
	}
	interfaces, err := net.InterfaceAddrs()
	if err != nil {
		return nil
	}
	v4only := len(local.IP) == net.IPv4len
	var out, loopback []net.Addr
	for _, a := range interfaces {
		n, ok := a.(*net.IPNet)
		if !ok || n.IP.IsLinkLocalUnicast() || v4only && n.IP.To4() == nil {
			continue
		}
		addr := &net.UDPAddr{IP: n.IP, Port: local.Port}
		if n.IP.IsLoopback() {
			loopback = append(loopback, addr)
		} else {
			out = append(out, addr)
		}
	}
	if len(out) == 0 {
		return loopback // a machine without a network talks to itself
	}
	return out
}

// identity is the certificate of new connections. Each serves for a day.
func (m *Media) identity() (webrtc.Certificate, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.certificate == nil || time.Since(m.certified) > 24*time.Hour {
		key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
		if err != nil {
			return webrtc.Certificate{}, err
		}
		if m.certificate, err = webrtc.GenerateCertificate(key); err != nil {
			return webrtc.Certificate{}, err
		}
		m.certified = time.Now()
	}
	return *m.certificate, nil
}
