//! An HTTP guest that does by path what a host gives it: key-value (bucket `default`), config, logging,
//! environment, standard output, clocks, random. A query is `a=1&b=2`, taken as it is. All answers are text;
//! what went wrong is a 500 with the error's name.
//! Build: `node manifests/build.ts kv-p2`

wit_bindgen::generate!({ path: "wit", world: "kv", generate_all });

use wasi::config::runtime;
use wasi::keyvalue::{atomics, batch, store};
use wasi::logging::logging::{Level, log};
use wasip2::cli::{environment, stderr, stdout};
use wasip2::clocks::{monotonic_clock, wall_clock};
use wasip2::exports::http::incoming_handler;
use wasip2::http::types::{
    Fields, IncomingRequest, OutgoingBody, OutgoingResponse, ResponseOutparam,
};
use wasip2::random::random;

struct Kv;

wasip2::http::proxy::export!(Kv);

type Answer = Result<String, String>;

impl incoming_handler::Guest for Kv {
    fn handle(request: IncomingRequest, out: ResponseOutparam) {
        let target = request.path_with_query().unwrap_or_default();
        let (path, query) = target.split_once('?').unwrap_or((&target, ""));
        let found = key_value(path, query).or_else(|| surroundings(path, query));
        match found {
            Some(Ok(text)) => answer(out, 200, &text),
            Some(Err(error)) => answer(out, 500, &error),
            None => answer(out, 404, "no such path"),
        }
    }
}

fn key_value(path: &str, query: &str) -> Option<Answer> {
    let (key, value) = pair(query);
    let bucket = || store::open("default");
    let done = match path {
        "/open" => store::open(key).map(|_| "open".into()),
        "/get" => bucket().and_then(|b| b.get(key)).map(shown),
        "/set" => bucket()
            .and_then(|b| b.set(key, value.as_bytes()))
            .map(|()| "set".into()),
        "/delete" => bucket()
            .and_then(|b| b.delete(key))
            .map(|()| "deleted".into()),
        "/exists" => bucket()
            .and_then(|b| b.exists(key))
            .map(|yes| yes.to_string()),
        "/keys" => bucket()
            .and_then(|b| b.list_keys(key.parse().ok()))
            .map(listed),
        "/increment" => bucket()
            .and_then(|b| atomics::increment(&b, key, value.parse().unwrap_or(1)))
            .map(|now| now.to_string()),
        "/get-many" => bucket()
            .and_then(|b| batch::get_many(&b, &keys(query)))
            .map(|all| {
                let lines = all.into_iter().map(|entry| match entry {
                    Some((key, value)) => format!("{key}={}", String::from_utf8_lossy(&value)),
                    None => "(none)".into(),
                });
                lines.collect::<Vec<_>>().join("\n")
            }),
        "/set-many" => {
            let entries: Vec<_> = query
                .split('&')
                .map(pair)
                .map(|(k, v)| (k.into(), v.into()))
                .collect();
            bucket()
                .and_then(|b| batch::set_many(&b, &entries))
                .map(|()| "set".into())
        }
        "/delete-many" => bucket()
            .and_then(|b| batch::delete_many(&b, &keys(query)))
            .map(|()| "deleted".into()),
        _ => return None,
    };
    Some(done.map_err(|error| format!("{error:?}")))
}

fn surroundings(path: &str, query: &str) -> Option<Answer> {
    let (key, value) = pair(query);
    Some(match path {
        "/config" if key.is_empty() => runtime::get_all().map(|all| lines(&all)).map_err(debug),
        "/config" => runtime::get(key)
            .map(|v| v.unwrap_or("(none)".into()))
            .map_err(debug),
        "/log" => match level(key) {
            Some(level) => {
                log(level, "kv-p2", value);
                Ok("logged".into())
            }
            None => Err(format!("no level {key}")),
        },
        "/env" => Ok(lines(&environment::get_environment())),
        "/args" => Ok(environment::get_arguments().join("\n")),
        "/stdout" => print(stdout::get_stdout(), query),
        "/stderr" => print(stderr::get_stderr(), query),
        "/random" => {
            let bytes = random::get_random_bytes(key.parse().unwrap_or(8));
            Ok(bytes.iter().map(|byte| format!("{byte:02x}")).collect())
        }
        "/wall-clock" => Ok(wall_clock::now().seconds.to_string()),
        "/sleep" => {
            let started = monotonic_clock::now();
            let millis: u64 = key.parse().unwrap_or(10);
            monotonic_clock::subscribe_duration(millis * 1_000_000).block();
            Ok(((monotonic_clock::now() - started) / 1_000_000).to_string())
        }
        _ => return None,
    })
}

fn pair(text: &str) -> (&str, &str) {
    text.split_once('=').unwrap_or((text, ""))
}

fn keys(query: &str) -> Vec<String> {
    query.split('&').map(|part| pair(part).0.into()).collect()
}

fn shown(value: Option<Vec<u8>>) -> String {
    value.map_or("(none)".into(), |bytes| {
        String::from_utf8_lossy(&bytes).into_owned()
    })
}

fn listed(mut page: store::KeyResponse) -> String {
    page.keys.sort();
    page.keys
        .extend(page.cursor.map(|cursor| format!("cursor {cursor}")));
    page.keys.join("\n")
}

fn lines(pairs: &[(String, String)]) -> String {
    pairs
        .iter()
        .map(|(key, value)| format!("{key}={value}"))
        .collect::<Vec<_>>()
        .join("\n")
}

fn debug(error: runtime::ConfigError) -> String {
    format!("{error:?}")
}

fn level(name: &str) -> Option<Level> {
    Some(match name {
        "trace" => Level::Trace,
        "debug" => Level::Debug,
        "info" => Level::Info,
        "warn" => Level::Warn,
        "error" => Level::Error,
        "critical" => Level::Critical,
        _ => return None,
    })
}

fn print(stream: wasip2::io::streams::OutputStream, text: &str) -> Answer {
    let line = format!("{text}\n");
    stream
        .blocking_write_and_flush(line.as_bytes())
        .map_err(|error| format!("{error:?}"))?;
    Ok("printed".into())
}

fn answer(out: ResponseOutparam, status: u16, text: &str) {
    let response = OutgoingResponse::new(Fields::new());
    response.set_status_code(status).unwrap();
    let body = response.body().unwrap();
    ResponseOutparam::set(out, Ok(response));
    let stream = body.write().unwrap();
    for chunk in format!("{text}\n").as_bytes().chunks(4096) {
        if stream.blocking_write_and_flush(chunk).is_err() {
            return;
        }
    }
    drop(stream);
    let _ = OutgoingBody::finish(body, None);
}
