//! An HTTP guest that reveals a secret: `/?name` answers `string: value` or `bytes: hex`; an error is a 500 with its name.
//! Build: `node manifests/build.ts secrets-p2`

wit_bindgen::generate!({ path: "wit", world: "secrets", generate_all });

use wasip2::exports::http::incoming_handler;
use wasip2::http::types::{
    Fields, IncomingRequest, OutgoingBody, OutgoingResponse, ResponseOutparam,
};
use wasmcloud::secrets::reveal::{SecretValue, reveal};
use wasmcloud::secrets::store;

struct Secrets;

wasip2::http::proxy::export!(Secrets);

impl incoming_handler::Guest for Secrets {
    fn handle(request: IncomingRequest, out: ResponseOutparam) {
        let target = request.path_with_query().unwrap_or_default();
        let name = target.split_once('?').map_or("", |(_, query)| query);
        match store::get(name) {
            Ok(secret) => answer(out, 200, &shown(reveal(&secret))),
            Err(error) => answer(out, 500, &format!("{error:?}")),
        }
    }
}

fn shown(value: SecretValue) -> String {
    match value {
        SecretValue::String(text) => format!("string: {text}"),
        SecretValue::Bytes(bytes) => {
            let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
            format!("bytes: {hex}")
        }
    }
}

fn answer(out: ResponseOutparam, status: u16, text: &str) {
    let response = OutgoingResponse::new(Fields::new());
    response.set_status_code(status).unwrap();
    let body = response.body().unwrap();
    ResponseOutparam::set(out, Ok(response));
    let stream = body.write().unwrap();
    let _ = stream.blocking_write_and_flush(text.as_bytes());
    drop(stream);
    let _ = OutgoingBody::finish(body, None);
}
