//! wadm as a program: its library with its own flags, as `wadm --nats-server 127.0.0.1:4222`.
use clap::Parser as _;
use wadm::config::WadmConfig;

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    tracing_subscriber::fmt().with_env_filter(tracing_subscriber::EnvFilter::from_default_env()).init();
    let mut work = wadm::start_wadm(WadmConfig::parse()).await?;
    println!("ready");
    while let Some(ended) = work.join_next().await {
        ended??;
    }
    Ok(())
}
