// Package runtime gives generated bindings memory that stays where it is, and handles of resources. It stands in for the
// package of that name in go.bytecodealliance.org/pkg, with only what these guests need.
package runtime

import (
	"runtime"
	"unsafe"
)

type Handle struct{ value int32 }

func MakeHandle(value int32) *Handle { return &Handle{value} }

func (h *Handle) Use() int32 {
	if h.value == 0 {
		panic("a resource was used after it was given away")
	}
	return h.value
}

func (h *Handle) Take() int32 {
	value := h.Use()
	h.value = 0
	return value
}

func (h *Handle) TakeOrNil() int32 {
	value := h.value
	h.value = 0
	return value
}

func (h *Handle) Set(value int32) { h.value = value }

// Allocate gives memory that the collector leaves where it is until pinner lets go of it.
func Allocate(pinner *runtime.Pinner, size, align uintptr) unsafe.Pointer {
	if size == 0 {
		return nil
	}
	words := make([]uint64, (size+7)/8)
	pointer := unsafe.Pointer(unsafe.SliceData(words))
	pinner.Pin(pointer)
	return pointer
}

// What the host writes goes here: within cabi_realloc a guest may call no import, and the collector, which may run when
// memory is asked of it, reads clocks. It is never freed: each invocation has a fresh instance.
var (
	room [1 << 20]uint64
	used uintptr
)

func Unpin() {}

//go:wasmexport cabi_realloc
func cabiRealloc(old unsafe.Pointer, oldSize, align, size uintptr) unsafe.Pointer {
	words := (size + 7) / 8
	if used+words > uintptr(len(room)) {
		panic("the host gave more than there is room for")
	}
	pointer := unsafe.Pointer(&room[used])
	used += words
	return pointer
}
