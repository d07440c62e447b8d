//! A peer that speaks wRPC by the Rust transport and generated bindings:
//! `wrpc-peer serve URL PREFIX` answers, `wrpc-peer call URL PREFIX flow|calc` calls and prints a line per check.
mod call;
mod serve;

mod bindings {
    wit_bindgen_wrpc::generate!({ world: "peer", path: "../../wit", generate_all });
}

use anyhow::{bail, Context as _};
use std::sync::Arc;
use wrpc_transport_nats::Client;

/// The generated futures of so many functions are larger than a thread's usual stack.
const STACK: usize = 256 << 20;

fn main() -> anyhow::Result<()> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().thread_stack_size(STACK).build()?;
    runtime.block_on(async { tokio::spawn(run()).await? })
}

async fn run() -> anyhow::Result<()> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    match args[..] {
        ["serve", url, prefix] => {
            let client = connect(url, prefix, Some(Arc::from(prefix))).await?;
            serve::run(&client).await
        }
        ["call", url, prefix, "flow"] => call::flow(&connect(url, prefix, None).await?).await,
        ["call", url, prefix, "calc"] => call::calc(&connect(url, prefix, None).await?).await,
        _ => bail!("wrpc-peer serve URL PREFIX | wrpc-peer call URL PREFIX flow|calc"),
    }
}

async fn connect(url: &str, prefix: &str, group: Option<Arc<str>>) -> anyhow::Result<Client> {
    let nats = async_nats::connect(url).await.context("NATS")?;
    Client::new(nats, prefix, group).await
}
