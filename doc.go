// Package tandem is the root of a module of contact-centre building blocks. It
// holds nothing itself; import what you need:
//
//   - [github.com/tandem-cc/tandem/account]: who acts, and what they may do.
//   - [github.com/tandem-cc/tandem/vi]: video calls by text-message link.
//   - the folders under adapters: databases, media, sockets, HTTP, pages; each
//     brings one outside dependency, and your program gets only what it imports.
//
// Run everything together with
//
//	go run ./examples/contactcentre
package tandem
