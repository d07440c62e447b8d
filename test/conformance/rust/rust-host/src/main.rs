//! A wasmCloud 1.9.2 host labelled `host=rust`, else as the real program starts it:
//! `rust-host NATS_URL LATTICE [OTLP_URL]`.
use anyhow::{bail, Context as _};
use std::collections::HashMap;
use std::path::PathBuf;
use std::time::Duration;
use url::Url;
use wasmcloud_core::logging::Level;
use wasmcloud_core::{OtelConfig, OtelProtocol};
use wasmcloud_host::wasmbus::{Features, Host, HostConfig};

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let [nats, lattice, otlp @ ..] = &args[..] else {
        bail!("rust-host NATS_URL LATTICE [OTLP_URL]");
    };
    let otel_config = OtelConfig {
        enable_observability: !otlp.is_empty(),
        observability_endpoint: otlp.first().cloned(),
        protocol: OtelProtocol::Http,
        ..OtelConfig::default()
    };
    let (dispatch, _guard) = wasmcloud_tracing::configure_observability(
        "rust-host",
        &otel_config,
        false,
        None::<PathBuf>,
        Some(&Level::Info),
        Some(&Level::Info),
    )?;
    tracing::dispatcher::set_global_default(dispatch)?;
    let url = Url::parse(nats).context("NATS_URL")?;
    let (host, shutdown) = Host::new(HostConfig {
        ctl_nats_url: url.clone(),
        rpc_nats_url: url,
        lattice: lattice.as_str().into(),
        labels: HashMap::from([("host".to_string(), "rust".to_string())]),
        allow_file_load: true,
        otel_config,
        version: "1.9.2".to_string(),
        heartbeat_interval: Some(Duration::from_secs(5)),
        experimental_features: Features::new().enable_builtin_http_server().enable_builtin_http_client(),
        ..HostConfig::default()
    })
    .await?;
    println!("ready");
    tokio::select! {
        stopped = host.stopped() => { stopped?; }
        ended = tokio::signal::ctrl_c() => { ended?; }
    }
    shutdown.await
}
