package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"net/netip"
	"net/url"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"

	"github.com/tandem-cc/tandem/vi"
)

// config is what the server was told by flags and environment.
type config struct {
	Addr      string
	Data      string
	PublicURL string
	Database  string

	UDPPort  int
	TCPPort  int
	PublicIP string
	STUN     string
	TURN     string

	TLSCert  string
	TLSKey   string
	ACMEHost string

	Demo    bool
	Dev     bool
	Admin   string
	SMTP    string
	From    string
	Proxies string

	Countries string
	LogJSON   bool

	TURNSecret   string // environment only, as all secrets
	SMTPUser     string
	SMTPPassword string

	public  *url.URL // nil until the port is known, if it is made of that
	private bool     // only this machine reaches the server
	proxies []netip.Prefix
	udp     net.PacketConn // tests put a bad network here
	policy  vi.Policy      // and shorter times here
}

// parse reads flags, then the environment for what no flag says: TANDEM_ and the
// flag's name in capitals, with _ for -.
func parse(args []string, env func(string) string, out io.Writer) (config, error) {
	var c config
	f := flag.NewFlagSet("contactcentre", flag.ContinueOnError)
	f.SetOutput(out)
	f.StringVar(&c.Addr, "addr", "127.0.0.1:8080", "`address` to listen on for pages, API and sockets")
	f.StringVar(&c.Data, "data", "", "`folder` of the database and other files (default the user's data folder)")
	f.StringVar(&c.PublicURL, "public-url", "", "`URL` at which browsers reach this server, for links (default made of -addr)")
	f.StringVar(&c.Database, "database", "", "database `URL`: postgres://… or the path of an SQLite file (default tandem.db in -data)")
	f.IntVar(&c.UDPPort, "udp-port", 0, "UDP `port` of all audio and video (default that of -addr)")
	f.IntVar(&c.TCPPort, "tcp-port", 0, "TCP `port` of audio and video where UDP is blocked (default the one after -udp-port; -1 for none)")
	f.StringVar(&c.PublicIP, "public-ip", "", "`addresses` to announce for media behind one-to-one NAT, with commas between")
	f.StringVar(&c.STUN, "stun", "", "STUN `servers` for browsers, such as stun:stun.example.com, with commas between")
	f.StringVar(&c.TURN, "turn", "", "TURN `servers` for browsers, such as turn:turn.example.com?transport=udp; the shared secret is TANDEM_TURN_SECRET")
	f.StringVar(&c.TLSCert, "tls-cert", "", "TLS certificate `file` (PEM)")
	f.StringVar(&c.TLSKey, "tls-key", "", "TLS key `file` (PEM)")
	f.StringVar(&c.ACMEHost, "acme", "", "host `name` to get a certificate for by ACME (TLS-ALPN-01: -addr must be reachable as port 443)")
	f.BoolVar(&c.Demo, "demo", false, "make a demo account with one user per role (default where only this machine reaches the server)")
	f.BoolVar(&c.Dev, "dev", false, "show texts on /dev/phone instead of sending them, to administrators alone where others reach the server (default where only this machine does)")
	f.StringVar(&c.Admin, "admin", "", "`e-mail` of the first administrator, made when there is no account yet; the password is printed")
	f.StringVar(&c.SMTP, "smtp", "", "mail `server`, host:port; user and password are TANDEM_SMTP_USER and TANDEM_SMTP_PASSWORD")
	f.StringVar(&c.From, "from", "", "`e-mail` address that mail comes from")
	f.StringVar(&c.Proxies, "trusted-proxies", "", "`networks` whose X-Forwarded-For is believed, such as 10.0.0.0/8, with commas between")
	f.StringVar(&c.Countries, "countries", "", "`countries` that texts go to, such as SG,ID (default all)")
	f.BoolVar(&c.LogJSON, "log-json", false, "write the log as JSON")
	if err := f.Parse(args); err != nil {
		return c, err
	}
	if f.NArg() > 0 {
		return c, fmt.Errorf("there is no argument %q; see -help", f.Arg(0))
	}
	said := map[string]bool{}
	f.Visit(func(x *flag.Flag) { said[x.Name] = true })
	var bad error
	f.VisitAll(func(x *flag.Flag) {
		name := "TANDEM_" + strings.ToUpper(strings.ReplaceAll(x.Name, "-", "_"))
		if v := env(name); v != "" && !said[x.Name] {
			if err := f.Set(x.Name, v); err != nil {
				bad = errors.Join(bad, fmt.Errorf("%s: %w", name, err))
			}
			said[x.Name] = true
		}
	})
	if bad != nil {
		return c, bad
	}
	c.TURNSecret, c.SMTPUser, c.SMTPPassword = env("TANDEM_TURN_SECRET"), env("TANDEM_SMTP_USER"), env("TANDEM_SMTP_PASSWORD")
	return c, c.complete(said)
}

// complete fills in what follows from the rest, and refuses what cannot be.
func (c *config) complete(said map[string]bool) error {
	host, portText, err := net.SplitHostPort(c.Addr)
	if err != nil {
		return fmt.Errorf("-addr: %w", err)
	}
	port, err := strconv.Atoi(portText)
	if err != nil || port < 0 || port > 65535 {
		return fmt.Errorf("-addr: %q is not a port", portText)
	}
	if c.PublicURL != "" {
		if err := c.setPublic(c.PublicURL); err != nil {
			return err
		}
	}
	// A proxy may pass on to a loopback address what comes from anywhere, so that
	// the public URL has to be this machine's as well.
	c.private = isLoopback(host) && c.ACMEHost == "" && (c.public == nil || isLoopback(c.public.Hostname()))
	if !said["demo"] {
		c.Demo = c.private
	}
	if !said["dev"] {
		c.Dev = c.private
	}
	if !said["udp-port"] {
		c.UDPPort = port
	}
	if (c.TLSCert == "") != (c.TLSKey == "") {
		return errors.New("-tls-cert and -tls-key go together")
	}
	if c.ACMEHost != "" && c.TLSCert != "" {
		return errors.New("-acme and -tls-cert exclude each other")
	}
	if c.TURN != "" && len(c.TURNSecret) < 16 {
		return errors.New("-turn needs TANDEM_TURN_SECRET, of 16 characters or more")
	}
	if !c.Dev {
		return errors.New("no carrier for texts is built in yet: add -dev to show them on /dev/phone, to administrators alone")
	}
	if !c.private && c.SMTP == "" {
		return errors.New("mail needs a server: name one with -smtp (links to choose a password are not shown on a page that others can reach)")
	}
	for text := range strings.SplitSeq(c.Proxies, ",") {
		if text == "" {
			continue
		}
		p, err := netip.ParsePrefix(strings.TrimSpace(text))
		if err != nil {
			return fmt.Errorf("-trusted-proxies: %w", err)
		}
		c.proxies = append(c.proxies, p)
	}
	if c.Data == "" {
		if c.Data, err = dataFolder(); err != nil {
			return fmt.Errorf("find a folder for the data: %w; name one with -data", err)
		}
	}
	if c.Database == "" {
		c.Database = filepath.Join(c.Data, "tandem.db")
	}
	return nil
}

// listening fills in what depends on the port that the system gave.
func (c *config) listening(addr net.Addr) error {
	tcp := addr.(*net.TCPAddr)
	if c.UDPPort == 0 {
		c.UDPPort = tcp.Port
	}
	if c.public != nil {
		return nil
	}
	host := "127.0.0.1"
	if h, _, _ := net.SplitHostPort(c.Addr); h != "" && !net.ParseIP(h).IsUnspecified() {
		host = h
	}
	if c.ACMEHost != "" {
		return c.setPublic("https://" + c.ACMEHost)
	}
	scheme := "http"
	if c.TLSCert != "" {
		scheme = "https"
	}
	return c.setPublic(scheme + "://" + net.JoinHostPort(host, strconv.Itoa(tcp.Port)))
}

func (c *config) setPublic(text string) error {
	u, err := url.Parse(strings.TrimSuffix(text, "/"))
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" || u.Path != "" || u.RawQuery != "" || u.User != nil {
		return fmt.Errorf("-public-url: %q is not of the form https://host", text)
	}
	if u.Scheme == "http" && !isLoopback(u.Hostname()) {
		return fmt.Errorf("-public-url: browsers give camera and microphone only to https pages (or to this machine's own): %s", text)
	}
	c.public = u
	return nil
}

func isLoopback(host string) bool {
	return host == "localhost" || net.ParseIP(host).IsLoopback()
}

// dataFolder is where programs of this user keep data.
func dataFolder() (string, error) {
	if d := os.Getenv("XDG_DATA_HOME"); filepath.IsAbs(d) {
		return filepath.Join(d, "tandem"), nil
	}
	home, err := os.UserHomeDir()
	if err != nil {
		return "", err
	}
	switch runtime.GOOS {
	case "darwin":
		return filepath.Join(home, "Library", "Application Support", "Tandem"), nil
	case "windows":
		d, err := os.UserCacheDir() // %LocalAppData%
		return filepath.Join(d, "Tandem"), err
	default:
		return filepath.Join(home, ".local", "share", "tandem"), nil
	}
}
