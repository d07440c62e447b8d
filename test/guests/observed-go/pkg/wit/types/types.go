// Package types has what generated bindings use for WIT's options, results and tuples. It stands in for the package of that
// name in go.bytecodealliance.org/pkg, with only what these guests need, so that building them fetches nothing.
package types

type Unit struct{}

type Tuple2[A, B any] struct {
	F0 A
	F1 B
}

const (
	OptionNone uint8 = 0
	OptionSome uint8 = 1
	ResultOk   uint8 = 0
	ResultErr  uint8 = 1
)

type Option[T any] struct {
	tag   uint8
	value T
}

func Some[T any](value T) Option[T] { return Option[T]{OptionSome, value} }
func None[T any]() Option[T]        { return Option[T]{} }

func (o Option[T]) Tag() uint8 { return o.tag }

func (o Option[T]) Some() T {
	if o.tag != OptionSome {
		panic("an option that is none was asked for its value")
	}
	return o.value
}

func (o Option[T]) SomeOr(other T) T {
	if o.tag == OptionSome {
		return o.value
	}
	return other
}

type Result[T, E any] struct {
	tag uint8
	ok  T
	err E
}

func Ok[T, E any](value T) Result[T, E]  { return Result[T, E]{tag: ResultOk, ok: value} }
func Err[T, E any](value E) Result[T, E] { return Result[T, E]{tag: ResultErr, err: value} }

func (r Result[T, E]) Tag() uint8 { return r.tag }

func (r Result[T, E]) Ok() T {
	if r.tag != ResultOk {
		panic("a result that is an error was asked for its value")
	}
	return r.ok
}

func (r Result[T, E]) Err() E {
	if r.tag != ResultErr {
		panic("a result that is no error was asked for it")
	}
	return r.err
}
