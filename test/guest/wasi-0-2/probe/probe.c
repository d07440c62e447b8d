// A guest that does, for each path, one thing that WASI 0.2 has to get right. Built by build.sh.
#include "probe.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef wasi_http_types_own_outgoing_body_t out_body;
typedef wasi_http_types_own_output_stream_t out_stream;
typedef wasi_http_types_own_incoming_body_t in_body;
typedef wasi_http_types_own_input_stream_t in_stream;
typedef wasi_http_types_own_response_outparam_t outparam;
typedef wasi_http_types_own_incoming_request_t request_t;

static wasi_io_streams_borrow_output_stream_t bo(out_stream s) { return wasi_io_streams_borrow_output_stream(s); }
static wasi_io_streams_borrow_input_stream_t bi(in_stream s) { return wasi_io_streams_borrow_input_stream(s); }

static bool add(wasi_http_types_own_fields_t f, const char *name, const char *value) {
  wasi_http_types_field_name_t n = {(uint8_t *)name, strlen(name)};
  wasi_http_types_field_value_t v = {(uint8_t *)value, strlen(value)};
  wasi_http_types_header_error_t err;
  bool ok = wasi_http_types_method_fields_append(wasi_http_types_borrow_fields(f), &n, &v, &err);
  if (!ok) printf("%s: header error %d\n", name, err.tag);
  return ok;
}

static void respond(outparam param, wasi_http_types_own_fields_t headers, uint16_t status, out_body *body) {
  wasi_http_types_own_outgoing_response_t r = wasi_http_types_constructor_outgoing_response(headers);
  wasi_http_types_borrow_outgoing_response_t b = wasi_http_types_borrow_outgoing_response(r);
  wasi_http_types_method_outgoing_response_set_status_code(b, status);
  wasi_http_types_method_outgoing_response_body(b, body);
  wasi_http_types_result_own_outgoing_response_error_code_t res = {false, {.ok = r}};
  wasi_http_types_static_response_outparam_set(param, &res);
}

static out_stream open_body(out_body body) {
  out_stream s;
  wasi_http_types_method_outgoing_body_write(wasi_http_types_borrow_outgoing_body(body), &s);
  return s;
}

static bool say(out_stream s, const char *text, size_t len) {
  wasi_io_streams_stream_error_t err;
  probe_list_u8_t list = {(uint8_t *)text, len};
  if (wasi_io_streams_method_output_stream_blocking_write_and_flush(bo(s), &list, &err)) return true;
  printf("write failed: %s\n", err.tag == WASI_IO_STREAMS_STREAM_ERROR_CLOSED ? "closed" : "last-operation-failed");
  wasi_io_streams_stream_error_free(&err);
  return false;
}

static bool finish(out_body body, wasi_http_types_own_trailers_t *trailers) {
  wasi_http_types_error_code_t err;
  if (wasi_http_types_static_outgoing_body_finish(body, trailers, &err)) return true;
  printf("finish failed: error-code %d\n", err.tag);
  wasi_http_types_error_code_free(&err);
  return false;
}

static in_stream open_request(request_t r, in_body *body) {
  in_stream s;
  wasi_http_types_method_incoming_request_consume(wasi_http_types_borrow_incoming_request(r), body);
  wasi_http_types_method_incoming_body_stream(wasi_http_types_borrow_incoming_body(*body), &s);
  return s;
}

static void nap(uint64_t ms) {
  wasi_io_poll_own_pollable_t p = wasi_clocks_monotonic_clock_subscribe_duration(ms * 1000000);
  wasi_io_poll_method_pollable_block(wasi_io_poll_borrow_pollable(p));
  wasi_io_poll_pollable_drop_own(p);
}

// Copies with blocking calls only.
static void copy_blocking(in_stream in, out_stream out) {
  for (;;) {
    probe_list_u8_t data;
    wasi_io_streams_stream_error_t err;
    if (!wasi_io_streams_method_input_stream_blocking_read(bi(in), 65536, &data, &err)) {
      if (err.tag != WASI_IO_STREAMS_STREAM_ERROR_CLOSED) printf("read failed\n");
      wasi_io_streams_stream_error_free(&err);
      return;
    }
    for (size_t at = 0; at < data.len;) {
      size_t n = data.len - at < 4096 ? data.len - at : 4096;
      if (!say(out, (char *)data.ptr + at, n)) { probe_list_u8_free(&data); return; }
      at += n;
    }
    probe_list_u8_free(&data);
  }
}

// Copies with poll, read, check-write and write; a timer that never fires is polled with it.
static void copy_polling(in_stream in, out_stream out) {
  wasi_io_poll_own_pollable_t never = wasi_clocks_monotonic_clock_subscribe_duration(3600ull * 1000000000);
  wasi_io_poll_own_pollable_t readable = wasi_io_streams_method_input_stream_subscribe(bi(in));
  wasi_io_poll_own_pollable_t writable = wasi_io_streams_method_output_stream_subscribe(bo(out));
  wasi_io_streams_stream_error_t err;
  for (;;) {
    wasi_io_poll_borrow_pollable_t w[2] = {wasi_io_poll_borrow_pollable(never), wasi_io_poll_borrow_pollable(writable)};
    wasi_io_poll_list_borrow_pollable_t wl = {w, 2};
    probe_list_u32_t ready;
    wasi_io_poll_poll(&wl, &ready);
    probe_list_u32_free(&ready);
    uint64_t room = 0;
    if (!wasi_io_streams_method_output_stream_check_write(bo(out), &room, &err)) break;
    if (room == 0) { printf("writable without room\n"); continue; }
    wasi_io_poll_borrow_pollable_t r[2] = {wasi_io_poll_borrow_pollable(readable), wasi_io_poll_borrow_pollable(never)};
    wasi_io_poll_list_borrow_pollable_t rl = {r, 2};
    wasi_io_poll_poll(&rl, &ready);
    probe_list_u32_free(&ready);
    probe_list_u8_t data;
    if (!wasi_io_streams_method_input_stream_read(bi(in), room, &data, &err)) break;
    if (!wasi_io_streams_method_output_stream_write(bo(out), &data, &err)) break;
    probe_list_u8_free(&data);
  }
  wasi_io_streams_stream_error_free(&err);
  wasi_io_poll_pollable_drop_own(readable);
  wasi_io_poll_pollable_drop_own(writable);
  wasi_io_poll_pollable_drop_own(never);
}

static void copy_splicing(in_stream in, out_stream out) {
  uint64_t moved;
  wasi_io_streams_stream_error_t err;
  while (wasi_io_streams_method_output_stream_blocking_splice(bo(out), bi(in), 1 << 20, &moved, &err)) {}
  wasi_io_streams_stream_error_free(&err);
}

static void echo(request_t r, outparam param, void (*copy)(in_stream, out_stream)) {
  out_body body;
  respond(param, wasi_http_types_constructor_fields(), 200, &body);
  out_stream out = open_body(body);
  in_body from;
  in_stream in = open_request(r, &from);
  copy(in, out);
  wasi_io_streams_input_stream_drop_own(in);
  wasi_http_types_incoming_body_drop_own(from);
  wasi_io_streams_output_stream_drop_own(out);
  finish(body, NULL);
}

static void trailers(request_t r, outparam param) {
  out_body body;
  respond(param, wasi_http_types_constructor_fields(), 200, &body);
  out_stream out = open_body(body);
  in_body from;
  in_stream in = open_request(r, &from);
  copy_blocking(in, out);
  wasi_io_streams_input_stream_drop_own(in);
  wasi_io_streams_output_stream_drop_own(out);
  wasi_http_types_own_future_trailers_t f = wasi_http_types_static_incoming_body_finish(from);
  wasi_http_types_borrow_future_trailers_t bf = wasi_http_types_borrow_future_trailers(f);
  wasi_io_poll_own_pollable_t p = wasi_http_types_method_future_trailers_subscribe(bf);
  wasi_io_poll_method_pollable_block(wasi_io_poll_borrow_pollable(p));
  wasi_io_poll_pollable_drop_own(p);
  wasi_http_types_result_result_option_own_trailers_error_code_void_t got;
  wasi_http_types_own_trailers_t copy;
  bool some = wasi_http_types_method_future_trailers_get(bf, &got) && !got.is_err && !got.val.ok.is_err &&
              got.val.ok.val.ok.is_some;
  if (some) copy = wasi_http_types_method_fields_clone(wasi_http_types_borrow_fields(got.val.ok.val.ok.val));
  else copy = wasi_http_types_constructor_fields();
  add(copy, "x-seen", some ? "some" : "none");
  wasi_http_types_future_trailers_drop_own(f);
  finish(body, &copy);
}

static void proxy(request_t r, outparam param) {
  wasi_http_types_own_outgoing_request_t req = wasi_http_types_constructor_outgoing_request(wasi_http_types_constructor_fields());
  wasi_http_types_borrow_outgoing_request_t breq = wasi_http_types_borrow_outgoing_request(req);
  wasi_http_types_method_t post = {WASI_HTTP_TYPES_METHOD_POST, {}};
  probe_string_t authority, path;
  probe_string_set(&authority, "upstream.test");
  probe_string_set(&path, "/up?x=1");
  wasi_http_types_method_outgoing_request_set_method(breq, &post);
  wasi_http_types_method_outgoing_request_set_authority(breq, &authority);
  wasi_http_types_method_outgoing_request_set_path_with_query(breq, &path);
  out_body obody;
  wasi_http_types_method_outgoing_request_body(breq, &obody);
  wasi_http_types_own_request_options_t options = wasi_http_types_constructor_request_options();
  uint64_t timeout = 5000000000;
  wasi_http_types_method_request_options_set_first_byte_timeout(wasi_http_types_borrow_request_options(options), &timeout);
  wasi_http_types_own_future_incoming_response_t f;
  wasi_http_types_error_code_t err;
  if (!wasi_http_outgoing_handler_handle(req, &options, &f, &err)) {
    wasi_http_types_result_own_outgoing_response_error_code_t res = {true, {.err = err}};
    wasi_http_types_static_response_outparam_set(param, &res);
    return;
  }
  out_stream up = open_body(obody);
  in_body from;
  in_stream in = open_request(r, &from);
  copy_blocking(in, up);
  wasi_io_streams_output_stream_drop_own(up);
  finish(obody, NULL);
  wasi_http_types_borrow_future_incoming_response_t bf = wasi_http_types_borrow_future_incoming_response(f);
  wasi_io_poll_own_pollable_t p = wasi_http_types_method_future_incoming_response_subscribe(bf);
  wasi_io_poll_method_pollable_block(wasi_io_poll_borrow_pollable(p));
  wasi_io_poll_pollable_drop_own(p);
  wasi_http_types_result_result_own_incoming_response_error_code_void_t got;
  if (!wasi_http_types_method_future_incoming_response_get(bf, &got)) abort();
  if (got.val.ok.is_err) {
    wasi_http_types_result_own_outgoing_response_error_code_t res = {true, {.err = got.val.ok.val.err}};
    wasi_http_types_static_response_outparam_set(param, &res);
    return;
  }
  wasi_http_types_borrow_incoming_response_t br = wasi_http_types_borrow_incoming_response(got.val.ok.val.ok);
  wasi_http_types_own_headers_t h = wasi_http_types_method_incoming_response_headers(br);
  wasi_http_types_own_fields_t copy = wasi_http_types_method_fields_clone(wasi_http_types_borrow_fields(h));
  out_body body;
  respond(param, copy, wasi_http_types_method_incoming_response_status(br), &body);
  out_stream out = open_body(body);
  wasi_http_types_method_incoming_response_consume(br, &from);
  wasi_http_types_method_incoming_body_stream(wasi_http_types_borrow_incoming_body(from), &in);
  copy_blocking(in, out);
  wasi_io_streams_output_stream_drop_own(out);
  finish(body, NULL);
}

static void drip(outparam param, int trap) {
  out_body body;
  respond(param, wasi_http_types_constructor_fields(), 200, &body);
  out_stream out = open_body(body);
  for (int i = 0; i < 3; i++) {
    char chunk[8];
    snprintf(chunk, sizeof chunk, "tick%d;", i);
    say(out, chunk, 6);
    nap(30);
    if (trap && i == 1) abort();
  }
  wasi_io_streams_output_stream_drop_own(out);
  finish(body, NULL);
}

static void flood(outparam param) {
  static char block[4096];
  out_body body;
  respond(param, wasi_http_types_constructor_fields(), 200, &body);
  out_stream out = open_body(body);
  for (int i = 0; i < 100000; i++)
    if (!say(out, block, sizeof block)) { printf("stopped after %s blocks\n", i < 1000 ? "few" : "many"); break; }
  wasi_io_streams_output_stream_drop_own(out);
  finish(body, NULL);
  fflush(stdout);
}

static void text(outparam param, const char *length, const char *content) {
  wasi_http_types_own_fields_t headers = wasi_http_types_constructor_fields();
  add(headers, "content-type", "text/plain");
  if (length) add(headers, "content-length", length);
  add(headers, "connection", "close");
  add(headers, "bad name", "x");
  add(headers, "x-bad", "a\nb");
  out_body body;
  respond(param, headers, 200, &body);
  out_stream out = open_body(body);
  say(out, content, strlen(content));
  wasi_io_streams_output_stream_drop_own(out);
  finish(body, NULL);
  fflush(stdout);
}

static void fail(outparam param) {
  wasi_http_types_result_own_outgoing_response_error_code_t res = {.is_err = true};
  res.val.err.tag = WASI_HTTP_TYPES_ERROR_CODE_INTERNAL_ERROR;
  res.val.err.val.internal_error.is_some = true;
  probe_string_set(&res.val.err.val.internal_error.val, "no tea");
  wasi_http_types_static_response_outparam_set(param, &res);
}

static void world(outparam param) {
  char out[256];
  const char *who = getenv("WHO");
  FILE *f = fopen("/etc/passwd", "r");
  wasi_clocks_wall_clock_datetime_t now;
  wasi_clocks_wall_clock_now(&now);
  probe_list_u8_t random;
  wasi_random_random_get_random_bytes(16, &random);
  snprintf(out, sizeof out, "who=%s file=%s year=%d random=%d", who ? who : "-", f ? "open" : "none",
           (int)(now.seconds / 31556952 + 1970), (int)random.len);
  probe_list_u8_free(&random);
  fprintf(stderr, "to stderr\n");
  text(param, NULL, out);
}

void exports_wasi_http_incoming_handler_handle(request_t r, outparam param) {
  setvbuf(stdout, NULL, _IOLBF, 1024);
  probe_string_t path;
  if (!wasi_http_types_method_incoming_request_path_with_query(wasi_http_types_borrow_incoming_request(r), &path)) abort();
#define AT(p) (path.len == strlen(p) && !memcmp(path.ptr, p, path.len))
  if (AT("/hello")) text(param, "5", "hello");
  else if (AT("/short")) text(param, "50", "hello");
  else if (AT("/long")) text(param, "2", "hello");
  else if (AT("/world")) world(param);
  else if (AT("/echo")) echo(r, param, copy_blocking);
  else if (AT("/echo-poll")) echo(r, param, copy_polling);
  else if (AT("/echo-splice")) echo(r, param, copy_splicing);
  else if (AT("/trailers")) trailers(r, param);
  else if (AT("/proxy")) proxy(r, param);
  else if (AT("/drip")) drip(param, 0);
  else if (AT("/trap-late")) drip(param, 1);
  else if (AT("/flood")) flood(param);
  else if (AT("/fail")) fail(param);
  else if (AT("/trap")) abort();
  else if (AT("/exit")) wasi_cli_exit_exit_with_code(3);
  else if (AT("/sleep")) nap(3600 * 1000);
}
