//! An HTTP guest that sends messages, and a handler of them. `/publish?subject=text`, `/request?subject=text` (the
//! answer's body; waits 2 s); an error is a 500 with its text. A message whose body is `fail` is refused, `trap`
//! traps, `onward subject` publishes `onward` there; one with a reply subject is answered with `subject: body`.
//! Build: `node manifests/build.ts messaging-p2`

wit_bindgen::generate!({ path: "wit", world: "messaging", generate_all });

use exports::wasmcloud::messaging::handler;
use wasip2::exports::http::incoming_handler;
use wasip2::http::types::{
    Fields, IncomingRequest, OutgoingBody, OutgoingResponse, ResponseOutparam,
};
use wasmcloud::messaging::consumer;
use wasmcloud::messaging::types::BrokerMessage;

struct Messages;

export!(Messages);
wasip2::http::proxy::export!(Messages);

impl handler::Guest for Messages {
    fn handle_message(message: BrokerMessage) -> Result<(), String> {
        let body = String::from_utf8_lossy(&message.body).into_owned();
        match (body.as_str(), message.reply_to) {
            ("fail", _) => Err("told to fail".into()),
            ("trap", _) => panic!("told to trap"),
            (text, Some(reply)) => publish(&reply, &format!("{}: {text}", message.subject)),
            (text, None) => match text.strip_prefix("onward ") {
                Some(subject) => publish(subject, "onward"),
                None => Ok(()),
            },
        }
    }
}

impl incoming_handler::Guest for Messages {
    fn handle(request: IncomingRequest, out: ResponseOutparam) {
        let target = request.path_with_query().unwrap_or_default();
        let (path, query) = target.split_once('?').unwrap_or((&target, ""));
        let (subject, text) = query.split_once('=').unwrap_or((query, ""));
        let text = text.replace("%20", " ");
        let done = match path {
            "/publish" => publish(subject, &text).map(|()| "published".into()),
            "/request" => consumer::request(subject, text.as_bytes(), 2000)
                .map(|answer| String::from_utf8_lossy(&answer.body).into_owned()),
            _ => Err("no such path".into()),
        };
        match done {
            Ok(text) => answer(out, 200, &text),
            Err(error) => answer(out, 500, &error),
        }
    }
}

fn publish(subject: &str, body: &str) -> Result<(), String> {
    consumer::publish(&BrokerMessage {
        subject: subject.into(),
        body: body.into(),
        reply_to: None,
    })
}

fn answer(out: ResponseOutparam, status: u16, text: &str) {
    let response = OutgoingResponse::new(Fields::new());
    response.set_status_code(status).unwrap();
    let body = response.body().unwrap();
    ResponseOutparam::set(out, Ok(response));
    let stream = body.write().unwrap();
    let _ = stream.blocking_write_and_flush(format!("{text}\n").as_bytes());
    drop(stream);
    let _ = OutgoingBody::finish(body, None);
}
