//! An HTTP guest on WASI 0.3 with spans of its own around calls of the host, before and after waits: many requests at
//! once in one instance take turns. Answers with the ids of its outer and inner span.
//! Build: `node manifests/build.ts otel-p3`

mod imports {
    wit_bindgen::generate!({ path: "wit", world: "otel", generate_all });
}

use imports::wasi::clocks::wall_clock;
use imports::wasi::keyvalue::store;
use imports::wasi::otel::tracing::{self, SpanContext, SpanData, SpanKind, Status, TraceFlags};
use imports::wasi::otel::types::InstrumentationScope;
use wasip3::clocks::monotonic_clock::wait_for;
use wasip3::http::types::{ErrorCode, Fields, Request, Response};
use wasip3::random::random::get_random_u64;
use wasip3::wit_bindgen::spawn_local;
use wasip3::{wit_future, wit_stream};

const MILLISECOND: u64 = 1_000_000;

struct Otel;

wasip3::http::service::export!(Otel);

impl wasip3::exports::http::handler::Guest for Otel {
    async fn handle(_request: Request) -> Result<Response, ErrorCode> {
        let host = tracing::outer_span_context();
        let outer = start(&host);
        ask("before");
        wait_for(2 * MILLISECOND).await;
        let inner = start(&outer);
        ask("inside");
        wait_for(MILLISECOND + get_random_u64() % (3 * MILLISECOND)).await;
        assert_eq!(tracing::current_span_context().span_id, inner.span_id);
        assert_eq!(tracing::outer_span_context().span_id, host.span_id);
        ask("inside again");
        let ids = format!("{} {}", outer.span_id, inner.span_id);
        end("inner", inner, &outer);
        wait_for(MILLISECOND).await;
        ask("after");
        end("outer", outer, &host);
        Ok(answer(ids))
    }
}

fn start(parent: &SpanContext) -> SpanContext {
    let context = SpanContext {
        trace_id: parent.trace_id.clone(),
        span_id: format!("{:016x}", get_random_u64() | 1),
        trace_flags: TraceFlags::SAMPLED,
        is_remote: false,
        trace_state: vec![],
    };
    tracing::on_start(&context);
    context
}

fn end(name: &str, context: SpanContext, parent: &SpanContext) {
    let now = wall_clock::now();
    tracing::on_end(&SpanData {
        span_context: context,
        parent_span_id: parent.span_id.clone(),
        span_kind: SpanKind::Internal,
        name: name.into(),
        start_time: now,
        end_time: now,
        attributes: vec![],
        events: vec![],
        links: vec![],
        status: Status::Unset,
        instrumentation_scope: InstrumentationScope {
            name: "otel-p3".into(),
            version: None,
            schema_url: None,
            attributes: vec![],
        },
        dropped_attributes: 0,
        dropped_events: 0,
        dropped_links: 0,
    });
}

fn ask(key: &str) {
    let _ = store::open("default").unwrap().get(key);
}

fn answer(text: String) -> Response {
    let (mut writer, body) = wit_stream::new();
    spawn_local(async move {
        writer.write_all(text.into_bytes()).await;
    });
    Response::new(Fields::new(), Some(body), wit_future::new(|| Ok(None)).1).0
}
