// A peer that speaks wRPC by the Go module wrpc.io/go and generated bindings:
// `wrpc-peer-go serve URL PREFIX` answers, `wrpc-peer-go call URL PREFIX flow|calc` calls and prints a line per check.
package main

import (
	"fmt"
	"log"
	"log/slog"
	"os"

	"github.com/nats-io/nats.go"
	wrpcnats "wrpc.io/go/nats"
)

func main() {
	slog.SetDefault(slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelWarn})))
	if err := run(os.Args[1:]); err != nil {
		log.Fatal(err)
	}
}

func run(args []string) error {
	if len(args) < 3 {
		return fmt.Errorf("wrpc-peer-go serve URL PREFIX | wrpc-peer-go call URL PREFIX flow|calc")
	}
	nc, err := nats.Connect(args[1])
	if err != nil {
		return err
	}
	defer nc.Close()
	switch {
	case args[0] == "serve":
		return serve(wrpcnats.NewClient(nc, wrpcnats.WithPrefix(args[2]), wrpcnats.WithGroup(args[2])))
	case args[0] == "call" && len(args) == 4 && args[3] == "flow":
		callFlow(wrpcnats.NewClient(nc, wrpcnats.WithPrefix(args[2])))
		return nil
	case args[0] == "call" && len(args) == 4 && args[3] == "calc":
		callCalc(wrpcnats.NewClient(nc, wrpcnats.WithPrefix(args[2])))
		return nil
	}
	return fmt.Errorf("no command %q", args)
}
