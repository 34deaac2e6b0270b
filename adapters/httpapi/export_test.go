package httpapi

import "github.com/tandem-cc/tandem/account"

// A RouteInfo is what a test may know of a route.
type RouteInfo struct {
	Method, Path string
	Access       string // "" if the route does not say
	Need         account.Permission
	Creates      bool
	Body         int64
}

// Routes returns the table.
func (a *API) Routes() (all []RouteInfo) {
	for _, rt := range a.routes {
		access := map[access]string{anyone: "anyone", signedIn: "signed in", seated: "seated"}[rt.access]
		all = append(all, RouteInfo{rt.method, rt.path, access, rt.need, rt.creates, rt.most()})
	}
	return all
}

var (
	Sentence = sentence
	Span     = span
	Public   = public
)
