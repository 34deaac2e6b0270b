package account

import "slices"

// A Role is what a user is in the account.
type Role string

// The roles. System is this program itself, for timers and recoveries; no user
// can have it.
const (
	RoleAgent         Role = "agent"
	RoleSupervisor    Role = "supervisor"
	RoleAdministrator Role = "administrator"
	RoleMachine       Role = "machine" // an API key: what it may do is its scopes
	RoleSystem        Role = "system"
)

// A Permission is one thing that an actor may or may not do.
type Permission string

// The permissions.
const (
	CallsPlace  Permission = "calls.place"  // start calls, and act on one's own
	CallsSeeAll Permission = "calls.seeall" // see every call of the account
	CallsManage Permission = "calls.manage" // act on calls of others: cancel, end, invite again
	UsersSee    Permission = "users.see"    // list the account's users
	UsersManage Permission = "users.manage" // create, change, disable users
	KeysManage  Permission = "keys.manage"  // create and revoke API keys
	AccountEdit Permission = "account.edit" // change the account's name, zone, region

	DeskWork     Permission = "desk.work"     // work on one's own conversations, and take waiting ones
	DeskSeeAll   Permission = "desk.seeall"   // see every conversation of one's queues; of all, without queues
	DeskManage   Permission = "desk.manage"   // act on conversations of others: reassign, resolve
	DeskTimers   Permission = "desk.timers"   // set the times after which conversations move by themselves
	DeskSettings Permission = "desk.settings" // arrange the desk: queues, skills, agents, labels
	DeskChannel  Permission = "desk.channel"  // bring in customers' messages, as a channel does
)

// granted is the whole of what roles may do. An actor of the system may do
// everything; a machine may do what its scopes say.
var granted = map[Permission][]Role{
	CallsPlace:  {RoleAgent, RoleSupervisor, RoleAdministrator},
	CallsSeeAll: {RoleSupervisor, RoleAdministrator},
	CallsManage: {RoleSupervisor, RoleAdministrator},
	UsersSee:    {RoleSupervisor, RoleAdministrator},
	UsersManage: {RoleAdministrator},
	KeysManage:  {RoleAdministrator},
	AccountEdit: {RoleAdministrator},

	DeskWork:     {RoleAgent, RoleSupervisor, RoleAdministrator},
	DeskSeeAll:   {RoleSupervisor, RoleAdministrator},
	DeskManage:   {RoleSupervisor, RoleAdministrator},
	DeskTimers:   {RoleSupervisor, RoleAdministrator},
	DeskSettings: {RoleAdministrator},
	DeskChannel:  {RoleAdministrator}, // for API keys, which have what their maker may give
}

// Permissions returns every permission, in alphabetical order.
func Permissions() []Permission {
	all := make([]Permission, 0, len(granted))
	for p := range granted {
		all = append(all, p)
	}
	slices.Sort(all)
	return all
}

// An Actor is somebody, or something, at work in one account.
type Actor struct {
	Account ID
	User    UserID // empty for the system and for API keys
	Key     KeyID  // the API key, if it is one
	Name    string // as shown to others
	Role    Role
	Scopes  []Permission // what an API key may do
}

// System returns the program itself at work in an account.
func System(acct ID) Actor { return Actor{Account: acct, Role: RoleSystem, Name: "System"} }

// Can reports whether the actor has the permission. The zero Actor has none.
func (a Actor) Can(p Permission) bool {
	switch a.Role {
	case RoleSystem:
		return true
	case RoleMachine:
		return slices.Contains(a.Scopes, p)
	default:
		return slices.Contains(granted[p], a.Role)
	}
}
