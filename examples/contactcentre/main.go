// Command contactcentre is the whole of Tandem in one server: accounts, video
// calls, and the pages for agents and customers. With nothing configured it
// listens on this machine only, keeps everything in an SQLite file, makes a
// demo account, and shows the texts that it sends on a page.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"syscall"
	_ "time/tzdata" // accounts have time zones, and the machine may have none
)

// version is set by the linker in releases.
var version = "0.1.0"

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	switch err := run(ctx, os.Args[1:], os.Getenv, os.Stdout, os.Stderr); {
	case errors.Is(err, flag.ErrHelp):
		os.Exit(2)
	case err != nil:
		fmt.Fprintln(os.Stderr, "contactcentre:", err)
		os.Exit(1)
	}
}

// run serves until ctx ends.
func run(ctx context.Context, args []string, env func(string) string, out, errs io.Writer) error {
	cfg, err := parse(args, env, errs)
	if err != nil {
		return err
	}
	options := &slog.HandlerOptions{Level: slog.LevelInfo}
	var handler slog.Handler = slog.NewTextHandler(errs, options)
	if cfg.LogJSON {
		handler = slog.NewJSONHandler(errs, options)
	}
	s, err := open(ctx, cfg, slog.New(handler))
	if err != nil {
		return err
	}
	s.announce(out)
	return s.serve(ctx)
}
