//! An HTTP guest that fetches `http://{query}` and answers with the status, the body and what went wrong.
//! Build: `node manifests/build.ts http-fetch-p2`

use wasip2::exports::http::incoming_handler::Guest;
use wasip2::http::outgoing_handler;
use wasip2::http::types::{
    ErrorCode, Fields, IncomingRequest, OutgoingBody, OutgoingRequest, OutgoingResponse,
    ResponseOutparam, Scheme,
};

struct Fetch;

wasip2::http::proxy::export!(Fetch);

impl Guest for Fetch {
    fn handle(request: IncomingRequest, out: ResponseOutparam) {
        let target = request.path_with_query().unwrap_or_default();
        let url = target.split_once('?').map_or("", |(_, url)| url);
        let text = match fetch(url) {
            Ok((status, body)) => format!("{status} {body}"),
            Err(error) => format!("{error:?}"),
        };
        answer(out, &text);
    }
}

fn fetch(url: &str) -> Result<(u16, String), ErrorCode> {
    let (authority, path) = url.split_once('/').unwrap_or((url, ""));
    let request = OutgoingRequest::new(Fields::new());
    request.set_scheme(Some(&Scheme::Http)).unwrap();
    request.set_authority(Some(authority)).unwrap();
    request.set_path_with_query(Some(&format!("/{path}"))).unwrap();
    let sent = outgoing_handler::handle(request, None)?;
    sent.subscribe().block();
    let response = sent.get().unwrap().unwrap()?;
    let status = response.status();
    let body = response.consume().unwrap();
    let stream = body.stream().unwrap();
    let mut bytes = Vec::new();
    while let Ok(chunk) = stream.blocking_read(65_536) {
        bytes.extend(chunk);
    }
    Ok((status, String::from_utf8_lossy(&bytes).into_owned()))
}

fn answer(out: ResponseOutparam, text: &str) {
    let response = OutgoingResponse::new(Fields::new());
    let body = response.body().unwrap();
    ResponseOutparam::set(out, Ok(response));
    let stream = body.write().unwrap();
    for part in text.as_bytes().chunks(4096) {
        let _ = stream.blocking_write_and_flush(part);
    }
    drop(stream);
    let _ = OutgoingBody::finish(body, None);
}
