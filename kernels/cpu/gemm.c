// Matrix multiplication of float32 and float64 matrices with any strides, in batches, on several threads.
#include "gemm.h"
#include "threads.h"
#include <stdatomic.h>

#define MR RAP_GEMM_MR

// The problem cut into `count` tasks, a grid of rows by columns for each batch, and each task into blocks.
typedef struct {
  const rap_gemm *g;
  int32_t threads, rows, columns;
  int tiny;               // no blocks
  int direct_a, direct_b; // not packed
  int64_t strip;          // columns of B that are packed at a time, just before use; 0 where all of a block
  int64_t kc, mc, nc;
  int64_t steps, terms;       // blocks of k, and terms of the sum
  int64_t packed_a, packed_b; // elements of scratch memory
  int64_t count;
  _Atomic int64_t next;
} tasks;

// The size of equal blocks of at most `most` (a multiple of `unit`) that cover n.
static int64_t block_size(int64_t n, int64_t most, int64_t unit) {
  if (n <= most) return n;
  int64_t blocks = (n + most - 1) / most, size = (n + blocks - 1) / blocks;
  return (size + unit - 1) / unit * unit;
}

// Where part i of n begins when n is cut into parts of whole units.
static int64_t split(int64_t n, int64_t unit, int64_t i, int64_t parts) {
  int64_t units = (n + unit - 1) / unit, at = units * i / parts * unit;
  return at < n ? at : n;
}

// A thread is worth waking for this many multiplications (about 8 µs of one core).
#define THREAD_WORK (400.0 * 1000)
// A task is long from so many on (about 1 ms).
#define LONG_TASK (50.0 * 1000 * 1000)
// Packing an element of B costs as much as this many multiplications, of A half of it, by a callback
// more.
#define PACK_COST 16

static void plan(tasks *s, int64_t mr, int64_t nr) {
  const rap_gemm *g = s->g;
  int64_t batches = g->outer * g->inner;
  double work = (double)g->m * (double)g->n * (double)g->k * (double)batches * (double)(g->sum ? g->sum : 1);
  if (work < 2 * THREAD_WORK) return;
  int32_t threads = rap_parts((int64_t)(work / THREAD_WORK), 1);
  if (threads == 1) return;
  s->threads = threads, s->count = batches;
  if (batches >= 4 * threads) return;
  // Long tasks are cut further: a thread that loses its processor for a while then holds the others up less.
  int64_t wanted = threads;
  for (double task = work / threads; task > LONG_TASK && wanted < 8 * threads; task /= 8) wanted *= 2;
  // Try every grid of that many tasks; the cost of the busiest thread decides.
  int64_t row_tiles = (g->m + mr - 1) / mr, column_tiles = (g->n + nr - 1) / nr;
  double best = 0;
  for (int64_t rows = 1; rows <= wanted && rows <= row_tiles; rows++) {
    int64_t columns = (wanted + rows * batches - 1) / (rows * batches);
    if (columns > column_tiles) columns = column_tiles;
    double m = (double)((row_tiles + rows - 1) / rows * mr);
    double n = (double)((column_tiles + columns - 1) / columns * nr);
    double pack = n * (g->pack_b ? 4 * PACK_COST : PACK_COST) + m * PACK_COST / 2;
    double rounds = (double)((batches * rows * columns + threads - 1) / threads);
    double cost = rounds * (m * n + pack);
    if (best == 0 || cost < best) best = cost, s->rows = (int32_t)rows, s->columns = (int32_t)columns;
  }
  s->count = batches * s->rows * s->columns;
  if (s->count < s->threads) s->threads = (int32_t)s->count;
}

// Up to so many rows of A it does not pay to pack a B of contiguous rows, or one of so many bytes that stays
// in L2; up to so many columns of B an A of contiguous rows or columns, or one of so many bytes that lies as
// it would be packed.
#define RAP_DIRECT_B         24
#define RAP_DIRECT_SMALL_B   96
#define RAP_SMALL_BYTES      (384 * 1024)
#define RAP_DIRECT_A         256
#define RAP_DIRECT_A_COLUMNS 32
#define RAP_SMALL_A_BYTES    (512 * 1024)
// Where all rows of a block of A take at most so many bytes, B is packed strip by strip, which stays in L2:
// some panels of B's rows (more of long rows, which come from far), one of its columns.
#define RAP_STRIP_BYTES (320 * 1024)
#define RAP_WIDE_ROW    1024
// From so many rows and multiplications on, threads work on one product together, each on about so many
// blocks of rows; B is packed in pieces of so many columns, and the last step's blocks are cut in so many.
#define RAP_SHARED_ROWS   192
#define RAP_SHARED_WORK   (64.0 * 1000 * 1000)
#define RAP_SHARED_BLOCKS 4
#define RAP_SHARED_PIECE  256
#define RAP_SHARED_LAST   2
// Up to so many multiplications, setting up the blocks costs more than they save.
#define RAP_TINY 1024
// Up to so many rows (of B transposed) or columns, dot products along k beat packing; each row asks for a k
// that much longer, since a dot product ends with a sum across lanes.
#define RAP_SKINNY_ROWS    48
#define RAP_SKINNY_COLUMNS 6
#define RAP_SKINNY_DEPTH   12
// Sums kept in the L1 cache: columns of a block.
#define RAP_SKINNY_WIDTH 2048

// Block sizes: a panel of B, KC by NR, takes three quarters of a 32 KB L1 cache (with AVX-512, whose
// processors mostly have 48 KB, two thirds), and a block of A, MC by KC, a quarter of 512 KB of L2.
#define T          float
#define V          f32v
#define LANES      F32_LANES
#define LOAD       f32_load
#define STORE      f32_store
#define LOAD_TAIL  f32_load_tail
#define STORE_TAIL f32_store_tail
#define SET        f32_set
#define RELU(x)    f32_select((x) < 0, f32_set(0), x)
#define SUM        f32_sum
#define SUM4       f32_sum4
#define TRANSPOSE  f32_transpose
#define KC         (RAP_VBYTES == 64 ? 256 : 400)
#define MC         ((RAP_VBYTES == 64 ? 144 : 96) / MR * MR)
#define NAME(x)    x##_f32
#include "gemm_loops.h"

#define T          double
#define V          f64v
#define LANES      F64_LANES
#define LOAD       f64_load
#define STORE      f64_store
#define LOAD_TAIL  f64_load_tail
#define STORE_TAIL f64_store_tail
#define SET        f64_set
#define RELU(x)    f64_select((x) < 0, f64_set(0), x)
#define SUM        f64_sum
#define SUM4(to, a, b, c, d)                                                                                 \
  (to)[0] = f64_sum(a), (to)[1] = f64_sum(b), (to)[2] = f64_sum(c), (to)[3] = f64_sum(d)
#define KC      256
#define MC      (72 / MR * MR)
#define NAME(x) x##_f64
#include "gemm_loops.h"
