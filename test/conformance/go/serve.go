package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"sort"
	"strings"
	"syscall"

	bindings "weft.dev/peer/bindings"
	"weft.dev/peer/bindings/exports/weft_example/greetings/greeter"
	"weft.dev/peer/bindings/exports/weft_test/calc/api"
	"weft.dev/peer/bindings/exports/weft_test/peer/flow"
	wrpc "wrpc.io/go"
	wrpcnats "wrpc.io/go/nats"
)

// serve answers until the process is told to end.
func serve(client *wrpcnats.Client) error {
	stop, err := bindings.Serve(client, flowServer{}, calcServer{}, greeterServer{})
	if err != nil {
		return err
	}
	fmt.Println("ready")
	ended := make(chan os.Signal, 1)
	signal.Notify(ended, syscall.SIGINT, syscall.SIGTERM)
	<-ended
	return stop()
}

// The nth byte of a download is n mod 251.
func bytesOf(size int) []byte {
	all := make([]byte, size)
	for at := range all {
		all[at] = byte(at % 251)
	}
	return all
}

type flowServer struct{}

func (flowServer) Bucket(_ context.Context, name string) (wrpc.Own[flow.Bucket], error) {
	return wrpc.Own[flow.Bucket](name), nil
}

func (flowServer) Bucket_Name(_ context.Context, self wrpc.Borrow[flow.Bucket]) (string, error) {
	return string(self), nil
}
func (flowServer) Big(_ context.Context, data []uint8) ([]uint8, error) { return data, nil }

func (flowServer) Upload(_ context.Context, content io.ReadCloser) (uint64, error) {
	size, err := io.Copy(io.Discard, content)
	return uint64(size), err
}

func (flowServer) Download(_ context.Context, size uint64) (io.ReadCloser, error) {
	return io.NopCloser(bytes.NewReader(bytesOf(int(size)))), nil
}

func (flowServer) Numbers(_ context.Context, n wrpc.Receiver[[]uint32]) (wrpc.Receiver[[]uint32], error) {
	return n, nil
}

func (flowServer) Pipe(_ context.Context, b *flow.Body) (*wrpc.Result[flow.Body, string], error) {
	return wrpc.Ok[string](*b), nil
}

func (flowServer) Later(_ context.Context, f wrpc.Receiver[[]uint32]) (wrpc.Receiver[[]uint32], error) {
	return f, nil
}

func (flowServer) Headers(ctx context.Context) ([]string, error) {
	names := []string{}
	header, _ := wrpcnats.HeaderFromContext(ctx)
	for name := range header {
		names = append(names, name)
	}
	sort.Strings(names)
	return names, nil
}

func (flowServer) BreakOff(context.Context) (string, error) { return "", errors.New("broken off") }

type calcServer struct{}

func (calcServer) Add(_ context.Context, a int32, b int32) (int32, error)           { return a + b, nil }
func (calcServer) Nothing(context.Context) error                                    { return nil }
func (calcServer) EchoBool(_ context.Context, v bool) (bool, error)                 { return v, nil }
func (calcServer) EchoU8(_ context.Context, v uint8) (uint8, error)                 { return v, nil }
func (calcServer) EchoS8(_ context.Context, v int8) (int8, error)                   { return v, nil }
func (calcServer) EchoU16(_ context.Context, v uint16) (uint16, error)              { return v, nil }
func (calcServer) EchoS16(_ context.Context, v int16) (int16, error)                { return v, nil }
func (calcServer) EchoU32(_ context.Context, v uint32) (uint32, error)              { return v, nil }
func (calcServer) EchoS32(_ context.Context, v int32) (int32, error)                { return v, nil }
func (calcServer) EchoU64(_ context.Context, v uint64) (uint64, error)              { return v, nil }
func (calcServer) EchoS64(_ context.Context, v int64) (int64, error)                { return v, nil }
func (calcServer) EchoF32(_ context.Context, v float32) (float32, error)            { return v, nil }
func (calcServer) EchoF64(_ context.Context, v float64) (float64, error)            { return v, nil }
func (calcServer) EchoChar(_ context.Context, v rune) (rune, error)                 { return v, nil }
func (calcServer) EchoString(_ context.Context, v string) (string, error)           { return v, nil }
func (calcServer) EchoBytes(_ context.Context, v []uint8) ([]uint8, error)          { return v, nil }
func (calcServer) EchoU64s(_ context.Context, v []uint64) ([]uint64, error)         { return v, nil }
func (calcServer) EchoStrings(_ context.Context, v [][]string) ([][]string, error)  { return v, nil }
func (calcServer) EchoOption(_ context.Context, v *string) (*string, error)         { return v, nil }
func (calcServer) EchoOptionOption(_ context.Context, v **uint32) (**uint32, error) { return v, nil }
func (calcServer) EchoPerson(_ context.Context, v *api.Person) (*api.Person, error) { return v, nil }
func (calcServer) EchoShape(_ context.Context, v *api.Shape) (*api.Shape, error)    { return v, nil }
func (calcServer) EchoColor(_ context.Context, v api.Color) (api.Color, error)      { return v, nil }
func (calcServer) EchoRights(_ context.Context, v *api.Rights) (*api.Rights, error) { return v, nil }
func (calcServer) Trap(context.Context) error                                       { return errors.New("trapped") }

func (calcServer) EchoTuple(_ context.Context, v *wrpc.Tuple3[uint8, string, *wrpc.Tuple2[bool, rune]]) (uint8, string, *wrpc.Tuple2[bool, rune], error) {
	return v.V0, v.V1, v.V2, nil
}

func (calcServer) EchoResult(_ context.Context, v *wrpc.Result[uint32, string]) (*wrpc.Result[uint32, string], error) {
	return v, nil
}

func (calcServer) EchoResults(_ context.Context, v []*wrpc.Result[struct{}, api.Failure]) ([]*wrpc.Result[struct{}, api.Failure], error) {
	return v, nil
}

func (calcServer) EchoMany(_ context.Context, a, b, c, d, e, f, g, h string, i uint64) ([]string, uint64, error) {
	return []string{a, b, c, d, e, f, g, h}, i, nil
}

func (calcServer) Fail(context.Context) (*wrpc.Result[string, api.Failure], error) {
	return wrpc.Err[string](*api.NewFailureTooBig(1<<64 - 1)), nil
}

type greeterServer struct{}

func (greeterServer) Greet(_ context.Context, name string) (*wrpc.Result[string, string], error) {
	return wrpc.Ok[string]("Hello " + name + ", from Go"), nil
}

func (greeterServer) Measure(_ context.Context, name string) (*greeter.Stats, error) {
	stats := &greeter.Stats{}
	for _, text := range strings.Fields(name) {
		letters := uint32(len([]rune(text)))
		stats.Words = append(stats.Words, &greeter.Word{Text: text, Letters: letters})
		stats.Letters += letters
	}
	return stats, nil
}
