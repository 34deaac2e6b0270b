package account_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tandem-cc/tandem/account"
)

// What each role may do. The table is the specification.
const permissions = `
               agent  supervisor  administrator  machine  system  nobody
account.edit   -      -           yes            -        yes     -
calls.manage   -      yes         yes            -        yes     -
calls.place    yes    yes         yes            -        yes     -
calls.seeall   -      yes         yes            -        yes     -
desk.channel   -      -           yes            -        yes     -
desk.manage    -      yes         yes            -        yes     -
desk.seeall    -      yes         yes            -        yes     -
desk.settings  -      -           yes            -        yes     -
desk.timers    -      yes         yes            -        yes     -
desk.work      yes    yes         yes            -        yes     -
keys.manage    -      -           yes            -        yes     -
users.manage   -      -           yes            -        yes     -
users.see      -      yes         yes            -        yes     -
`

func TestPermissions(t *testing.T) {
	columns := []string{"agent", "supervisor", "administrator", "machine", "system", "nobody"}
	var b strings.Builder
	b.WriteString("\n               agent  supervisor  administrator  machine  system  nobody\n")
	for _, p := range account.Permissions() {
		line := fmt.Sprintf("%-15s", p)
		for _, column := range columns {
			a := account.Actor{Account: "a", Role: account.Role(column)}
			cell := "-"
			if a.Can(p) {
				cell = "yes"
				require.NoError(t, a.Need(p))
			} else {
				require.ErrorIs(t, a.Need(p), account.ErrDenied)
			}
			line += fmt.Sprintf("%-*s", len(column)+2, cell)
		}
		b.WriteString(strings.TrimRight(line, " ") + "\n")
	}
	require.Equal(t, permissions, b.String())
}

func TestMachineMayDoItsScopes(t *testing.T) {
	for _, scope := range account.Permissions() {
		a := account.Actor{Account: "a", Key: "k", Role: account.RoleMachine, Scopes: []account.Permission{scope}}
		for _, p := range account.Permissions() {
			require.Equal(t, p == scope, a.Can(p))
		}
	}
	require.False(t, account.Actor{Role: account.RoleAdministrator}.Can("everything"), "an unknown permission is nobody's")
	require.True(t, account.System("a").Can(account.KeysManage))
	require.Equal(t, account.ID("a"), account.System("a").Account)
}

// Who may run which command in their own account.
const commands = `
                    agent  supervisor  administrator  machine  nobody
Account             yes    yes         yes            yes      -
CreateUser          -      -           yes            -        -
ChangeUser          -      -           yes            -        -
DisableUser         -      -           yes            -        -
EnableUser          -      -           yes            -        -
Users               -      yes         yes            -        -
User, another       -      yes         yes            -        -
User, oneself       yes    yes         yes            -        -
ChangePassword      yes    yes         yes            -        -
SignOutEverywhere   yes    yes         yes            -        -
CreateKey           -      -           yes            -        -
RevokeKey           -      -           yes            -        -
Keys                -      -           yes            -        -
`

type command struct {
	name string
	run  func(*house, account.Actor) error
}

func everyCommand(t *testing.T) []command {
	ctx := t.Context()
	return []command{
		{"Account", func(h *house, by account.Actor) error { _, err := h.Account(ctx, by); return err }},
		{"CreateUser", func(h *house, by account.Actor) error {
			_, err := h.CreateUser(ctx, by, account.NewUser{Email: "x@acme.example", Name: "X", Role: account.RoleAgent, Password: horse})
			return err
		}},
		{"ChangeUser", func(h *house, by account.Actor) error {
			_, err := h.ChangeUser(ctx, by, h.sue.ID, account.UserChange{Name: to("Other")})
			return err
		}},
		{"DisableUser", func(h *house, by account.Actor) error { _, err := h.DisableUser(ctx, by, h.sue.ID); return err }},
		{"EnableUser", func(h *house, by account.Actor) error {
			_, err := h.DisableUser(ctx, account.System(h.acme.ID), h.sue.ID)
			require.NoError(t, err)
			_, err = h.EnableUser(ctx, by, h.sue.ID)
			return err
		}},
		{"Users", func(h *house, by account.Actor) error { _, err := h.Users(ctx, by, "", 0); return err }},
		{"User, another", func(h *house, by account.Actor) error {
			_, err := h.User(ctx, by, h.hire("y@acme.example", "agent").ID)
			return err
		}},
		{"User, oneself", func(h *house, by account.Actor) error { _, err := h.User(ctx, by, by.User); return err }},
		{"ChangePassword", func(h *house, by account.Actor) error {
			return h.ChangePassword(ctx, by, "", horse, "another password")
		}},
		{"SignOutEverywhere", func(h *house, by account.Actor) error { return h.SignOutEverywhere(ctx, by) }},
		{"CreateKey", func(h *house, by account.Actor) error {
			_, _, err := h.CreateKey(ctx, by, "CRM", []account.Permission{account.CallsPlace})
			return err
		}},
		{"RevokeKey", func(h *house, by account.Actor) error {
			k, _, err := h.CreateKey(ctx, account.System(h.acme.ID), "CRM", []account.Permission{account.CallsPlace})
			require.NoError(t, err)
			_, err = h.RevokeKey(ctx, by, k.ID)
			return err
		}},
		{"Keys", func(h *house, by account.Actor) error { _, err := h.Keys(ctx, by); return err }},
	}
}

func TestCommandsByRole(t *testing.T) {
	var b strings.Builder
	b.WriteString("\n                    agent  supervisor  administrator  machine  nobody\n")
	for _, c := range everyCommand(t) {
		line := fmt.Sprintf("%-20s", c.name)
		for _, column := range []string{"agent", "supervisor", "administrator", "machine", "nobody"} {
			h := newHouse(t)
			by := map[string]account.Actor{
				"agent": h.abe.Actor(), "supervisor": h.sue.Actor(), "administrator": h.ada.Actor(),
				"machine": {Account: h.acme.ID, Key: "k1", Role: account.RoleMachine}, "nobody": {},
			}[column]
			h.happened()
			cell := "yes"
			if err := c.run(h, by); err != nil {
				cell = "-"
				if c.name != "Account" { // which nobody's account is not found
					require.ErrorIs(t, err, account.ErrDenied, "%s by %s", c.name, column)
				}
			}
			line += fmt.Sprintf("%-*s", len(column)+2, cell)
		}
		b.WriteString(strings.TrimRight(line, " ") + "\n")
	}
	require.Equal(t, commands, b.String())
}
