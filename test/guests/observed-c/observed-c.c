// An HTTP guest in C that makes a span in a span, a metric and a log record through wasi:otel, by hand.
// Build: node manifests/build.ts observed-c
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "observed_c.h"

typedef observed_c_string_t text;
typedef wasi_otel_tracing_span_context_t span_context;

static text from(const char *chars) { return (text){(uint8_t *)chars, strlen(chars)}; }

static wasi_otel_types_instrumentation_scope_t scope(void) {
  return (wasi_otel_types_instrumentation_scope_t){.name = from("bakery-c")};
}

static wasi_clocks_0_2_0_wall_clock_datetime_t now(void) {
  wasi_clocks_0_2_0_wall_clock_datetime_t now;
  wasi_clocks_0_2_0_wall_clock_now(&now);
  return now;
}

/** Begins a span under `parent`; `id` is its 16 hex digits. */
static span_context start(const span_context *parent, const char *id) {
  span_context context = {
      .trace_id = parent->trace_id,
      .span_id = from(id),
      .trace_flags = parent->trace_flags,
      .is_remote = false,
  };
  wasi_otel_tracing_on_start(&context);
  return context;
}

static void end(const char *name, const span_context *context, const span_context *parent) {
  wasi_otel_types_key_value_t attributes[] = {
      // Values are JSON: this one is an integer.
      {from("cakes"), from("3")},
      {from("language"), from("\"C\"")},
  };
  wasi_otel_tracing_span_data_t span = {
      .span_context = *context,
      .parent_span_id = parent->span_id,
      .span_kind = WASI_OTEL_TRACING_SPAN_KIND_INTERNAL,
      .name = from(name),
      .start_time = now(),
      .end_time = now(),
      .attributes = {attributes, 2},
      .status = {.tag = WASI_OTEL_TRACING_STATUS_OK},
      .instrumentation_scope = scope(),
  };
  wasi_otel_tracing_on_end(&span);
}

static void count(int64_t cakes) {
  wasi_otel_metrics_sum_data_point_t point = {
      .value = {.tag = WASI_OTEL_METRICS_METRIC_NUMBER_S64, .val.s64 = cakes},
  };
  wasi_otel_metrics_metric_t metric = {
      .name = from("cakes"),
      .description = from("Cakes baked"),
      .unit = from("{cake}"),
      .data = {
          .tag = WASI_OTEL_METRICS_METRIC_DATA_S64_SUM,
          .val.s64_sum = {
              .data_points = {&point, 1},
              .start_time = now(),
              .time = now(),
              .temporality = WASI_OTEL_METRICS_TEMPORALITY_DELTA,
              .is_monotonic = true,
          },
      },
  };
  wasi_otel_metrics_scope_metrics_t scoped = {.scope = scope(), .metrics = {&metric, 1}};
  wasi_otel_metrics_resource_metrics_t all = {.scope_metrics = {&scoped, 1}};
  wasi_otel_metrics_error_t error;
  if (!wasi_otel_metrics_export(&all, &error)) abort();
}

static void say(const char *json, const span_context *at) {
  wasi_otel_logs_log_record_t record = {
      .timestamp = {true, now()},
      .severity_number = {true, 9},
      .body = {true, from(json)},
      .trace_id = {true, at->trace_id},
      .span_id = {true, at->span_id},
  };
  wasi_otel_logs_on_emit(&record);
}

/** Ids of this invocation: the host's span makes them differ from those of others. */
static void new_id(char id[17], const span_context *host, unsigned number) {
  unsigned long long mixed = 0xcbf29ce484222325;
  for (size_t at = 0; at < host->span_id.len; at++) mixed = (mixed ^ host->span_id.ptr[at]) * 0x100000001b3;
  snprintf(id, 17, "%016llx", (mixed + number) | 1ull << 63);
}

static void bake(char ids[34]) {
  span_context host;
  wasi_otel_tracing_outer_span_context(&host);
  new_id(ids, &host, 1);
  new_id(ids + 17, &host, 2);
  span_context outer = start(&host, ids);
  span_context inner = start(&outer, ids + 17);
  say("\"baking\"", &inner);
  end("inner", &inner, &outer);
  count(3);
  end("outer", &outer, &host);
  ids[16] = ' ';
}

static void answer(wasi_http_types_own_response_outparam_t out, const char *said) {
  auto response = wasi_http_types_constructor_outgoing_response(wasi_http_types_constructor_fields());
  wasi_http_types_own_outgoing_body_t body;
  wasi_http_types_method_outgoing_response_body(wasi_http_types_borrow_outgoing_response(response), &body);
  wasi_http_types_result_own_outgoing_response_error_code_t result = {.is_err = false, .val.ok = response};
  wasi_http_types_static_response_outparam_set(out, &result);
  wasi_io_streams_own_output_stream_t stream;
  wasi_http_types_method_outgoing_body_write(wasi_http_types_borrow_outgoing_body(body), &stream);
  observed_c_list_u8_t bytes = {(uint8_t *)said, strlen(said)};
  wasi_io_streams_stream_error_t failed;
  wasi_io_streams_method_output_stream_blocking_write_and_flush(wasi_io_streams_borrow_output_stream(stream),
                                                                &bytes, &failed);
  wasi_io_streams_output_stream_drop_own(stream);
  wasi_http_types_error_code_t error;
  wasi_http_types_static_outgoing_body_finish(body, NULL, &error);
}

static bool asks_for(exports_wasi_http_incoming_handler_own_incoming_request_t request, const char *path) {
  text asked;
  auto borrowed = wasi_http_types_borrow_incoming_request(request);
  if (!wasi_http_types_method_incoming_request_path_with_query(borrowed, &asked)) return false;
  bool same = asked.len == strlen(path) && memcmp(asked.ptr, path, asked.len) == 0;
  observed_c_string_free(&asked);
  return same;
}

__attribute__((noinline)) static void nothing_is_here(void) {
  fprintf(stderr, "nothing is here\n");
  __builtin_trap();
}

void exports_wasi_http_incoming_handler_handle(exports_wasi_http_incoming_handler_own_incoming_request_t request,
                                               exports_wasi_http_incoming_handler_own_response_outparam_t out) {
  static unsigned requests = 0;
  requests++;
  char said[34] = "hello from C\n";
  if (asks_for(request, "/nested")) bake(said);
  if (asks_for(request, "/count")) snprintf(said, sizeof said, "%u", requests);
  if (asks_for(request, "/trap")) nothing_is_here();
  answer(out, said);
}
