//! An HTTP guest that looks for traces of invocations before it, and leaves as many as it can.
//! It answers with what it found: calls so far, pages of memory, marks in memory, the number of its first handle.
//! Build: `node manifests/build.ts leaves-marks`

use std::hint::black_box;
use std::ptr::{read_volatile, write_volatile};

use wasip2::exports::http::incoming_handler::Guest;
use wasip2::http::types::{
    Fields, IncomingRequest, OutgoingBody, OutgoingResponse, ResponseOutparam,
};

struct LeavesMarks;

wasip2::http::proxy::export!(LeavesMarks);

static mut CALLS: u32 = 0;
const MARK: u32 = 0xfeed_beef;
const PAGE: usize = 65_536;

impl Guest for LeavesMarks {
    fn handle(_request: IncomingRequest, out: ResponseOutparam) {
        let first_handle = Fields::new();
        let handle = first_handle.handle();
        let calls = unsafe {
            CALLS += 1;
            CALLS
        };
        let pages = core::arch::wasm32::memory_size(0);
        let marks = count_marks(pages);
        leave_marks(pages);
        // Never dropped: the handle stays open when the invocation ends.
        std::mem::forget(first_handle);
        // Grows memory by some pages and leaves something at their ends.
        let mut grown = vec![0u8; 5 * PAGE];
        let last = grown.len() - 1;
        grown[last] = black_box(7);
        std::mem::forget(grown);
        answer(out, &format!("calls {calls} pages {pages} marks {marks} handle {handle}\n"));
    }
}

/// One place in each kilobyte, stack, data and heap alike, on both sides of the edges of pages.
fn places(pages: usize) -> impl Iterator<Item = *mut u32> {
    (64 * 1024..pages * PAGE - 8).step_by(1024).map(|at| at as *mut u32)
}

#[inline(never)]
fn count_marks(pages: usize) -> usize {
    places(pages)
        .filter(|place| unsafe { read_volatile(*place) } == black_box(MARK))
        .count()
}

/// Only where nothing else is: what holds a zero.
#[inline(never)]
fn leave_marks(pages: usize) {
    for place in places(pages) {
        unsafe {
            if read_volatile(place) == 0 {
                write_volatile(place, MARK);
            }
        }
    }
}

fn answer(out: ResponseOutparam, text: &str) {
    let response = OutgoingResponse::new(Fields::new());
    let body = response.body().unwrap();
    ResponseOutparam::set(out, Ok(response));
    let stream = body.write().unwrap();
    let _ = stream.blocking_write_and_flush(text.as_bytes());
    drop(stream);
    let _ = OutgoingBody::finish(body, None);
}
