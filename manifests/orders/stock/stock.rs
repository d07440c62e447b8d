//! Answers on `stock.check` how many there are of an item, and packs what comes on `orders.*`.
//! Build: `node manifests/build.ts stock`

wit_bindgen::generate!({ path: "../wit", world: "stock", generate_all });

use exports::wasmcloud::messaging::handler::Guest;
use wasi::logging::logging::{Level, log};
use wasmcloud::messaging::consumer;
use wasmcloud::messaging::types::BrokerMessage;

struct Stock;

export!(Stock);

impl Guest for Stock {
    fn handle_message(message: BrokerMessage) -> Result<(), String> {
        match (message.subject.as_str(), message.reply_to) {
            ("stock.check", Some(asker)) => consumer::publish(&BrokerMessage {
                subject: asker,
                body: in_stock(&message.body).into(),
                reply_to: None,
            }),
            (subject, _) => match subject.strip_prefix("orders.") {
                Some(item) => {
                    log(Level::Info, "stock", &format!("packed one {item}"));
                    Ok(())
                }
                None => Err(format!("nobody packs {subject}")),
            },
        }
    }
}

fn in_stock(item: &[u8]) -> &'static str {
    match item {
        b"tea" => "7",
        b"coffee" => "3",
        _ => "none",
    }
}
