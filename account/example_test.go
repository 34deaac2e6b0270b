package account_test

import (
	"context"
	"errors"
	"fmt"

	"github.com/tandem-cc/tandem/account"
)

// An account is opened, its administrator hires an agent, and the agent signs
// in until that is ended.
func Example() {
	ctx := context.Background()
	accounts := account.New(newMemory(), new(plain), new(postbox), account.Config{PublicURL: "https://desk.example.com"})

	_, ada, err := accounts.CreateAccount(ctx, account.NewAccount{
		Name: "Acme", Zone: "Asia/Singapore", Region: "SG",
		Administrator: account.NewUser{Email: "ada@acme.example", Name: "Ada", Password: "correct horse battery"},
	})
	fmt.Println(ada.Name, ada.Role, err)

	abe, err := accounts.CreateUser(ctx, ada.Actor(), account.NewUser{
		Email: "abe@acme.example", Name: "Abe", Role: account.RoleAgent, Password: "another long password",
	})
	fmt.Println(abe.Name, abe.Role, err)

	token, _, _, err := accounts.SignIn(ctx, "abe@acme.example", "another long password", "192.0.2.1", "Firefox")
	fmt.Println(len(token), err)

	actor, _, _, err := accounts.Authenticate(ctx, token)
	fmt.Println(actor.Name, "may place calls:", actor.Can(account.CallsPlace), err)

	_, err = accounts.CreateUser(ctx, actor, account.NewUser{Email: "eve@acme.example", Name: "Eve", Role: account.RoleAgent})
	fmt.Println(err, errors.Is(err, account.ErrDenied))

	_, err = accounts.DisableUser(ctx, ada.Actor(), abe.ID)
	fmt.Println(err)
	_, _, _, err = accounts.Authenticate(ctx, token)
	fmt.Println(err, errors.Is(err, account.ErrNotSignedIn))
	// Output:
	// Ada administrator <nil>
	// Abe agent <nil>
	// 43 <nil>
	// Abe may place calls: true <nil>
	// create user: this needs the permission users.manage true
	// <nil>
	// authenticate: you are not signed in true
}

func ExampleAccounts_CreateKey() {
	ctx := context.Background()
	accounts := account.New(newMemory(), new(plain), new(postbox), account.Config{})
	_, ada, _ := accounts.CreateAccount(ctx, account.NewAccount{
		Name: "Acme", Zone: "UTC", Region: "DE",
		Administrator: account.NewUser{Email: "ada@acme.example", Name: "Ada", Password: "correct horse battery"},
	})

	key, secret, err := accounts.CreateKey(ctx, ada.Actor(), "CRM", []account.Permission{account.CallsPlace})
	fmt.Println(key.Name, key.Scopes, secret[:4], err)

	machine, err := accounts.AuthenticateKey(ctx, secret)
	fmt.Println(machine.Role, machine.Can(account.CallsPlace), machine.Can(account.UsersManage), err)
	// Output:
	// CRM [calls.place] tdm_ <nil>
	// machine true false <nil>
}
