//! An HTTP guest that misbehaves, by path; every other path answers 200. It keeps its function names.
//! Build: `node manifests/build.ts http-trap-p2`

use std::hint::black_box;

use wasip2::exports::http::incoming_handler::Guest;
use wasip2::http::types::{
    Fields, IncomingRequest, OutgoingBody, OutgoingResponse, ResponseOutparam,
};

struct Trap;

wasip2::http::proxy::export!(Trap);

impl Guest for Trap {
    fn handle(request: IncomingRequest, out: ResponseOutparam) {
        match request.path_with_query().as_deref() {
            Some("/trap") => open_the_oven(3),
            Some("/trap-mid-stream") => trap_mid_stream(out),
            Some("/spin") => spin_for_ever(),
            Some("/recurse") => drop(recurse_for_ever(0)),
            Some("/allocate") => allocate_for_ever(),
            // The response is never set: the outparam is dropped.
            Some("/silent") => {}
            _ => answer(out, b"fine\n"),
        }
    }
}

#[inline(never)]
fn open_the_oven(cakes: u32) {
    burn_the_cake(black_box(cakes));
    black_box(cakes);
}

#[inline(never)]
fn burn_the_cake(cakes: u32) {
    if black_box(cakes) > 0 {
        core::arch::wasm32::unreachable()
    }
}

#[inline(never)]
fn trap_mid_stream(out: ResponseOutparam) {
    let body = begin(out);
    body.write()
        .unwrap()
        .blocking_write_and_flush(b"the first half\n")
        .unwrap();
    burn_the_cake(1);
}

#[inline(never)]
fn spin_for_ever() {
    let mut turns = 0u64;
    loop {
        turns = black_box(turns.wrapping_add(1));
    }
}

#[inline(never)]
#[allow(unconditional_recursion)]
fn recurse_for_ever(depth: u64) -> u64 {
    let frame = black_box([depth; 16]);
    recurse_for_ever(frame[0] + 1) + frame[15]
}

#[inline(never)]
fn allocate_for_ever() {
    let mut kept = Vec::new();
    loop {
        kept.push(black_box(vec![1u8; 1 << 20]));
    }
}

fn answer(out: ResponseOutparam, text: &[u8]) {
    let body = begin(out);
    let stream = body.write().unwrap();
    let _ = stream.blocking_write_and_flush(text);
    drop(stream);
    let _ = OutgoingBody::finish(body, None);
}

fn begin(out: ResponseOutparam) -> OutgoingBody {
    let response = OutgoingResponse::new(Fields::new());
    let body = response.body().unwrap();
    ResponseOutparam::set(out, Ok(response));
    body
}
