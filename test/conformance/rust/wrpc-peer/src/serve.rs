//! Answers `flow`, `calc` and `greeter`: mostly with what came.
use crate::bindings::exports::weft_example::greetings::greeter;
use crate::bindings::exports::weft_test::calc::api;
use crate::bindings::exports::weft_test::peer::flow::{self, Body, Bucket};
use crate::bindings::serve;
use anyhow::bail;
use async_nats::HeaderMap;
use bytes::Bytes;
use core::future::Future;
use core::pin::Pin;
use futures::stream::{self, select_all, Stream, StreamExt as _};
use wrpc_transport::{ResourceBorrow, ResourceOwn};
use wrpc_transport_nats::Client;

type Cx = Option<HeaderMap>;
type StreamOf<T> = Pin<Box<dyn Stream<Item = T> + Send>>;
type FutureOf<T> = Pin<Box<dyn Future<Output = T> + Send>>;

#[derive(Clone)]
struct Peer;

/// Serves until the process is told to end.
pub async fn run(client: &Client) -> anyhow::Result<()> {
    let mut calls = select_all(serve(client, Peer).await?.into_iter().map(|(_, name, calls)| calls.map(move |call| (name, call))));
    println!("ready");
    while let Some((name, call)) = calls.next().await {
        match call {
            Ok(call) => {
                tokio::spawn(async move {
                    if let Err(error) = call.await {
                        eprintln!("{name}: {error:#}");
                    }
                });
            }
            Err(error) => eprintln!("{name}: {error:#}"),
        }
    }
    Ok(())
}

/// The nth byte of a download is n mod 251.
pub fn bytes_of(size: usize) -> Vec<u8> {
    (0..size).map(|at| (at % 251) as u8).collect()
}

impl flow::Handler<Cx> for Peer {
    async fn big(&self, _: Cx, data: Bytes) -> anyhow::Result<Bytes> {
        Ok(data)
    }
    async fn upload(&self, _: Cx, mut content: StreamOf<Bytes>) -> anyhow::Result<u64> {
        let mut size = 0;
        while let Some(chunk) = content.next().await {
            size += chunk.len() as u64;
        }
        Ok(size)
    }
    async fn download(&self, _: Cx, size: u64) -> anyhow::Result<StreamOf<Bytes>> {
        let chunks: Vec<Bytes> = bytes_of(size as usize).chunks(100_000).map(|chunk| Bytes::from(chunk.to_vec())).collect();
        Ok(Box::pin(stream::iter(chunks)))
    }
    async fn numbers(&self, _: Cx, n: StreamOf<Vec<u32>>) -> anyhow::Result<StreamOf<Vec<u32>>> {
        Ok(n)
    }
    async fn pipe(&self, _: Cx, b: Body) -> anyhow::Result<Result<Body, String>> {
        Ok(Ok(b))
    }
    async fn later(&self, _: Cx, f: FutureOf<Vec<u32>>) -> anyhow::Result<FutureOf<Vec<u32>>> {
        Ok(f)
    }
    async fn headers(&self, cx: Cx) -> anyhow::Result<Vec<String>> {
        let mut names: Vec<String> = cx.iter().flat_map(|all| all.iter()).map(|(name, _)| name.to_string()).collect();
        names.sort();
        Ok(names)
    }
    async fn break_off(&self, _: Cx) -> anyhow::Result<String> {
        bail!("broken off")
    }
}

impl flow::HandlerBucket<Cx> for Peer {
    async fn new(&self, _: Cx, name: String) -> anyhow::Result<ResourceOwn<Bucket>> {
        Ok(ResourceOwn::from(Bytes::from(name)))
    }
    async fn name(&self, _: Cx, bucket: ResourceBorrow<Bucket>) -> anyhow::Result<String> {
        Ok(String::from_utf8(Bytes::from(bucket).to_vec())?)
    }
}

macro_rules! echoes {
    ($($name:ident: $type:ty),* $(,)?) => {
        $(async fn $name(&self, _: Cx, v: $type) -> anyhow::Result<$type> {
            Ok(v)
        })*
    };
}

impl api::Handler<Cx> for Peer {
    async fn add(&self, _: Cx, a: i32, b: i32) -> anyhow::Result<i32> {
        Ok(a + b)
    }
    async fn nothing(&self, _: Cx) -> anyhow::Result<()> {
        Ok(())
    }
    echoes! {
        echo_bool: bool, echo_u8: u8, echo_s8: i8, echo_u16: u16, echo_s16: i16, echo_u32: u32, echo_s32: i32,
        echo_u64: u64, echo_s64: i64, echo_f32: f32, echo_f64: f64, echo_char: char, echo_string: String,
        echo_bytes: Bytes, echo_u64s: Vec<u64>, echo_strings: Vec<Vec<String>>,
        echo_tuple: (u8, String, (bool, char)), echo_option: Option<String>,
        echo_option_option: Option<Option<u32>>, echo_result: Result<u32, String>,
        echo_results: Vec<Result<(), api::Failure>>, echo_person: api::Person, echo_shape: api::Shape,
        echo_color: api::Color, echo_rights: api::Rights,
    }
    async fn echo_many(
        &self, _: Cx, a: String, b: String, c: String, d: String, e: String, f: String, g: String, h: String, i: u64,
    ) -> anyhow::Result<(Vec<String>, u64)> {
        Ok((vec![a, b, c, d, e, f, g, h], i))
    }
    async fn fail(&self, _: Cx) -> anyhow::Result<Result<String, api::Failure>> {
        Ok(Err(api::Failure::TooBig(u64::MAX)))
    }
    async fn trap(&self, _: Cx) -> anyhow::Result<()> {
        bail!("trapped")
    }
}

impl greeter::Handler<Cx> for Peer {
    async fn greet(&self, _: Cx, name: String) -> anyhow::Result<Result<String, String>> {
        Ok(Ok(format!("Hello {name}, from Rust")))
    }
    async fn measure(&self, _: Cx, name: String) -> anyhow::Result<greeter::Stats> {
        let words: Vec<_> = name.split_whitespace().map(|text| greeter::Word { text: text.into(), letters: text.chars().count() as u32 }).collect();
        Ok(greeter::Stats { letters: words.iter().map(|word| word.letters).sum(), words })
    }
}
