//! Calls what another peer serves, and prints for each check a line: `ok NAME`, or `failed NAME: what came`.
use crate::bindings::weft_test::calc::api;
use crate::bindings::weft_test::peer::flow::{self, Body, Bucket};
use crate::serve::bytes_of;
use anyhow::ensure;
use async_nats::HeaderMap;
use bytes::Bytes;
use core::fmt::Debug;
use core::future::Future;
use core::time::Duration;
use futures::stream::{self, StreamExt as _};
use tokio::time::timeout;
use wrpc_transport_nats::Client;

const LIMIT: Duration = Duration::from_secs(20);

async fn check(name: &str, run: impl Future<Output = anyhow::Result<()>>) {
    match timeout(LIMIT, run).await {
        Ok(Ok(())) => println!("ok {name}"),
        Ok(Err(error)) => println!("failed {name}: {error:#}"),
        Err(_) => println!("failed {name}: no answer within {LIMIT:?}"),
    }
}

fn same(found: impl Debug, expected: impl Debug) -> anyhow::Result<()> {
    let (found, expected) = (format!("{found:?}"), format!("{expected:?}"));
    ensure!(found == expected, "expected {expected}, found {found}");
    Ok(())
}

fn headers() -> Option<HeaderMap> {
    let mut map = HeaderMap::new();
    map.insert("source-id", "rust");
    map.insert("traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01");
    Some(map)
}

fn chunks(size: usize, of: usize) -> Vec<Bytes> {
    bytes_of(size).chunks(of).map(|chunk| Bytes::from(chunk.to_vec())).collect()
}

async fn joined(mut content: impl futures::Stream<Item = Bytes> + Unpin) -> Vec<u8> {
    let mut all = Vec::new();
    while let Some(chunk) = content.next().await {
        all.extend_from_slice(&chunk);
    }
    all
}

/// Each function of `flow`.
pub async fn flow(client: &Client) -> anyhow::Result<()> {
    for size in [0, 1, 1_048_000, 1_048_576, 3_000_000] {
        check(&format!("{size} bytes and back"), async move {
            let data = Bytes::from(bytes_of(size));
            ensure!(flow::big(client, None, &data).await? == data, "other bytes");
            Ok(())
        })
        .await;
    }
    check("a stream of 5 MB up", async move {
        let content = Box::pin(stream::iter(chunks(5_000_000, 100_000)));
        let (size, io) = flow::upload(client, None, content).await?;
        if let Some(io) = io {
            io.await?;
        }
        same(size, 5_000_000)
    })
    .await;
    check("a stream of 5 MB down", async move {
        let (content, io) = flow::download(client, None, 5_000_000).await?;
        let (all, _) = tokio::join!(joined(content), async move {
            match io {
                Some(io) => io.await,
                None => Ok(()),
            }
        });
        ensure!(all == bytes_of(5_000_000), "{} other bytes", all.len());
        Ok(())
    })
    .await;
    check("an empty stream down", async move {
        let (content, io) = flow::download(client, None, 0).await?;
        let (all, _) = tokio::join!(joined(content), async move {
            match io {
                Some(io) => io.await,
                None => Ok(()),
            }
        });
        same(all.len(), 0)
    })
    .await;
    check("numbers up and down at once", async move {
        let sent = vec![vec![1, 2], vec![u32::MAX], vec![0]];
        let (mut came, io) = flow::numbers(client, None, Box::pin(stream::iter(sent))).await?;
        let io = tokio::spawn(async move {
            match io {
                Some(io) => io.await,
                None => Ok(()),
            }
        });
        let mut all = Vec::new();
        while let Some(chunk) = came.next().await {
            all.extend(chunk);
        }
        io.await??;
        same(all, [1, 2, u32::MAX, 0])
    })
    .await;
    check("a body with trailers up and down", async move {
        let body = Body {
            content: Box::pin(stream::iter(chunks(300_000, 1000))),
            trailers: Box::pin(async { Some("end".to_string()) }),
        };
        let (came, io) = flow::pipe(client, None, body).await?;
        let io = tokio::spawn(async move {
            match io {
                Some(io) => io.await,
                None => Ok(()),
            }
        });
        let body = came.map_err(anyhow::Error::msg)?;
        let (all, trailers) = tokio::join!(joined(body.content), body.trailers);
        io.await??;
        ensure!(all == bytes_of(300_000), "{} other bytes", all.len());
        same(trailers, Some("end"))
    })
    .await;
    check("a future and back", async move {
        let (came, io) = flow::later(client, None, Box::pin(async { vec![7] })).await?;
        let io = tokio::spawn(async move {
            match io {
                Some(io) => io.await,
                None => Ok(()),
            }
        });
        let numbers = came.await;
        io.await??;
        same(numbers, [7])
    })
    .await;
    check("a handle and its method", async move {
        let bucket = Bucket::new(client, None, "rust").await?;
        same(Bucket::name(client, None, &bucket.as_borrow()).await?, "rust")
    })
    .await;
    check("headers", async move {
        let names = flow::headers(client, headers()).await?;
        same(names, ["source-id", "traceparent"])
    })
    .await;
    check("a failing handler ends the call", async move {
        let answer = flow::break_off(client, None).await;
        ensure!(answer.is_err(), "an answer: {answer:?}");
        Ok(())
    })
    .await;
    check("500 calls, one after the other", async move {
        for round in 0..500u32 {
            let data = Bytes::from(round.to_le_bytes().to_vec());
            ensure!(timeout(Duration::from_secs(3), flow::big(client, None, &data)).await?? == data, "round {round}");
        }
        Ok(())
    })
    .await;
    Ok(())
}

macro_rules! echo {
    ($client:ident, $name:ident, $value:expr, $back:expr) => {
        check(stringify!($name), async move {
            same(api::$name($client, headers(), $value).await?, $back)
        })
        .await;
    };
}

/// Each function of the guest `calc`.
pub async fn calc(client: &Client) -> anyhow::Result<()> {
    check("add", async move { same(api::add(client, headers(), 2, -3).await?, -1) }).await;
    check("nothing", async move { same(api::nothing(client, headers()).await?, ()) }).await;
    echo!(client, echo_bool, true, true);
    echo!(client, echo_u8, 255, 255);
    echo!(client, echo_s8, -128, -128);
    echo!(client, echo_u16, 65535, 65535);
    echo!(client, echo_s16, -32768, -32768);
    echo!(client, echo_u32, u32::MAX, u32::MAX);
    echo!(client, echo_s32, i32::MIN, i32::MIN);
    echo!(client, echo_u64, u64::MAX, u64::MAX);
    echo!(client, echo_s64, i64::MIN, i64::MIN);
    echo!(client, echo_f32, 1.5, 1.5);
    echo!(client, echo_f64, -0.1, -0.1);
    echo!(client, echo_char, '😀', '😀');
    echo!(client, echo_string, "h€llo", "h€llo");
    echo!(client, echo_bytes, &Bytes::from_static(&[0, 255]), Bytes::from_static(&[0, 255]));
    echo!(client, echo_u64s, &[1, u64::MAX], [1, u64::MAX]);
    echo!(client, echo_strings, &[&["a", ""][..], &[]], [vec!["a", ""], vec![]]);
    echo!(client, echo_tuple, (1, "x", (true, '€')), (1, "x", (true, '€')));
    echo!(client, echo_option, None, None::<String>);
    echo!(client, echo_option_option, Some(None), Some(None::<u32>));
    echo!(client, echo_result, &Err("no".to_string()), Err::<u32, _>("no"));
    let ada = || api::Person {
        name: "Ada".into(),
        age: Some(36),
        home: api::Point { x: 1, y: -1 },
        tags: vec!["a".into(), "b".into()],
    };
    let person = ada();
    echo!(client, echo_person, &person, ada());
    let failures = || vec![Ok(()), Err(api::Failure::Empty), Err(api::Failure::TooBig(7)), Err(api::Failure::Refused(ada()))];
    let sent = failures();
    echo!(client, echo_results, &sent, failures());
    let shape = || api::Shape::Polygon(vec![api::Point { x: 1, y: 2 }, api::Point { x: -3, y: 4 }]);
    let polygon = shape();
    echo!(client, echo_shape, &polygon, shape());
    echo!(client, echo_color, api::Color::Blue, api::Color::Blue);
    let rights = || api::Rights::READ | api::Rights::EXECUTE;
    echo!(client, echo_rights, &rights(), rights());
    check("echo_many", async move {
        let answer = api::echo_many(client, headers(), "a", "b", "c", "d", "e", "f", "g", "h", 9).await?;
        same(answer, (["a", "b", "c", "d", "e", "f", "g", "h"], 9))
    })
    .await;
    check("fail answers its error", async move {
        ensure!(api::fail(client, headers()).await?.is_err(), "no error");
        Ok(())
    })
    .await;
    // Without a result there is nothing by which a failure could be told from an answer.
    check("after a trap it goes on answering", async move {
        let _ = api::trap(client, headers()).await;
        same(api::add(client, headers(), 2, 2).await?, 4)
    })
    .await;
    Ok(())
}
