package webui

import "net/http"

// officePages are the pages from which a desk is led and arranged. What they
// show to whom is the API's to say.
var officePages = map[string]string{
	"/desk/all": "all", "/agents": "agents", "/dashboard": "dashboard", "/settings": "settings",
	"/contacts": "contacts", "/contacts/{id}": "contact",
}

func (s *site) officeRoutes(mux *http.ServeMux) {
	for path, page := range officePages {
		mux.Handle(path, s.closed(page))
	}
}
