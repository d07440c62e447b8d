// Package export_wasi_http_incoming_handler is an HTTP guest in Go that makes a span in a span, a metric and a log record
// through wasi:otel. The bindings ask for the package's name.
//
// Build: node manifests/build.ts observed-go
package export_wasi_http_incoming_handler

import (
	"crypto/rand"
	"encoding/hex"
	"encoding/json"

	. "go.bytecodealliance.org/pkg/wit/types"
	clock "wit_component/wasi_clocks_0_2_0_wall_clock"
	http "wit_component/wasi_http_types"
	logs "wit_component/wasi_otel_logs"
	metrics "wit_component/wasi_otel_metrics"
	tracing "wit_component/wasi_otel_tracing"
	otel "wit_component/wasi_otel_types"
)

var scope = otel.InstrumentationScope{Name: "bakery-go"}

var requests = 0

func Handle(request *http.IncomingRequest, out *http.ResponseOutparam) {
	requests++
	path := request.PathWithQuery().SomeOr("/")
	switch path {
	case "/nested":
		answer(out, bake())
	case "/trap":
		panic("nothing is here")
	case "/count":
		text, _ := json.Marshal(requests)
		answer(out, string(text))
	default:
		answer(out, "hello from Go\n")
	}
}

func bake() string {
	host := tracing.OuterSpanContext()
	outer := start(&host)
	inner := start(&outer.context)
	say("baking", inner.context)
	inner.end("inner", map[string]any{"cakes": 3})
	count(3)
	outer.end("outer", map[string]any{"language": "Go"})
	return outer.context.SpanId + " " + inner.context.SpanId
}

type span struct {
	context tracing.SpanContext
	parent  string
	begun   clock.Datetime
}

func start(parent *tracing.SpanContext) span {
	id := make([]byte, 8)
	_, _ = rand.Read(id)
	context := tracing.SpanContext{
		TraceId:    parent.TraceId,
		SpanId:     hex.EncodeToString(id),
		TraceFlags: parent.TraceFlags,
	}
	tracing.OnStart(context)
	return span{context, parent.SpanId, clock.Now()}
}

func (one span) end(name string, attributes map[string]any) {
	var pairs []otel.KeyValue
	for key, value := range attributes {
		text, _ := json.Marshal(value)
		pairs = append(pairs, otel.KeyValue{Key: key, Value: string(text)})
	}
	tracing.OnEnd(tracing.SpanData{
		SpanContext:          one.context,
		ParentSpanId:         one.parent,
		SpanKind:             tracing.SpanKind_Internal,
		Name:                 name,
		StartTime:            one.begun,
		EndTime:              clock.Now(),
		Attributes:           pairs,
		Status:               tracing.MakeStatusOk(),
		InstrumentationScope: scope,
	})
}

func count(cakes int64) {
	now := clock.Now()
	sum := metrics.Sum{
		DataPoints:  []metrics.SumDataPoint{{Value: metrics.MakeMetricNumberS64(cakes)}},
		StartTime:   now,
		Time:        now,
		Temporality: metrics.Temporality_Delta,
		IsMonotonic: true,
	}
	metric := metrics.Metric{Name: "cakes", Unit: "{cake}", Data: metrics.MakeMetricDataS64Sum(sum)}
	metrics.Export(metrics.ResourceMetrics{
		ScopeMetrics: []metrics.ScopeMetrics{{Scope: scope, Metrics: []metrics.Metric{metric}}},
	})
}

func say(text string, at tracing.SpanContext) {
	body, _ := json.Marshal(text)
	logs.OnEmit(logs.LogRecord{
		Timestamp:      Some(clock.Now()),
		SeverityNumber: Some(uint8(9)),
		Body:           Some(string(body)),
		TraceId:        Some(at.TraceId),
		SpanId:         Some(at.SpanId),
	})
}

func answer(out *http.ResponseOutparam, text string) {
	response := http.MakeOutgoingResponse(http.MakeFields())
	body := response.Body().Ok()
	http.ResponseOutparamSet(out, Ok[*http.OutgoingResponse, http.ErrorCode](response))
	stream := body.Write().Ok()
	stream.BlockingWriteAndFlush([]byte(text))
	stream.Drop()
	http.OutgoingBodyFinish(body, None[*http.Fields]())
}
