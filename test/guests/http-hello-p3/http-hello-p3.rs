//! An HTTP guest on WASI 0.3: text, the body sent back by copying or by passing the stream on, waiting, a trap.
//! Build: `node manifests/build.ts http-hello-p3`

use wasip3::clocks::monotonic_clock::wait_for;
use wasip3::http::types::{ErrorCode, Fields, Request, Response, Trailers};
use wasip3::wit_bindgen::{FutureReader, StreamReader, StreamResult, spawn_local};
use wasip3::{wit_future, wit_stream};

struct Hello;

wasip3::http::service::export!(Hello);

impl wasip3::exports::http::handler::Guest for Hello {
    async fn handle(request: Request) -> Result<Response, ErrorCode> {
        let path = request.get_path_with_query().unwrap_or_default();
        match path.as_str() {
            "/" => Ok(answer(200, "hello\n")),
            "/echo" => Ok(echo(request)),
            "/pass" => Ok(pass(request)),
            "/wait" => {
                for _ in 0..3 {
                    wait_for(5_000_000).await;
                }
                Ok(answer(200, "waited\n"))
            }
            "/error" => Err(ErrorCode::InternalError(Some("as asked".into()))),
            "/trap" => core::arch::wasm32::unreachable(),
            _ => Ok(answer(404, "not found\n")),
        }
    }
}

type ComingTrailers = FutureReader<Result<Option<Trailers>, ErrorCode>>;

fn answer(status: u16, text: &'static str) -> Response {
    let (mut writer, body) = wit_stream::new();
    spawn_local(async move {
        writer.write_all(text.into()).await;
    });
    let response = respond(body, no_trailers());
    response.set_status_code(status).unwrap();
    response
}

/// Copies the body through this guest's memory.
fn echo(request: Request) -> Response {
    let (mut from, trailers) = consumed(request);
    let (mut to, body) = wit_stream::new();
    spawn_local(async move {
        loop {
            let (state, bytes) = from.read(Vec::with_capacity(64 * 1024)).await;
            let unsent = to.write_all(bytes).await;
            if !unsent.is_empty()
                || matches!(state, StreamResult::Dropped | StreamResult::Cancelled)
            {
                return;
            }
        }
    });
    respond(body, trailers)
}

/// Gives the request's stream to the response, unread.
fn pass(request: Request) -> Response {
    let (body, trailers) = consumed(request);
    respond(body, trailers)
}

fn consumed(request: Request) -> (StreamReader<u8>, ComingTrailers) {
    let (_done, result) = wit_future::new(|| Ok(()));
    Request::consume_body(request, result)
}

fn respond(body: StreamReader<u8>, trailers: ComingTrailers) -> Response {
    Response::new(Fields::new(), Some(body), trailers).0
}

fn no_trailers() -> ComingTrailers {
    wit_future::new(|| Ok(None)).1
}
