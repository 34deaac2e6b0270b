package main

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/tandem-cc/tandem/account"
)

// demoUsers are one user per role.
var demoUsers = []account.NewUser{
	{Email: "admin@demo.example", Name: "Ada Lim", Role: account.RoleAdministrator},
	{Email: "supervisor@demo.example", Name: "Sam Okafor", Role: account.RoleSupervisor},
	{Email: "agent@demo.example", Name: "Mira Santoso", Role: account.RoleAgent},
}

// A credential is what a demo user signs in with.
type credential struct {
	Role     account.Role `json:"role"`
	Email    string       `json:"email"`
	Password string       `json:"password"`
	Changed  bool         `json:"-"` // the user has another password by now
}

// demo makes the demo account if the database has none, and returns what its
// users sign in with. The passwords are made up once for an installation and
// kept in a file that only its owner can read, to be printed at every start.
func demo(ctx context.Context, accounts *account.Accounts, users account.Directory, pw account.Passwords, folder string) ([]credential, error) {
	file := filepath.Join(folder, "demo-users.json")
	var creds []credential
	switch data, err := os.ReadFile(file); {
	case errors.Is(err, os.ErrNotExist):
		for _, u := range demoUsers {
			creds = append(creds, credential{Role: u.Role, Email: u.Email, Password: strings.ToLower(rand.Text()[:16])})
		}
		data, err = json.MarshalIndent(creds, "", "\t")
		if err == nil {
			err = os.WriteFile(file, append(data, '\n'), 0o600)
		}
		if err != nil {
			return nil, fmt.Errorf("keep the demo users' passwords: %w", err)
		}
	case err != nil:
		return nil, fmt.Errorf("read the demo users' passwords: %w", err)
	default:
		if err := json.Unmarshal(data, &creds); err != nil || len(creds) != len(demoUsers) {
			return nil, fmt.Errorf("read the demo users' passwords: %s is damaged; delete it", file)
		}
	}
	for n, u := range demoUsers {
		u.Password = creds[n].Password
		if err := makeDemoUser(ctx, accounts, users, u); err != nil {
			return nil, fmt.Errorf("make demo user %s: %w", u.Email, err)
		}
		stored, err := users.UserByEmail(ctx, u.Email)
		if err == nil {
			creds[n].Changed, err = differs(pw.Verify(ctx, stored.Password, u.Password))
		}
		if err != nil {
			return nil, fmt.Errorf("look up demo user %s: %w", u.Email, err)
		}
	}
	return creds, nil
}

func differs(same bool, err error) (bool, error) { return !same, err }

// refuseDemo fails if the database has demo users: their passwords lie in a file
// and have been printed, which is for trying things out alone.
func refuseDemo(ctx context.Context, users account.Directory) error {
	for _, u := range demoUsers {
		switch x, err := users.UserByEmail(ctx, u.Email); {
		case err == nil && !x.Disabled():
			return fmt.Errorf("this database has the demo user %s, who can still sign in: start with -demo, or with another -data or -database", u.Email)
		case err != nil && !errors.Is(err, account.ErrNotFound):
			return err
		}
	}
	return nil
}

// makeDemoUser makes the user unless there is one; the first makes the account.
func makeDemoUser(ctx context.Context, accounts *account.Accounts, users account.Directory, u account.NewUser) error {
	_, err := users.UserByEmail(ctx, u.Email)
	if !errors.Is(err, account.ErrNotFound) {
		return err
	}
	if u.Role == account.RoleAdministrator {
		_, _, err = accounts.CreateAccount(ctx, account.NewAccount{
			Name: "Fernhill Broadband", Zone: "Asia/Singapore", Region: "SG", Administrator: u,
		})
		return err
	}
	admin, err := users.UserByEmail(ctx, demoUsers[0].Email)
	if err != nil {
		return err
	}
	_, err = accounts.CreateUser(ctx, account.System(admin.Account), u)
	return err
}

// firstAdministrator makes an account with one administrator, if there is no
// user with that e-mail, and returns the password.
func firstAdministrator(ctx context.Context, accounts *account.Accounts, users account.Directory, email string) (password string, err error) {
	if _, err := users.UserByEmail(ctx, strings.ToLower(email)); !errors.Is(err, account.ErrNotFound) {
		return "", err
	}
	password = strings.ToLower(rand.Text()[:20])
	_, _, err = accounts.CreateAccount(ctx, account.NewAccount{
		Name: "My company", Zone: "UTC", Region: "SG",
		Administrator: account.NewUser{Email: email, Name: "Administrator", Role: account.RoleAdministrator, Password: password},
	})
	return password, err
}
