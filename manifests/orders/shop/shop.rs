//! `GET /?item=tea` asks over messaging whether there is some, and if so publishes the order.
//! Build: `node manifests/build.ts shop`

wit_bindgen::generate!({ path: "../wit", world: "shop", generate_all });

use wasip2::exports::http::incoming_handler;
use wasip2::http::types::{
    Fields, IncomingRequest, OutgoingBody, OutgoingResponse, ResponseOutparam,
};
use wasmcloud::messaging::consumer;
use wasmcloud::messaging::types::BrokerMessage;

struct Shop;

wasip2::http::proxy::export!(Shop);

impl incoming_handler::Guest for Shop {
    fn handle(request: IncomingRequest, out: ResponseOutparam) {
        let target = request.path_with_query().unwrap_or_default();
        let item = target.split_once("?item=").map_or("", |(_, item)| item);
        if item.is_empty() || !item.chars().all(char::is_alphanumeric) {
            return answer(out, 400, "which item? ask for /?item=tea");
        }
        match order(item) {
            Ok(line) => answer(out, 200, &line),
            Err(reason) => answer(out, 503, &reason),
        }
    }
}

fn order(item: &str) -> Result<String, String> {
    let found = consumer::request("stock.check", item.as_bytes(), 2000)?;
    let left = String::from_utf8_lossy(&found.body).into_owned();
    if left == "none" {
        return Ok(format!("no {item} left"));
    }
    consumer::publish(&BrokerMessage {
        subject: format!("orders.{item}"),
        body: b"1".to_vec(),
        reply_to: None,
    })?;
    Ok(format!("{item} ordered: {left} in stock"))
}

fn answer(out: ResponseOutparam, status: u16, line: &str) {
    let response = OutgoingResponse::new(Fields::new());
    response.set_status_code(status).unwrap();
    let body = response.body().unwrap();
    ResponseOutparam::set(out, Ok(response));
    let stream = body.write().unwrap();
    let _ = stream.blocking_write_and_flush(format!("{line}\n").as_bytes());
    drop(stream);
    let _ = OutgoingBody::finish(body, None);
}
