"""An HTTP guest in Python that makes a span in a span, a metric and a log record through wasi:otel.

Build: node manifests/build.ts observed-py
"""

import json
import secrets
from contextlib import contextmanager

from componentize_py_types import Ok
from wit_world import exports
from wit_world.imports import logs, metrics, tracing, wall_clock, wasi_otel_types
from wit_world.imports.wasi_http_types import (
    Fields,
    IncomingRequest,
    OutgoingBody,
    OutgoingResponse,
    ResponseOutparam,
)

SCOPE = wasi_otel_types.InstrumentationScope("bakery-py", None, None, [])


@contextmanager
def span(name: str, parent: tracing.SpanContext, **attributes: object):
    """A span that is open while the block runs."""
    context = tracing.SpanContext(parent.trace_id, secrets.token_hex(8), parent.trace_flags, False, [])
    start = wall_clock.now()
    tracing.on_start(context)
    try:
        yield context
    finally:
        tracing.on_end(
            tracing.SpanData(
                span_context=context,
                parent_span_id=parent.span_id,
                span_kind=tracing.SpanKind.INTERNAL,
                name=name,
                start_time=start,
                end_time=wall_clock.now(),
                attributes=[
                    wasi_otel_types.KeyValue(key, json.dumps(value)) for key, value in attributes.items()
                ],
                events=[],
                links=[],
                status=tracing.Status_Ok(),
                instrumentation_scope=SCOPE,
                dropped_attributes=0,
                dropped_events=0,
                dropped_links=0,
            )
        )


def count(cakes: int) -> None:
    now = wall_clock.now()
    point = metrics.SumDataPoint([], metrics.MetricNumber_S64(cakes), [])
    data = metrics.Sum([point], now, now, metrics.Temporality.DELTA, True)
    metric = metrics.Metric("cakes", "Cakes baked", "{cake}", metrics.MetricData_S64Sum(data))
    resource = wasi_otel_types.Resource([], None)
    metrics.export(metrics.ResourceMetrics(resource, [metrics.ScopeMetrics(SCOPE, [metric])]))


def say(text: str, at: tracing.SpanContext) -> None:
    logs.on_emit(
        logs.LogRecord(
            timestamp=wall_clock.now(),
            observed_timestamp=None,
            severity_text="INFO",
            severity_number=9,
            body=json.dumps(text),
            attributes=None,
            event_name=None,
            resource=None,
            instrumentation_scope=SCOPE,
            trace_id=at.trace_id,
            span_id=at.span_id,
            trace_flags=at.trace_flags,
        )
    )


def bake() -> str:
    host = tracing.outer_span_context()
    with span("outer", host, language="Python") as outer:
        with span("inner", outer, cakes=3) as inner:
            say("baking", inner)
        count(3)
    return f"{outer.span_id} {inner.span_id}"


requests = 0


class IncomingHandler(exports.IncomingHandler):
    def handle(self, request: IncomingRequest, response_out: ResponseOutparam) -> None:
        global requests
        requests += 1
        path = request.path_with_query() or "/"
        if path == "/trap":
            raise RuntimeError("nothing is here")
        texts = {"/nested": bake, "/count": lambda: str(requests)}
        text = texts.get(path, lambda: "hello from Python\n")()
        response = OutgoingResponse(Fields())
        body = response.body()
        ResponseOutparam.set(response_out, Ok(response))
        with body.write() as stream:
            stream.blocking_write_and_flush(text.encode())
        OutgoingBody.finish(body, None)
