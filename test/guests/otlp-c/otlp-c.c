// An HTTP guest that sends its span to a collector by itself, as OTLP/HTTP JSON over wasi:http. The config `collector` says
// where it is: `127.0.0.1:4318`. Answers with the ids of its span and its parent's, and the collector's status.
// Build: node manifests/build.ts otlp-c
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "otlp_c.h"

typedef otlp_c_string_t text;
typedef otlp_c_list_u8_t bytes;

static text from(const char *chars) { return (text){(uint8_t *)chars, strlen(chars)}; }

static unsigned long long now_nanoseconds(void) {
  wasi_clocks_wall_clock_datetime_t now;
  wasi_clocks_wall_clock_now(&now);
  return now.seconds * 1000000000ull + now.nanoseconds;
}

/** What `traceparent` says: 00-TRACE-SPAN-01. */
typedef struct {
  char trace_id[33], span_id[17];
} parent;

static bool read_parent(exports_wasi_http_incoming_handler_own_incoming_request_t request, parent *to) {
  auto headers =
      wasi_http_types_method_incoming_request_headers(wasi_http_types_borrow_incoming_request(request));
  text name = from("traceparent");
  wasi_http_types_list_field_value_t values;
  wasi_http_types_method_fields_get(wasi_http_types_borrow_fields(headers), &name, &values);
  bool found = values.len == 1 && values.ptr[0].len == 55;
  if (found) {
    snprintf(to->trace_id, 33, "%.32s", values.ptr[0].ptr + 3);
    snprintf(to->span_id, 17, "%.16s", values.ptr[0].ptr + 36);
  }
  wasi_http_types_list_field_value_free(&values);
  wasi_http_types_fields_drop_own(headers);
  return found;
}

static void write_out(wasi_http_types_own_outgoing_body_t body, const char *said) {
  wasi_io_streams_own_output_stream_t stream;
  wasi_http_types_method_outgoing_body_write(wasi_http_types_borrow_outgoing_body(body), &stream);
  bytes all = {(uint8_t *)said, strlen(said)};
  wasi_io_streams_stream_error_t failed;
  wasi_io_streams_method_output_stream_blocking_write_and_flush(wasi_io_streams_borrow_output_stream(stream), &all,
                                                                &failed);
  wasi_io_streams_output_stream_drop_own(stream);
  wasi_http_types_error_code_t error;
  wasi_http_types_static_outgoing_body_finish(body, NULL, &error);
}

/** Sends `json` to the collector; gives the status of its answer, 0 for none. */
static unsigned export_json(const char *json) {
  text key = from("collector");
  otlp_c_option_string_t collector;
  wasi_config_store_error_t missing;
  if (!wasi_config_store_get(&key, &collector, &missing) || !collector.is_some) return 0;
  wasi_http_types_tuple2_field_name_field_value_t type = {from("content-type"),
                                                          {(uint8_t *)"application/json", 16}};
  wasi_http_types_list_tuple2_field_name_field_value_t entries = {&type, 1};
  wasi_http_types_own_fields_t headers;
  wasi_http_types_header_error_t wrong;
  if (!wasi_http_types_static_fields_from_list(&entries, &headers, &wrong)) return 0;
  auto request = wasi_http_types_constructor_outgoing_request(headers);
  auto borrowed = wasi_http_types_borrow_outgoing_request(request);
  wasi_http_types_method_t post = {.tag = WASI_HTTP_TYPES_METHOD_POST};
  wasi_http_types_scheme_t http = {.tag = WASI_HTTP_TYPES_SCHEME_HTTP};
  text path = from("/v1/traces");
  wasi_http_types_method_outgoing_request_set_method(borrowed, &post);
  wasi_http_types_method_outgoing_request_set_scheme(borrowed, &http);
  wasi_http_types_method_outgoing_request_set_authority(borrowed, &collector.val);
  wasi_http_types_method_outgoing_request_set_path_with_query(borrowed, &path);
  wasi_http_types_own_outgoing_body_t body;
  wasi_http_types_method_outgoing_request_body(borrowed, &body);
  wasi_http_types_own_future_incoming_response_t future;
  wasi_http_types_error_code_t error;
  if (!wasi_http_outgoing_handler_handle(request, NULL, &future, &error)) return 0;
  write_out(body, json);
  auto waiting = wasi_http_types_borrow_future_incoming_response(future);
  auto pollable = wasi_http_types_method_future_incoming_response_subscribe(waiting);
  wasi_io_poll_method_pollable_block(wasi_io_poll_borrow_pollable(pollable));
  wasi_io_poll_pollable_drop_own(pollable);
  wasi_http_types_result_result_own_incoming_response_error_code_void_t got;
  unsigned status = 0;
  if (wasi_http_types_method_future_incoming_response_get(waiting, &got) && !got.is_err && !got.val.ok.is_err) {
    auto response = got.val.ok.val.ok;
    status = wasi_http_types_method_incoming_response_status(wasi_http_types_borrow_incoming_response(response));
    wasi_http_types_incoming_response_drop_own(response);
  }
  wasi_http_types_future_incoming_response_drop_own(future);
  return status;
}

void exports_wasi_http_incoming_handler_handle(exports_wasi_http_incoming_handler_own_incoming_request_t request,
                                               exports_wasi_http_incoming_handler_own_response_outparam_t out) {
  parent host = {"", ""};
  char said[80] = "no traceparent";
  if (read_parent(request, &host)) {
    char id[17], json[1024];
    snprintf(id, 17, "%016llx", wasi_random_random_get_random_u64() | 1);
    unsigned long long start = now_nanoseconds();
    snprintf(json, sizeof json,
             "{\"resourceSpans\":[{\"resource\":{\"attributes\":[{\"key\":\"service.name\",\"value\":{\"stringValue\":"
             "\"bakery\"}}]},\"scopeSpans\":[{\"scope\":{\"name\":\"otlp-c\"},\"spans\":[{\"traceId\":\"%s\",\"spanId\":"
             "\"%s\",\"parentSpanId\":\"%s\",\"name\":\"bake\",\"kind\":1,\"startTimeUnixNano\":\"%llu\","
             "\"endTimeUnixNano\":\"%llu\",\"attributes\":[{\"key\":\"cakes\",\"value\":{\"intValue\":\"3\"}}],"
             "\"status\":{}}]}]}]}",
             host.trace_id, id, host.span_id, start, now_nanoseconds());
    snprintf(said, sizeof said, "%s %s %u", id, host.span_id, export_json(json));
  }
  auto response = wasi_http_types_constructor_outgoing_response(wasi_http_types_constructor_fields());
  wasi_http_types_own_outgoing_body_t body;
  wasi_http_types_method_outgoing_response_body(wasi_http_types_borrow_outgoing_response(response), &body);
  wasi_http_types_result_own_outgoing_response_error_code_t result = {.is_err = false, .val.ok = response};
  wasi_http_types_static_response_outparam_set(out, &result);
  write_out(body, said);
}
