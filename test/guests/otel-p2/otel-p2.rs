//! An HTTP guest that makes spans, metrics and log records through `wasi:otel`, by path; see `handle`.
//! Build: `node manifests/build.ts otel-p2`

wit_bindgen::generate!({ path: "wit", world: "otel", generate_all });

use wasi::clocks::wall_clock;
use wasi::keyvalue::store;
use wasi::otel::logs::{self, LogRecord};
use wasi::otel::metrics::{
    self, Exemplar, ExponentialBucket, ExponentialHistogram, ExponentialHistogramDataPoint, Gauge,
    GaugeDataPoint, Histogram, HistogramDataPoint, Metric, MetricData, MetricNumber,
    ResourceMetrics, ScopeMetrics, Sum, SumDataPoint, Temporality,
};
use wasi::otel::tracing::{
    self, Event, Link, SpanContext, SpanData, SpanKind, Status, TraceFlags,
};
use wasi::otel::types::{InstrumentationScope, KeyValue, Resource};
use wasip2::clocks::monotonic_clock;
use wasip2::exports::http::incoming_handler::Guest;
use wasip2::http::types::{
    Fields, IncomingRequest, OutgoingBody, OutgoingResponse, ResponseOutparam,
};
use wasip2::random::random;

struct Otel;

wasip2::http::proxy::export!(Otel);

impl Guest for Otel {
    fn handle(request: IncomingRequest, out: ResponseOutparam) {
        let text = match request.path_with_query().unwrap_or_default().as_str() {
            "/nested" => nested(),
            "/root" => root(),
            "/unended" => unended(),
            "/end-only" => end_only(),
            "/outlived" => outlived(),
            "/hostile" => hostile(),
            "/metrics" => measure(),
            "/logs" => log(),
            other => format!("no {other}"),
        };
        answer(out, &text);
    }
}

/// A span, a span in it, and calls of the host in that one, before and after a wait.
fn nested() -> String {
    let host = tracing::outer_span_context();
    let outer = Span::start("outer", &host);
    let inner = Span::start("inner", &outer.context);
    assert_eq!(tracing::current_span_context().span_id, inner.context.span_id);
    let bucket = store::open("default").unwrap();
    let _ = bucket.get("before");
    monotonic_clock::subscribe_duration(2_000_000).block();
    let _ = bucket.get("after");
    let inner_id = inner.context.span_id.clone();
    inner.end(&outer.context.span_id, |span| {
        span.kind(SpanKind::Client);
        for (key, value) in [
            ("text", "\"a\""),
            ("int", "7"),
            ("float", "1.0"),
            ("bool", "true"),
            ("bytes", "\"data:application/octet-stream;base64,AQI=\""),
            ("ints", "[1,2]"),
            ("floats", "[0.5,2.0]"),
            ("big", "9223372036854775807"),
        ] {
            span.attribute(key, value);
        }
        span.0.events.push(Event {
            name: "halfway".into(),
            time: wall_clock::now(),
            attributes: vec![pair("at", "1")],
        });
        span.0.links.push(Link { span_context: host.clone(), attributes: vec![pair("why", "\"test\"")] });
        span.0.status = Status::Error("burnt".into());
        span.0.dropped_attributes = 3;
    });
    let _ = bucket.get("outside");
    let outer_id = outer.context.span_id.clone();
    outer.end(&host.span_id, |_| {});
    format!("{} {} {}", host.span_id, outer_id, inner_id)
}

/// A trace of the guest's own.
fn root() -> String {
    let trace = format!("{:016x}{:016x}", random::get_random_u64() | 1, random::get_random_u64());
    let nowhere = SpanContext { trace_id: trace.clone(), ..tracing::outer_span_context() };
    Span::start("root", &nowhere).end("", |_| {});
    trace
}

fn unended() -> String {
    let span = Span::start("never seen", &tracing::outer_span_context());
    span.context.span_id
}

fn end_only() -> String {
    let host = tracing::outer_span_context();
    let span = Span::make("not started", &host);
    span.end(&host.span_id, |_| {});
    "fine".into()
}

/// The parent ends before its child.
fn outlived() -> String {
    let host = tracing::outer_span_context();
    let parent = Span::start("parent", &host);
    let child = Span::start("child", &parent.context);
    let parent_id = parent.context.span_id.clone();
    parent.end(&host.span_id, |_| {});
    child.end(&parent_id, |_| {});
    "fine".into()
}

fn hostile() -> String {
    let host = tracing::outer_span_context();
    for id in ["", "0000000000000000", "nothexnothexnoth", "fffffffffffffffffffffffff"] {
        tracing::on_start(&SpanContext { span_id: id.into(), ..host.clone() });
    }
    let crowded = Span::start("crowded", &host);
    crowded.end(&host.span_id, |span| {
        for number in 0..10_000 {
            span.attribute(&format!("key-{number}"), "1");
        }
    });
    let large = Span::start("large", &host);
    large.end(&host.span_id, |span| {
        span.attribute("large", &format!("\"{}\"", "x".repeat(1_000_000)));
        span.attribute("broken", "{");
        span.attribute("nan", "NaN");
        span.attribute("good", "\"still here\"");
    });
    let backwards = Span::start("backwards", &host);
    backwards.end(&host.span_id, |span| {
        span.0.end_time.seconds -= 100;
    });
    let twice = Span::start("twice", &host);
    tracing::on_start(&twice.context);
    twice.end(&host.span_id, |_| {});
    for severity in [0, 25] {
        logs::on_emit(&LogRecord { severity_number: Some(severity), ..record("odd", "\"odd\"") });
    }
    logs::on_emit(&record("broken", "{\"a\":"));
    "alive".into()
}

fn log() -> String {
    let host = tracing::outer_span_context();
    logs::on_emit(&record("outside", "\"outside\""));
    let span = Span::start("logging", &host);
    logs::on_emit(&LogRecord {
        severity_number: Some(17),
        severity_text: Some("ERROR".into()),
        attributes: Some(vec![pair("code", "42")]),
        event_name: Some("cake.burnt".into()),
        ..record("inside", "{\"cake\":[1,2.5]}")
    });
    let id = span.context.span_id.clone();
    span.end(&host.span_id, |_| {});
    id
}

fn measure() -> String {
    let now = wall_clock::now();
    let host = tracing::outer_span_context();
    let exemplar = |value| Exemplar {
        filtered_attributes: vec![pair("who", "\"me\"")],
        time: now,
        value,
        span_id: host.span_id.clone(),
        trace_id: host.trace_id.clone(),
    };
    let sum = |name: &str, value, is_monotonic, temporality| Metric {
        name: name.into(),
        description: "a sum".into(),
        unit: "{cake}".into(),
        data: MetricData::S64Sum(Sum {
            data_points: vec![SumDataPoint {
                attributes: vec![pair("kind", "\"sponge\"")],
                value: MetricNumber::S64(value),
                exemplars: vec![exemplar(MetricNumber::S64(value))],
            }],
            start_time: now,
            time: now,
            temporality,
            is_monotonic,
        }),
    };
    let histogram = Metric {
        name: "cake.size".into(),
        description: String::new(),
        unit: "m".into(),
        data: MetricData::F64Histogram(Histogram {
            data_points: vec![HistogramDataPoint {
                attributes: vec![],
                count: 3,
                bounds: vec![1.0, 2.0],
                bucket_counts: vec![1, 1, 1],
                min: Some(MetricNumber::F64(0.5)),
                max: Some(MetricNumber::F64(2.5)),
                sum: MetricNumber::F64(4.5),
                exemplars: vec![],
            }],
            start_time: now,
            time: now,
            temporality: Temporality::Cumulative,
        }),
    };
    let exponential = Metric {
        name: "cake.weight".into(),
        description: String::new(),
        unit: "kg".into(),
        data: MetricData::F64ExponentialHistogram(ExponentialHistogram {
            data_points: vec![ExponentialHistogramDataPoint {
                attributes: vec![],
                count: 4,
                min: None,
                max: None,
                sum: MetricNumber::F64(9.0),
                scale: 2,
                zero_count: 1,
                positive_bucket: ExponentialBucket { offset: -3, counts: vec![1, 2] },
                negative_bucket: ExponentialBucket { offset: 0, counts: vec![] },
                zero_threshold: 0.001,
                exemplars: vec![],
            }],
            start_time: now,
            time: now,
            temporality: Temporality::Delta,
        }),
    };
    let gauge = Metric {
        name: "oven.temperature".into(),
        description: String::new(),
        unit: "Cel".into(),
        data: MetricData::F64Gauge(Gauge {
            data_points: vec![GaugeDataPoint {
                attributes: vec![],
                value: MetricNumber::F64(180.0),
                exemplars: vec![],
            }],
            start_time: None,
            time: now,
        }),
    };
    let metrics = vec![
        sum("cakes", 5, true, Temporality::Cumulative),
        sum("cakes.left", -2, false, Temporality::Delta),
        histogram,
        exponential,
        gauge,
    ];
    let resource = Resource { attributes: vec![pair("ignored", "1")], schema_url: None };
    let scope_metrics = vec![ScopeMetrics { scope: scope(), metrics }];
    metrics::export(&ResourceMetrics { resource, scope_metrics }).unwrap();
    "measured".into()
}

struct Span {
    context: SpanContext,
    name: String,
    start: wall_clock::Datetime,
}

struct Made(SpanData);

impl Span {
    fn start(name: &str, parent: &SpanContext) -> Span {
        let span = Span::make(name, parent);
        tracing::on_start(&span.context);
        span
    }

    fn make(name: &str, parent: &SpanContext) -> Span {
        let context = SpanContext {
            trace_id: parent.trace_id.clone(),
            span_id: format!("{:016x}", random::get_random_u64() | 1),
            trace_flags: TraceFlags::SAMPLED,
            is_remote: false,
            trace_state: parent.trace_state.clone(),
        };
        Span { context, name: name.into(), start: wall_clock::now() }
    }

    fn end(self, parent: &str, change: impl FnOnce(&mut Made)) {
        let mut made = Made(SpanData {
            span_context: self.context,
            parent_span_id: parent.into(),
            span_kind: SpanKind::Internal,
            name: self.name,
            start_time: self.start,
            end_time: wall_clock::now(),
            attributes: vec![],
            events: vec![],
            links: vec![],
            status: Status::Unset,
            instrumentation_scope: scope(),
            dropped_attributes: 0,
            dropped_events: 0,
            dropped_links: 0,
        });
        change(&mut made);
        tracing::on_end(&made.0);
    }
}

impl Made {
    fn attribute(&mut self, key: &str, value: &str) {
        self.0.attributes.push(pair(key, value));
    }

    fn kind(&mut self, kind: SpanKind) {
        self.0.span_kind = kind;
    }
}

fn pair(key: &str, value: &str) -> KeyValue {
    KeyValue { key: key.into(), value: value.into() }
}

fn scope() -> InstrumentationScope {
    InstrumentationScope {
        name: "bakery".into(),
        version: Some("1.2".into()),
        schema_url: None,
        attributes: vec![],
    }
}

fn record(text: &str, body: &str) -> LogRecord {
    LogRecord {
        timestamp: Some(wall_clock::now()),
        observed_timestamp: None,
        severity_text: None,
        severity_number: Some(9),
        body: Some(body.into()),
        attributes: Some(vec![pair("name", &format!("\"{text}\""))]),
        event_name: None,
        resource: None,
        instrumentation_scope: Some(scope()),
        trace_id: None,
        span_id: None,
        trace_flags: None,
    }
}

fn answer(out: ResponseOutparam, text: &str) {
    let response = OutgoingResponse::new(Fields::new());
    let body = response.body().unwrap();
    ResponseOutparam::set(out, Ok(response));
    let stream = body.write().unwrap();
    let _ = stream.blocking_write_and_flush(text.as_bytes());
    drop(stream);
    let _ = OutgoingBody::finish(body, None);
}
