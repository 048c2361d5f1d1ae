#include "walk.h"
#include "simd.h"
#include "threads.h"

typedef rap_walk_job job;

// Elements that a broadcast or strided operand is unrolled to at a time: four such pieces stay in the L1
// cache.
#define PIECE 512
// Outputs from this size on are stored past the caches, unless they are an input too: so many at a time,
// which keeps the memory reading while it writes.
#define STREAM_BYTES ((int64_t)10 << 20)
#define STREAM_PIECE 256
// A transposed operand is turned in tiles of TILE_ROWS (a cache line of float32) by TILE_COLUMNS.
#define TILE_ROWS    16
#define TILE_COLUMNS 128
// Innermost dimensions shorter than this are walked several rows at a time.
#define SHORT_ROW 24

typedef union {
  char bytes[PIECE * 8];
  f32v align;
} piece;
typedef union {
  char bytes[TILE_ROWS * TILE_COLUMNS * 8];
  f32v align;
} tile;

// count elements of `size` bytes from `x`, `stride` elements apart.
static void gather(void *y, const void *x, int64_t stride, int64_t count, int32_t size) {
#define GATHER(type)                                                                                         \
  for (int64_t i = 0; i < count; i++) ((type *)y)[i] = ((const type *)x)[i * stride]
  switch (size) {
  case 1: GATHER(uint8_t); break;
  case 2: GATHER(uint16_t); break;
  case 4: GATHER(uint32_t); break;
  default: GATHER(uint64_t);
  }
#undef GATHER
}
static void scatter(void *y, int64_t stride, const void *x, int64_t count, int32_t size) {
#define SCATTER(type)                                                                                        \
  for (int64_t i = 0; i < count; i++) ((type *)y)[i * stride] = ((const type *)x)[i]
  switch (size) {
  case 1: SCATTER(uint8_t); break;
  case 2: SCATTER(uint16_t); break;
  case 4: SCATTER(uint32_t); break;
  default: SCATTER(uint64_t);
  }
#undef SCATTER
}

// y [rows, TILE_COLUMNS] = x [columns, rows] transposed, x's rows `stride` elements apart.
static void turn(char *y, const char *x, int64_t stride, int64_t rows, int64_t columns, int32_t size) {
  if (size == 4 && rows == TILE_ROWS) {
    int64_t c = 0;
    for (; c + F32_LANES <= columns; c += F32_LANES)
      for (int64_t r = 0; r < TILE_ROWS; r += F32_LANES) {
        f32v a[F32_LANES], b[F32_LANES];
        for (int i = 0; i < F32_LANES; i++) a[i] = f32_load((const float *)x + (c + i) * stride + r);
        // Interleaving the first half of the rows with the second, again and again, is a transposition.
        for (int round = 1; round < F32_LANES; round *= 2) {
          for (int i = 0; i < F32_LANES / 2; i++) {
            b[2 * i] = f32_zip_low(a[i], a[i + F32_LANES / 2]);
            b[2 * i + 1] = f32_zip_high(a[i], a[i + F32_LANES / 2]);
          }
          for (int i = 0; i < F32_LANES; i++) a[i] = b[i];
        }
        for (int i = 0; i < F32_LANES; i++) f32_store((float *)y + (r + i) * TILE_COLUMNS + c, a[i]);
      }
    if (c == columns) return;
    y += c * 4, x += c * stride * 4, columns -= c;
  }
#define TURN(type)                                                                                           \
  for (int64_t c = 0; c < columns; c++)                                                                      \
    for (int64_t r = 0; r < rows; r++) ((type *)y)[r * TILE_COLUMNS + c] = ((const type *)x)[c * stride + r]
  switch (size) {
  case 1: TURN(uint8_t); break;
  case 2: TURN(uint16_t); break;
  case 4: TURN(uint32_t); break;
  default: TURN(uint64_t);
  }
#undef TURN
}

// Contiguous operands, the output too: through a piece in the L1 cache and past the others where it is large,
// while the next pieces of the inputs are on their way.
static void emit(const job *j, char *y, const void **in, int64_t count) {
  const int32_t size = j->size[0];
  if (!j->stream) {
    j->run(y, in, count, j->p, j->q);
    return;
  }
  piece out;
  while (count > 0) {
    int64_t off = -(intptr_t)y & 63, now = off ? off / size : STREAM_PIECE;
    if (now > count) now = count;
    if (!off) now -= now % (64 / size);
    if (!off && now) {
      j->run(out.bytes, in, now, j->p, j->q);
      for (int k = 1; k < j->operands; k++)
        for (int64_t i = now * j->size[k]; i < 2 * now * j->size[k]; i += 64)
          __builtin_prefetch((const char *)in[k - 1] + i);
      for (int64_t i = 0; i < now * size; i += RAP_VBYTES)
        f32_stream((float *)(void *)(y + i), f32_load((const float *)(const void *)(out.bytes + i)));
    } else {
      if (!now) now = count;
      j->run(y, in, now, j->p, j->q);
    }
    y += now * size, count -= now;
    for (int k = 1; k < j->operands; k++) in[k - 1] = (const char *)in[k - 1] + now * j->size[k];
  }
}

// All operands contiguous, or (stride 0) one number.
static void run_flat(void *context, int64_t begin, int64_t end, int32_t part) {
  const job *j = context;
  const void *in[RAP_OPERANDS - 1] = {0};
  piece pieces[RAP_OPERANDS];
  int64_t step = end - begin;
  (void)part;
  for (int k = 1; k < j->operands; k++)
    if (!j->strides[k][0] && step > PIECE) step = PIECE;
  for (int k = 1; k < j->operands; k++)
    if (!j->strides[k][0]) gather(pieces[k].bytes, j->at[k], 0, step, j->size[k]);
  for (int64_t i = begin; i < end; i += step) {
    const int64_t count = end - i < step ? end - i : step;
    for (int k = 1; k < j->operands; k++)
      in[k - 1] = j->strides[k][0] ? j->at[k] + i * j->size[k] : pieces[k].bytes;
    emit(j, j->at[0] + i * j->size[0], in, count);
  }
  if (j->stream) stream_end();
}

// Rows of at most half a piece, y and some inputs contiguous over all of them, the others the same in each
// row: those are laid out once, as often as they fit a piece.
static void run_repeated(void *context, int64_t begin, int64_t end, int32_t part) {
  const job *j = context;
  const int64_t row = j->sizes[1], period = PIECE / row * row;
  piece pieces[RAP_OPERANDS];
  const void *in[RAP_OPERANDS - 1] = {0};
  (void)part;
  for (int k = 1; k < j->operands; k++)
    for (int64_t i = 0; !j->strides[k][0] && i < period; i += row)
      gather(pieces[k].bytes + i * j->size[k], j->at[k], j->strides[k][1], row, j->size[k]);
  for (int64_t i = begin, count; i < end; i += count) {
    const int64_t phase = i % row;
    count = end - i < period - phase ? end - i : period - phase;
    for (int k = 1; k < j->operands; k++)
      in[k - 1] = j->strides[k][0] ? j->at[k] + i * j->size[k] : pieces[k].bytes + phase * j->size[k];
    emit(j, j->at[0] + i * j->size[0], in, count);
  }
  if (j->stream) stream_end();
}

// Where element `index` is, for each operand and dimension.
typedef struct {
  int64_t counter[RAP_MAX_DIMS];
  char *at[RAP_OPERANDS];
} place;

static place find(const job *j, int dims, int64_t index) {
  place at = {.counter = {0}};
  for (int k = 0; k < j->operands; k++) at.at[k] = j->at[k];
  for (int d = dims - 1; d >= 0; d--) {
    at.counter[d] = index % j->sizes[d];
    index /= j->sizes[d];
    for (int k = 0; k < j->operands; k++) at.at[k] += at.counter[d] * j->strides[k][d] * j->size[k];
  }
  return at;
}

// Carries from dimension d, whose counter has just been raised.
static void carry(const job *j, place *at, int d) {
  while (d > 0 && at->counter[d] == j->sizes[d]) {
    at->counter[d] = 0;
    at->counter[d - 1]++;
    for (int k = 0; k < j->operands; k++)
      at->at[k] += (j->strides[k][d - 1] - j->sizes[d] * j->strides[k][d]) * j->size[k];
    d--;
  }
}

// Row by row of the innermost dimension.
static void run_rows(void *context, int64_t begin, int64_t end, int32_t part) {
  const job *j = context;
  const int inner = j->dims - 1;
  piece pieces[RAP_OPERANDS];
  const char *splat[RAP_OPERANDS] = {0};
  place at = find(j, j->dims, begin);
  int64_t limit = end;
  (void)part;
  for (int k = 0; k < j->operands; k++)
    if (j->strides[k][inner] != 1) limit = PIECE;
  for (int64_t i = begin, count; i < end; i += count) {
    const void *in[RAP_OPERANDS - 1];
    count = j->sizes[inner] - at.counter[inner];
    if (count > limit) count = limit;
    if (count > end - i) count = end - i;
    for (int k = 1; k < j->operands; k++) {
      int64_t stride = j->strides[k][inner];
      in[k - 1] = at.at[k];
      if (stride == 1) continue;
      // A number that fills the piece already stays there for the rest of its row.
      if (stride || splat[k] != at.at[k] || count != PIECE)
        gather(pieces[k].bytes, at.at[k], stride, count, j->size[k]);
      splat[k] = !stride && count == PIECE ? at.at[k] : 0;
      in[k - 1] = pieces[k].bytes;
    }
    if (j->strides[0][inner] == 1)
      emit(j, at.at[0], in, count);
    else {
      j->run(pieces[0].bytes, in, count, j->p, j->q);
      scatter(at.at[0], j->strides[0][inner], pieces[0].bytes, count, j->size[0]);
    }
    for (int k = 0; k < j->operands; k++) at.at[k] += count * j->strides[k][inner] * j->size[k];
    at.counter[inner] += count;
    carry(j, &at, inner);
  }
  if (j->stream) stream_end();
}

// Whether operand k's elements lie one after the other in the order of the walk.
static int contiguous(const job *j, int k) {
  int64_t natural = 1;
  for (int d = j->dims - 1; d >= 0; natural *= j->sizes[d--])
    if (j->strides[k][d] != natural) return 0;
  return 1;
}

// Moves `count` elements of operand k, from place `at` on, into a piece or out of it.
static void collect(const job *j, int k, place at, char *into, const char *from, int64_t count) {
  const int inner = j->dims - 1;
  const int64_t stride = j->strides[k][inner];
  const int32_t size = j->size[k];
  for (int64_t run; count > 0; count -= run) {
    run = j->sizes[inner] - at.counter[inner];
    if (run > count) run = count;
    if (into)
      gather(into, at.at[k], stride, run, size), into += run * size;
    else
      scatter(at.at[k], stride, from, run, size), from += run * size;
    at.at[k] += run * stride * size;
    at.counter[inner] += run;
    for (int d = inner; d > 0 && at.counter[d] == j->sizes[d]; d--) {
      at.counter[d] = 0, at.counter[d - 1]++;
      at.at[k] += (j->strides[k][d - 1] - j->sizes[d] * j->strides[k][d]) * size;
    }
  }
}

// Short rows: pieces of the operands that are not contiguous are collected over several of them.
static void run_short(void *context, int64_t begin, int64_t end, int32_t part) {
  const job *j = context;
  piece pieces[RAP_OPERANDS];
  int direct[RAP_OPERANDS];
  (void)part;
  for (int k = 0; k < j->operands; k++) direct[k] = contiguous(j, k);
  for (int64_t i = begin, count; i < end; i += count) {
    const place at = find(j, j->dims, i);
    const void *in[RAP_OPERANDS - 1];
    count = end - i < PIECE ? end - i : PIECE;
    for (int k = 1; k < j->operands; k++) {
      in[k - 1] = direct[k] ? at.at[k] : pieces[k].bytes;
      if (!direct[k]) collect(j, k, at, pieces[k].bytes, 0, count);
    }
    j->run(direct[0] ? at.at[0] : pieces[0].bytes, in, count, j->p, j->q);
    if (!direct[0]) collect(j, 0, at, 0, pieces[0].bytes, count);
  }
}

// Tiles of the two innermost dimensions, whose item is a block of TILE_ROWS rows.
static void run_tiles(void *context, int64_t begin, int64_t end, int32_t part) {
  const job *j = context;
  const int inner = j->dims - 1, middle = j->dims - 2;
  const int64_t blocks = (j->sizes[middle] + TILE_ROWS - 1) / TILE_ROWS;
  tile tiles[RAP_OPERANDS];
  (void)part;
  for (int64_t item = begin; item < end; item++) {
    const place outer = find(j, middle, item / blocks);
    const int64_t row = item % blocks * TILE_ROWS;
    const int64_t rows = j->sizes[middle] - row < TILE_ROWS ? j->sizes[middle] - row : TILE_ROWS;
    for (int64_t c = 0; c < j->sizes[inner]; c += TILE_COLUMNS) {
      const int64_t columns = j->sizes[inner] - c < TILE_COLUMNS ? j->sizes[inner] - c : TILE_COLUMNS;
      char *corner[RAP_OPERANDS];
      for (int k = 0; k < j->operands; k++) {
        corner[k] = outer.at[k] + (row * j->strides[k][middle] + c * j->strides[k][inner]) * j->size[k];
        if (k && j->strides[k][inner] > 1 && j->strides[k][middle] == 1)
          turn(tiles[k].bytes, corner[k], j->strides[k][inner], rows, columns, j->size[k]);
      }
      for (int64_t r = 0; r < rows; r++) {
        const void *in[RAP_OPERANDS - 1];
        for (int k = 1; k < j->operands; k++) {
          char *at = corner[k] + r * j->strides[k][middle] * j->size[k],
               *copy = tiles[k].bytes + r * TILE_COLUMNS * j->size[k];
          in[k - 1] = copy;
          if (j->strides[k][inner] == 1)
            in[k - 1] = at;
          else if (j->strides[k][middle] != 1 || j->strides[k][inner] == 0)
            gather(copy, at, j->strides[k][inner], columns, j->size[k]);
        }
        emit(j, corner[0] + r * j->strides[0][middle] * j->size[0], in, columns);
      }
    }
  }
  if (j->stream) stream_end();
}

// Reads meta = [ndim, sizes, y strides, input strides …]: drops dimensions of size 1, puts y's largest stride
// first and merges neighbours that every operand walks alike.
static void read_meta(job *j, const int32_t *meta) {
  int dims = meta[0];
  const int32_t *sizes = meta + 1;
  j->dims = 0;
  for (int d = 0; d < dims; d++) {
    if (sizes[d] == 1) continue;
    int at = j->dims++;
    // Insertion by y's stride; equal strides keep their order.
    for (; at > 0 && j->strides[0][at - 1] < sizes[dims + d]; at--) {
      j->sizes[at] = j->sizes[at - 1];
      for (int k = 0; k < j->operands; k++) j->strides[k][at] = j->strides[k][at - 1];
    }
    j->sizes[at] = sizes[d];
    for (int k = 0; k < j->operands; k++) j->strides[k][at] = sizes[dims * (k + 1) + d];
  }
  if (!j->dims) {
    j->dims = 1, j->sizes[0] = 1;
    for (int k = 0; k < j->operands; k++) j->strides[k][0] = 1;
  }
  int last = 0;
  for (int d = 1; d < j->dims; d++) {
    int merge = 1;
    for (int k = 0; k < j->operands; k++) merge &= j->strides[k][last] == j->strides[k][d] * j->sizes[d];
    if (merge)
      j->sizes[last] *= j->sizes[d];
    else
      j->sizes[++last] = j->sizes[d];
    for (int k = 0; k < j->operands; k++) j->strides[k][last] = j->strides[k][d];
  }
  j->dims = last + 1;
}

static int repeats(const job *j) {
  int same = 0;
  if (j->dims != 2 || j->sizes[1] > PIECE / 2 || !contiguous(j, 0)) return 0;
  for (int k = 1; k < j->operands; k++) {
    if (!j->strides[k][0])
      same = 1;
    else if (!contiguous(j, k))
      return 0;
  }
  return same;
}

void rap_walk(rap_walk_job *j, int64_t grain, const int32_t *meta) {
  int flat = 1, turned = 0;
  j->dims = 1, j->sizes[0] = j->n;
  if (meta) read_meta(j, meta);
  const int inner = j->dims - 1;
  j->stream &= j->n * j->size[0] >= STREAM_BYTES;
  for (int k = 0; k < j->operands; k++) {
    flat &= j->dims == 1 && (j->strides[k][0] == 1 || (k && !j->strides[k][0]));
    j->stream &= !k || j->at[k] != j->at[0];
    turned |= k && j->dims > 1 && j->strides[k][inner] > 1 && j->strides[k][inner - 1] == 1;
  }
  if (flat)
    rap_parallel(j->n, grain, run_flat, j);
  else if (repeats(j))
    rap_parallel(j->n, grain, run_repeated, j);
  else if (turned && j->strides[0][inner] == 1 && j->sizes[inner] >= 8 && j->sizes[inner - 1] >= 8) {
    int64_t items = (j->sizes[inner - 1] + TILE_ROWS - 1) / TILE_ROWS;
    for (int d = 0; d < inner - 1; d++) items *= j->sizes[d];
    rap_parallel(items, 1 + grain / (TILE_ROWS * j->sizes[inner]), run_tiles, j);
  } else
    rap_parallel(j->n, grain, j->dims > 1 && j->sizes[inner] < SHORT_ROW ? run_short : run_rows, j);
}
