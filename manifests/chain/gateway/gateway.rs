//! HTTP in, calls to the linked greeter out: `GET /?name=Ada`, `GET /measure?name=Ada%20Lovelace`.
//! Build: `node manifests/build.ts gateway`

wit_bindgen::generate!({ path: "../wit", world: "consumer" });

use wasip2::exports::http::incoming_handler;
use wasip2::http::types::{
    Fields, IncomingRequest, OutgoingBody, OutgoingResponse, ResponseOutparam,
};
use weft_example::greetings::greeter;

struct Gateway;

wasip2::http::proxy::export!(Gateway);

impl incoming_handler::Guest for Gateway {
    fn handle(request: IncomingRequest, out: ResponseOutparam) {
        let target = request.path_with_query().unwrap_or_default();
        let (path, query) = target.split_once('?').unwrap_or((&target, ""));
        let name = parameter(query, "name").unwrap_or_default();
        match path {
            "/" => match greeter::greet(&name) {
                Ok(greeting) => answer(out, 200, &greeting),
                Err(reason) => answer(out, 400, &reason),
            },
            "/measure" => answer(out, 200, &measured(&name)),
            _ => answer(out, 404, &format!("nothing at {path}")),
        }
    }
}

fn measured(name: &str) -> String {
    let stats = greeter::measure(name);
    let words: Vec<String> = stats
        .words
        .iter()
        .map(|word| format!("{}={}", word.text, word.letters))
        .collect();
    format!("{} letters: {}", stats.letters, words.join(" "))
}

fn parameter(query: &str, name: &str) -> Option<String> {
    let pairs = query.split('&').filter_map(|pair| pair.split_once('='));
    pairs
        .into_iter()
        .find(|(key, _)| *key == name)
        .map(|(_, value)| decoded(value))
}

/// Undoes the percent-encoding of a query; what is no valid escape stays as it is.
fn decoded(value: &str) -> String {
    let mut bytes = Vec::new();
    let mut rest = value.as_bytes();
    while let [first, after @ ..] = rest {
        let escaped = after
            .get(..2)
            .and_then(|hex| u8::from_str_radix(str::from_utf8(hex).ok()?, 16).ok());
        let (byte, left) = match (first, escaped) {
            (b'%', Some(byte)) => (byte, &after[2..]),
            (b'+', _) => (b' ', after),
            (other, _) => (*other, after),
        };
        bytes.push(byte);
        rest = left;
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

fn answer(out: ResponseOutparam, status: u16, line: &str) {
    let headers = Fields::new();
    headers
        .append("content-type", b"text/plain; charset=utf-8")
        .unwrap();
    let response = OutgoingResponse::new(headers);
    response.set_status_code(status).unwrap();
    let body = response.body().unwrap();
    ResponseOutparam::set(out, Ok(response));
    let stream = body.write().unwrap();
    let _ = write_line(&stream, line);
    drop(stream);
    let _ = OutgoingBody::finish(body, None);
}

// A blocking write takes at most 4096 bytes.
fn write_line(
    stream: &wasip2::io::streams::OutputStream,
    line: &str,
) -> Result<(), wasip2::io::streams::StreamError> {
    for chunk in format!("{line}\n").as_bytes().chunks(4096) {
        stream.blocking_write_and_flush(chunk)?;
    }
    Ok(())
}
