package pionmedia_test

import (
	"context"
	"errors"
	"fmt"

	"github.com/tandem-cc/tandem/adapters/pionmedia"
	"github.com/tandem-cc/tandem/vi"
)

func ExampleNew() {
	media, err := pionmedia.New(pionmedia.Config{
		UDPAddr: "127.0.0.1:0", // in production such as ":3478"
		Events:  func(e vi.MediaEvent) { fmt.Println(e.Room, e.Seat, e.What) },
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer media.Close()

	// The offer is what the browser's createOffer made.
	_, err = media.Answer(context.Background(), "call", vi.SeatCustomer, vi.Offer{Conn: "first", SDP: "v=0"})
	fmt.Println(errors.Is(err, vi.ErrInvalid), err)
	// Output: true The media offer is not a session description.
}
