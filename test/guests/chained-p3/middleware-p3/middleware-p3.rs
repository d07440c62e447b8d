//! An HTTP middleware on WASI 0.3: passes requests on to the handler that it imports, marks the responses, and turns their
//! bodies to capitals on their way for `PUT`; `/forbidden` it answers itself.
//! Build: `node manifests/build.ts middleware-p3`

wit_bindgen::generate!({
    path: [
        "../../../../node_modules/@bytecodealliance/jco/lib/wit/builtin/0.3.0/wasi-clocks",
        "../../../../node_modules/@bytecodealliance/jco/lib/wit/builtin/0.3.0/wasi-random",
        "../../../../node_modules/@bytecodealliance/jco/lib/wit/builtin/0.3.0/wasi-filesystem",
        "../../../../node_modules/@bytecodealliance/jco/lib/wit/builtin/0.3.0/wasi-sockets",
        "../../../../node_modules/@bytecodealliance/jco/lib/wit/builtin/0.3.0/wasi-cli",
        "../../../../node_modules/@bytecodealliance/jco/lib/wit/builtin/0.3.0/wasi-http",
        "wit",
    ],
    world: "weft-test:middleware/middleware-p3",
    generate_all,
});

use wasi::http::handler;
use wasi::http::types::{ErrorCode, Fields, Method, Request, Response};
use wit_bindgen::{StreamReader, StreamResult, spawn_local};

struct Middleware;

export!(Middleware);

impl exports::wasi::http::handler::Guest for Middleware {
    async fn handle(request: Request) -> Result<Response, ErrorCode> {
        let is_loud = matches!(request.get_method(), Method::Put);
        if request.get_path_with_query().as_deref() == Some("/forbidden") {
            return Err(ErrorCode::HttpRequestDenied);
        }
        let response = handler::handle(request).await?;
        let status = response.get_status_code();
        let headers = Fields::from_list(&response.get_headers().copy_all()).unwrap();
        headers.append("x-through", b"middleware").unwrap();
        let (_done, result) = wit_future::new(|| Ok(()));
        let (body, trailers) = Response::consume_body(response, result);
        let body = if is_loud { loud(body) } else { body };
        let (passed, _sent) = Response::new(headers, Some(body), trailers);
        passed.set_status_code(status).unwrap();
        Ok(passed)
    }
}

fn loud(mut from: StreamReader<u8>) -> StreamReader<u8> {
    let (mut to, body) = wit_stream::new();
    spawn_local(async move {
        loop {
            let (state, bytes) = from.read(Vec::with_capacity(16 * 1024)).await;
            let unsent = to.write_all(bytes.to_ascii_uppercase()).await;
            if !unsent.is_empty()
                || matches!(state, StreamResult::Dropped | StreamResult::Cancelled)
            {
                return;
            }
        }
    });
    body
}
