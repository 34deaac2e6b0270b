package bunstore_test

import (
	"testing"

	"github.com/tandem-cc/tandem/adapters/bunstore"
	"github.com/tandem-cc/tandem/desk"
	"github.com/tandem-cc/tandem/desk/desktest"
)

func TestDeskStore(t *testing.T) {
	onEmpty(t, func(t *testing.T, empty func(*testing.T) *bunstore.DB) {
		desktest.Store(t, func(t *testing.T) (desk.Store, func() []string) {
			db := empty(t)
			return db.Desk(), kinds(t, db)
		})
	})
}
