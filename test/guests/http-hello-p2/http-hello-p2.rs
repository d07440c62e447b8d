//! An HTTP guest on WASI 0.2: text, echo with trailers, headers, and a slow stream.
//! Build: `node manifests/build.ts http-hello-p2`

use wasip2::clocks::monotonic_clock;
use wasip2::exports::http::incoming_handler::Guest;
use wasip2::http::types::{
    Fields, IncomingBody, IncomingRequest, Method, OutgoingBody, OutgoingResponse,
    ResponseOutparam, Trailers,
};
use wasip2::io::streams::{OutputStream, StreamError};

struct Hello;

wasip2::http::proxy::export!(Hello);

impl Guest for Hello {
    fn handle(request: IncomingRequest, out: ResponseOutparam) {
        let path = request.path_with_query().unwrap_or_default();
        let path = path.split('?').next().unwrap_or_default();
        match (request.method(), path) {
            (Method::Get, "/") => answer(out, 200, b"hello\n"),
            (Method::Post | Method::Put, "/echo") => echo(request, out),
            (Method::Get, "/headers") => headers(request, out),
            (Method::Get, "/stream") => stream(out),
            _ => answer(out, 404, b"not found\n"),
        }
    }
}

fn answer(out: ResponseOutparam, status: u16, text: &[u8]) {
    let body = begin(out, status, Fields::new());
    let stream = body.write().unwrap();
    // A client that has gone is not this guest's trouble: what could not be written is dropped.
    let _ = stream.blocking_write_and_flush(text);
    drop(stream);
    let _ = OutgoingBody::finish(body, None);
}

fn begin(out: ResponseOutparam, status: u16, headers: Fields) -> OutgoingBody {
    let response = OutgoingResponse::new(headers);
    response.set_status_code(status).unwrap();
    let body = response.body().unwrap();
    ResponseOutparam::set(out, Ok(response));
    body
}

/// Sends the body back while it comes in, then its trailers.
fn echo(request: IncomingRequest, out: ResponseOutparam) {
    let incoming = request.consume().unwrap();
    let outgoing = begin(out, 200, Fields::new());
    let copied = copy(&incoming, &outgoing);
    if copied.is_ok() {
        let _ = OutgoingBody::finish(outgoing, trailers(incoming));
    }
}

fn copy(from: &IncomingBody, to: &OutgoingBody) -> Result<(), StreamError> {
    let input = from.stream().unwrap();
    let output = to.write().unwrap();
    loop {
        match input.blocking_read(64 * 1024) {
            Ok(bytes) => write_all(&output, &bytes)?,
            Err(StreamError::Closed) => return output.blocking_flush(),
            Err(error) => return Err(error),
        }
    }
}

/// Writes no more than the host has room for, and waits on its pollable in between.
fn write_all(output: &OutputStream, mut bytes: &[u8]) -> Result<(), StreamError> {
    while !bytes.is_empty() {
        let room = output.check_write()? as usize;
        if room == 0 {
            output.subscribe().block();
            continue;
        }
        let (now, later) = bytes.split_at(room.min(bytes.len()));
        output.write(now)?;
        bytes = later;
    }
    Ok(())
}

fn trailers(body: IncomingBody) -> Option<Trailers> {
    let coming = IncomingBody::finish(body);
    coming.subscribe().block();
    coming.get()?.ok()?.ok()?.map(|trailers| trailers.clone())
}

/// Sends each `x-…` header back, as a header and as a line of text.
fn headers(request: IncomingRequest, out: ResponseOutparam) {
    let mut text = Vec::new();
    let headers = Fields::new();
    for (name, value) in request.headers().entries() {
        if name.starts_with("x-") {
            headers.append(&name, &value).unwrap();
            text.extend([name.as_bytes(), b": ", &value, b"\n"].concat());
        }
    }
    let body = begin(out, 200, headers);
    let stream = body.write().unwrap();
    let _ = write_all(&stream, &text).and_then(|()| stream.blocking_flush());
    drop(stream);
    let _ = OutgoingBody::finish(body, None);
}

/// Five chunks, 20 ms apart.
fn stream(out: ResponseOutparam) {
    let body = begin(out, 200, Fields::new());
    let stream = body.write().unwrap();
    for chunk in 1..=5 {
        if chunk > 1 {
            monotonic_clock::subscribe_duration(20_000_000).block();
        }
        if stream
            .blocking_write_and_flush(format!("chunk {chunk}\n").as_bytes())
            .is_err()
        {
            return;
        }
    }
    drop(stream);
    let _ = OutgoingBody::finish(body, None);
}
