package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"reflect"
	"time"

	"github.com/nats-io/nats.go"
	"weft.dev/peer/bindings/weft_test/calc/api"
	"weft.dev/peer/bindings/weft_test/peer/flow"
	wrpc "wrpc.io/go"
	wrpcnats "wrpc.io/go/nats"
)

const limit = 20 * time.Second

// check prints a line: `ok NAME`, or `failed NAME: what came`.
func check(name string, run func(ctx context.Context) error) {
	ctx, cancel := context.WithTimeout(context.Background(), limit)
	defer cancel()
	if err := run(ctx); err != nil {
		fmt.Printf("failed %s: %s\n", name, err)
	} else {
		fmt.Printf("ok %s\n", name)
	}
}

func same(err error, found any, expected any) error {
	if err != nil {
		return err
	}
	if !reflect.DeepEqual(found, expected) {
		was, _ := json.Marshal(found)
		wanted, _ := json.Marshal(expected)
		return fmt.Errorf("expected %s, found %s", wanted, was)
	}
	return nil
}

// withHeaders gives a call what wasmCloud's callers send with theirs.
func withHeaders(ctx context.Context) context.Context {
	return wrpcnats.ContextWithHeader(ctx, nats.Header{
		"source-id":   {"go"},
		"traceparent": {"00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"},
	})
}

type once[T any] struct {
	values []T
}

func (r *once[T]) Receive() (T, error) {
	if len(r.values) == 0 {
		var none T
		return none, io.EOF
	}
	value := r.values[0]
	r.values = r.values[1:]
	return value, nil
}
func (r *once[T]) Close() error { return nil }

func written(errs <-chan error) error {
	if errs == nil {
		return nil
	}
	for err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

func callFlow(client *wrpcnats.Client) {
	// The generated client never sends what does not fit the first message, also to a server in Go.
	for _, size := range []int{0, 1, 1_048_000} {
		check(fmt.Sprintf("%d bytes and back", size), func(ctx context.Context) error {
			back, err := flow.Big(ctx, client, bytesOf(size))
			if err == nil && !bytes.Equal(back, bytesOf(size)) {
				return fmt.Errorf("%d other bytes", len(back))
			}
			return err
		})
	}
	check("a stream of 5 MB up", func(ctx context.Context) error {
		size, errs, err := flow.Upload(ctx, client, io.NopCloser(bytes.NewReader(bytesOf(5_000_000))))
		if err := same(err, size, uint64(5_000_000)); err != nil {
			return err
		}
		return written(errs)
	})
	for _, size := range []int{5_000_000, 0} {
		check(fmt.Sprintf("a stream of %d bytes down", size), func(ctx context.Context) error {
			content, err := flow.Download(ctx, client, uint64(size))
			if err != nil {
				return err
			}
			all, err := io.ReadAll(content)
			if err == nil && !bytes.Equal(all, bytesOf(size)) {
				return fmt.Errorf("%d other bytes", len(all))
			}
			return err
		})
	}
	check("numbers up and down at once", func(ctx context.Context) error {
		came, errs, err := flow.Numbers(ctx, client, &once[[]uint32]{[][]uint32{{1, 2}, {1<<32 - 1}, {0}}})
		if err != nil {
			return err
		}
		all := []uint32{}
		for {
			chunk, err := came.Receive()
			if err == io.EOF {
				break
			}
			if err != nil {
				return err
			}
			all = append(all, chunk...)
		}
		if err := same(nil, all, []uint32{1, 2, 1<<32 - 1, 0}); err != nil {
			return err
		}
		return written(errs)
	})
	check("a body with trailers up and down", func(ctx context.Context) error {
		end := "end"
		body := &flow.Body{
			Content:  io.NopCloser(bytes.NewReader(bytesOf(300_000))),
			Trailers: &once[*string]{[]*string{&end}},
		}
		came, errs, err := flow.Pipe(ctx, client, body)
		if err != nil {
			return err
		}
		if came.Ok == nil {
			return fmt.Errorf("an error: %v", came.Err)
		}
		all, err := io.ReadAll(came.Ok.Content)
		if err != nil {
			return fmt.Errorf("content: %w", err)
		}
		if !bytes.Equal(all, bytesOf(300_000)) {
			return fmt.Errorf("%d other bytes", len(all))
		}
		trailers, err := came.Ok.Trailers.Receive()
		if err := same(err, trailers, &end); err != nil {
			return fmt.Errorf("trailers: %w", err)
		}
		return written(errs)
	})
	check("a future and back", func(ctx context.Context) error {
		came, errs, err := flow.Later(ctx, client, &once[[]uint32]{[][]uint32{{7}}})
		if err != nil {
			return err
		}
		numbers, err := came.Receive()
		if err := same(err, numbers, []uint32{7}); err != nil {
			return err
		}
		return written(errs)
	})
	check("a handle and its method", func(ctx context.Context) error {
		bucket, err := flow.NewBucket(ctx, client, "go")
		if err != nil {
			return err
		}
		name, err := flow.Bucket_Name(ctx, client, bucket.Borrow())
		return same(err, name, "go")
	})
	check("headers", func(ctx context.Context) error {
		names, err := flow.Headers(withHeaders(ctx), client)
		return same(err, names, []string{"source-id", "traceparent"})
	})
	check("a failing handler ends the call", func(ctx context.Context) error {
		start := time.Now()
		if text, err := flow.BreakOff(ctx, client); err == nil {
			return fmt.Errorf("an answer: %q", text)
		}
		if time.Since(start) > limit/2 {
			return fmt.Errorf("only after %s", time.Since(start))
		}
		return nil
	})
	check("500 calls, one after the other", func(ctx context.Context) error {
		for round := range 500 {
			data := []byte{byte(round), byte(round >> 8)}
			back, err := flow.Big(ctx, client, data)
			if err := same(err, back, data); err != nil {
				return fmt.Errorf("round %d: %w", round, err)
			}
		}
		return nil
	})
}

// echo checks a function of one value that answers it.
func echo[T any](client wrpc.Invoker, name string, fn func(context.Context, wrpc.Invoker, T) (T, error), value T) {
	check(name, func(ctx context.Context) error {
		back, err := fn(withHeaders(ctx), client, value)
		return same(err, back, value)
	})
}

func callCalc(client *wrpcnats.Client) {
	check("add", func(ctx context.Context) error {
		sum, err := api.Add(withHeaders(ctx), client, 2, -3)
		return same(err, sum, int32(-1))
	})
	check("nothing", func(ctx context.Context) error { return api.Nothing(withHeaders(ctx), client) })
	text, age, none := "text", uint8(36), (*uint32)(nil)
	ada := &api.Person{Name: "Ada", Age: &age, Home: &api.Point{X: 1, Y: -1}, Tags: []string{"a", "b"}}
	echo(client, "echo-bool", api.EchoBool, true)
	echo(client, "echo-u8", api.EchoU8, 255)
	echo(client, "echo-s8", api.EchoS8, -128)
	echo(client, "echo-u16", api.EchoU16, 65535)
	echo(client, "echo-s16", api.EchoS16, -32768)
	echo(client, "echo-u32", api.EchoU32, 1<<32-1)
	echo(client, "echo-s32", api.EchoS32, -1<<31)
	echo(client, "echo-u64", api.EchoU64, 1<<64-1)
	echo(client, "echo-s64", api.EchoS64, -1<<63)
	echo(client, "echo-f32", api.EchoF32, 1.5)
	echo(client, "echo-f64", api.EchoF64, -0.1)
	// The generated code takes a char for a number, others for UTF-8: the same only in ASCII.
	echo(client, "echo-char", api.EchoChar, 'A')
	echo(client, "echo-string", api.EchoString, "h€llo")
	echo(client, "echo-bytes", api.EchoBytes, []uint8{0, 255})
	echo(client, "echo-u64s", api.EchoU64s, []uint64{1, 1<<64 - 1})
	echo(client, "echo-strings", api.EchoStrings, [][]string{{"a", ""}, {"b"}})
	echo(client, "echo-option", api.EchoOption, &text)
	echo(client, "echo-option, none", api.EchoOption, nil)
	echo(client, "echo-option-option", api.EchoOptionOption, &none)
	number, refused := uint32(7), "no"
	echo(client, "echo-result, ok", api.EchoResult, &wrpc.Result[uint32, string]{Ok: &number})
	echo(client, "echo-result, error", api.EchoResult, &wrpc.Result[uint32, string]{Err: &refused})
	echo(client, "echo-results", api.EchoResults, []*wrpc.Result[struct{}, api.Failure]{
		{Ok: &struct{}{}}, {Err: api.NewFailureEmpty()}, {Err: api.NewFailureTooBig(7)}, {Err: api.NewFailureRefused(ada)},
	})
	echo(client, "echo-person", api.EchoPerson, ada)
	echo(client, "echo-shape", api.EchoShape, api.NewShapePolygon([]*api.Point{{X: 1, Y: 2}, {X: -3, Y: 4}}))
	echo(client, "echo-color", api.EchoColor, api.Color_Blue)
	echo(client, "echo-rights", api.EchoRights, &api.Rights{Read: true, Execute: true})
	check("echo-tuple", func(ctx context.Context) error {
		inner := &wrpc.Tuple2[bool, rune]{V0: true, V1: 'A'}
		a, b, c, err := api.EchoTuple(withHeaders(ctx), client, &wrpc.Tuple3[uint8, string, *wrpc.Tuple2[bool, rune]]{V0: 1, V1: "x", V2: inner})
		return same(err, []any{a, b, c}, []any{uint8(1), "x", inner})
	})
	check("echo-many", func(ctx context.Context) error {
		all, last, err := api.EchoMany(withHeaders(ctx), client, "a", "b", "c", "d", "e", "f", "g", "h", 9)
		return same(err, []any{all, last}, []any{[]string{"a", "b", "c", "d", "e", "f", "g", "h"}, uint64(9)})
	})
	// Without a result there is nothing by which a failure could be told from an answer.
	check("after a trap it goes on answering", func(ctx context.Context) error {
		_ = api.Trap(withHeaders(ctx), client)
		sum, err := api.Add(withHeaders(ctx), client, 2, 2)
		return same(err, sum, int32(4))
	})
	check("fail answers its error", func(ctx context.Context) error {
		answer, err := api.Fail(withHeaders(ctx), client)
		if err == nil && answer.Err == nil {
			return fmt.Errorf("no error")
		}
		return err
	})
}
