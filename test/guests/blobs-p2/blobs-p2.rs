//! An HTTP guest over a blobstore. By path, with a query of words between `&`:
//! `/create?c` `/exists?c` `/delete?c` `/clear?c` `/info?c` `/list?c` `/skip?c&n` (names after the first n),
//! `/put?c&o` (the request's body, streamed), `/get?c&o[&start&end]` (streamed), `/sync?c&o` (in one piece),
//! `/size?c&o`, `/has?c&o`, `/object?c&o`, `/remove?c&o…`, `/copy?c&o&d&p`, `/move?c&o&d&p`,
//! `/drop?c&o` (writes and does not finish). An error is a 500 with its text.
//! Build: `node manifests/build.ts blobs-p2`

wit_bindgen::generate!({
    path: "wit",
    world: "blobs",
    generate_all,
    with: { "wasi:io/streams@0.2.12": wasip2::io::streams },
});

use wasi::blobstore::blobstore::{self, ObjectId};
use wasi::blobstore::container::Container;
use wasi::blobstore::types::{IncomingValue, OutgoingValue};
use wasip2::exports::http::incoming_handler;
use wasip2::http::types::{
    Fields, IncomingRequest, OutgoingBody, OutgoingResponse, ResponseOutparam,
};
use wasip2::io::streams::{InputStream, OutputStream, StreamError};

struct Blobs;

wasip2::http::proxy::export!(Blobs);

impl incoming_handler::Guest for Blobs {
    fn handle(request: IncomingRequest, out: ResponseOutparam) {
        let target = request.path_with_query().unwrap_or_default();
        let (path, query) = target.split_once('?').unwrap_or((&target, ""));
        let words: Vec<&str> = query.split('&').collect();
        let word = |at: usize| words.get(at).copied().unwrap_or("");
        if path == "/get" {
            return match read(&words) {
                Ok(value) => stream_out(out, value),
                Err(error) => answer(out, 500, error.as_bytes()),
            };
        }
        if path == "/sync" {
            let found = read(&words).and_then(IncomingValue::incoming_value_consume_sync);
            return match found {
                Ok(bytes) => answer(out, 200, &bytes),
                Err(error) => answer(out, 500, error.as_bytes()),
            };
        }
        let done = match path {
            "/put" => put(request, word(0), word(1)),
            _ => plain(path, &words),
        };
        match done {
            Ok(text) => answer(out, 200, text.as_bytes()),
            Err(error) => answer(out, 500, error.as_bytes()),
        }
    }
}

fn plain(path: &str, words: &[&str]) -> Result<String, String> {
    let word = |at: usize| words.get(at).copied().unwrap_or("");
    let container = || blobstore::get_container(word(0));
    let id = |at: usize| ObjectId {
        container: word(at).into(),
        object: word(at + 1).into(),
    };
    match path {
        "/create" => blobstore::create_container(word(0)).and_then(|made| made.name()),
        "/exists" => blobstore::container_exists(word(0)).map(|yes| yes.to_string()),
        "/delete" => blobstore::delete_container(word(0)).map(|()| "deleted".into()),
        "/clear" => container()?.clear().map(|()| "cleared".into()),
        "/info" => container()?
            .info()
            .map(|info| format!("{} {}", info.name, info.created_at)),
        "/list" => names(&container()?, 0),
        "/skip" => names(&container()?, word(1).parse().unwrap_or(0)),
        "/size" => read(words).map(|value| value.size().to_string()),
        "/has" => container()?.has_object(word(1)).map(|yes| yes.to_string()),
        "/object" => container()?.object_info(word(1)).map(|info| {
            format!("{}/{} {} {}", info.container, info.name, info.size, info.created_at)
        }),
        "/remove" if words.len() == 2 => container()?.delete_object(word(1)).map(|()| "removed".into()),
        "/remove" => {
            let names: Vec<String> = words[1..].iter().map(|name| (*name).into()).collect();
            container()?.delete_objects(&names).map(|()| "removed".into())
        }
        "/copy" => blobstore::copy_object(&id(0), &id(2)).map(|()| "copied".into()),
        "/move" => blobstore::move_object(&id(0), &id(2)).map(|()| "moved".into()),
        "/drop" => {
            let value = OutgoingValue::new_outgoing_value();
            let body = value.outgoing_value_write_body().unwrap();
            container()?.write_data(word(1), &value)?;
            let _ = body.blocking_write_and_flush(b"half");
            Ok("dropped".into())
        }
        _ => Err("no such path".into()),
    }
}

fn put(request: IncomingRequest, container: &str, object: &str) -> Result<String, String> {
    let container: Container = blobstore::get_container(container)?;
    let value = OutgoingValue::new_outgoing_value();
    let out = value.outgoing_value_write_body().unwrap();
    container.write_data(object, &value)?;
    let body = request.consume().unwrap();
    let input = body.stream().unwrap();
    let bytes = pump(&input, &out).map_err(|error| format!("{error:?}"))?;
    drop(out);
    OutgoingValue::finish(value)?;
    Ok(format!("{bytes} bytes"))
}

fn read(words: &[&str]) -> Result<IncomingValue, String> {
    let word = |at: usize| words.get(at).copied().unwrap_or("");
    let start = word(2).parse().unwrap_or(0);
    let end = word(3).parse().unwrap_or(u64::MAX);
    blobstore::get_container(word(0))?.get_data(word(1), start, end)
}

fn names(container: &Container, skip: u64) -> Result<String, String> {
    let stream = container.list_objects()?;
    let (skipped, mut is_over) = stream.skip_stream_object_names(skip)?;
    let mut all = vec![format!("after {skipped}:")];
    while !is_over {
        let (names, last) = stream.read_stream_object_names(3)?;
        all.extend(names);
        is_over = last;
    }
    Ok(all.join(" "))
}

fn stream_out(out: ResponseOutparam, value: IncomingValue) {
    let input = match IncomingValue::incoming_value_consume_async(value) {
        Ok(input) => input,
        Err(error) => return answer(out, 500, error.as_bytes()),
    };
    let (body, stream) = begin(out, 200);
    if pump(&input, &stream).is_ok() {
        drop(stream);
        let _ = OutgoingBody::finish(body, None);
    }
}

fn pump(input: &InputStream, out: &OutputStream) -> Result<u64, StreamError> {
    let mut total = 0;
    loop {
        match out.blocking_splice(input, 65_536) {
            Ok(bytes) => total += bytes,
            Err(StreamError::Closed) => return Ok(total),
            Err(error) => return Err(error),
        }
    }
}

fn answer(out: ResponseOutparam, status: u16, bytes: &[u8]) {
    let (body, stream) = begin(out, status);
    for chunk in bytes.chunks(4096) {
        if stream.blocking_write_and_flush(chunk).is_err() {
            return;
        }
    }
    drop(stream);
    let _ = OutgoingBody::finish(body, None);
}

fn begin(out: ResponseOutparam, status: u16) -> (OutgoingBody, OutputStream) {
    let response = OutgoingResponse::new(Fields::new());
    response.set_status_code(status).unwrap();
    let body = response.body().unwrap();
    ResponseOutparam::set(out, Ok(response));
    let stream = body.write().unwrap();
    (body, stream)
}
