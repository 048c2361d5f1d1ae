// The host as a device: its memory is malloc's, its only stream is the order of the calls.
#define _GNU_SOURCE
#include <stdlib.h>
#include <string.h>
#include <time.h>
#if !defined(_WIN32)
#include <unistd.h>
#endif
#include "../raptorch.h"

// Each block is preceded by a line that holds its size.
enum { HEADER = 256 };

static struct {
  double live, peak;
  int32_t blocks;
} memory;

int32_t rap_device_count(void) { return 1; }
int32_t rap_device_set(int32_t device) { return device == 0 ? RAP_OK : 101; }

static void copy_text(void *to, int32_t bytes, const char *text) {
  if (bytes <= 0) return;
  size_t n = strlen(text);
  if (n >= (size_t)bytes) n = (size_t)bytes - 1;
  memcpy(to, text, n);
  ((char *)to)[n] = 0;
}

void rap_device_name(void *text, int32_t bytes) { copy_text(text, bytes, "CPU"); }

double rap_device_info(int32_t what) {
#if defined(_SC_AVPHYS_PAGES)
  const double page = (double)sysconf(_SC_PAGESIZE);
  if (what == RAP_INFO_TOTAL) return page * (double)sysconf(_SC_PHYS_PAGES);
  if (what == RAP_INFO_FREE) return page * (double)sysconf(_SC_AVPHYS_PAGES);
#endif
  switch (what) {
  case RAP_INFO_LIVE:
  case RAP_INFO_RESERVED: return memory.live;
  case RAP_INFO_PEAK:
  case RAP_INFO_PEAK_RESERVED: return memory.peak;
  case RAP_INFO_BLOCKS: return memory.blocks;
  default: return 0;
  }
}

void *rap_device_alloc(double bytes) {
  const size_t size = ((size_t)bytes + HEADER - 1) / HEADER * HEADER + HEADER;
  char *p = aligned_alloc(HEADER, size);
  if (!p) return NULL;
  *(double *)p = bytes;
  memory.live += bytes;
  memory.blocks++;
  if (memory.live > memory.peak) memory.peak = memory.live;
  return p + HEADER;
}

void rap_device_free(void *p) {
  if (!p) return;
  char *block = (char *)p - HEADER;
  memory.live -= *(double *)block;
  memory.blocks--;
  free(block);
}

void rap_device_trim(void) {}

void rap_device_reset_peaks(void) { memory.peak = memory.live; }

int32_t rap_device_copy(void *to, const void *from, double bytes, int32_t kind, int32_t nonblocking) {
  (void)kind, (void)nonblocking;
  memmove(to, from, (size_t)bytes);
  return RAP_OK;
}

int32_t rap_device_synchronize(void) { return RAP_OK; }

int32_t rap_device_error(void *text, int32_t bytes) {
  copy_text(text, bytes, "");
  return RAP_OK;
}

void *rap_pinned_alloc(double bytes) { return rap_device_alloc(bytes); }
void rap_pinned_free(void *p) { rap_device_free(p); }

void *rap_stream_create(void) { return NULL; }
int32_t rap_stream(int32_t action, void *stream) {
  (void)action, (void)stream;
  return RAP_OK;
}

static double milliseconds(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec * 1e3 + (double)t.tv_nsec * 1e-6;
}

void *rap_event_create(void) { return calloc(1, sizeof(double)); }

int32_t rap_event(int32_t action, void *event) {
  if (action == RAP_EVENT_RECORD) *(double *)event = milliseconds();
  if (action == RAP_EVENT_DESTROY) free(event);
  return RAP_OK;
}

double rap_event_elapsed(const void *begin, const void *end) {
  const double from = *(const double *)begin, to = *(const double *)end;
  return from > 0 && to > 0 ? to - from : -1;
}
