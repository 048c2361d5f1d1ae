// A large product by all threads together: they pack each block of B once between them and share out the
// blocks of A, where tasks of their own would pack every operand several times. Included by gemm.c once per
// element type, with the macros of gemm_loops.h.
//
// The work is one sequence of items, and a thread takes the next: for each step through k, the panels of B in
// pieces, then the blocks of C's rows. An item waits only for earlier ones, which are done or being done, so
// any number of threads comes to the end. B has two buffers, so that nobody waits at the end of a step.

typedef struct {
  const tasks *s;
  NAME(operands) of;
  T *panels[2];
  int64_t steps;                // in all
  int64_t pieces, rows, cuts;   // items of a step, whose last cuts a block of rows in so many
  int64_t piece;                // columns of B
  _Atomic int64_t next, packed; // items taken, pieces packed
  _Atomic int64_t *done;        // steps done, of every block of rows
} NAME(shared);
#define SHARED NAME(shared)

typedef struct {
  int64_t jc, width, step; // the wide block of B, and the step through k
} NAME(place);

static NAME(place) NAME(place_of)(const SHARED *p, int64_t step) {
  int64_t each = p->s->terms * p->s->steps, jc = step / each * p->s->nc, left = p->s->g->n - jc;
  return (NAME(place)){jc, left < p->s->nc ? left : p->s->nc, step % each};
}

static void NAME(shared_pack)(SHARED *p, int64_t step, int64_t piece) {
  const rap_gemm *g = p->s->g;
  const NAME(place) at = NAME(place_of)(p, step);
  int64_t j = piece * p->piece, columns = at.width - j < p->piece ? at.width - j : p->piece;
  // Nobody packs a step before the last one is packed, nor over panels that are still in use.
  rap_wait(&p->packed, step * p->pieces);
  for (int64_t row = 0; row < p->rows; row++) rap_wait(&p->done[row], step - 1);
  if (columns > 0) {
    const NAME(step) k = NAME(step_of)(p->s, at.step);
    NAME(pack_panels)
    (p->panels[step % 2] + j * k.depth,
     p->of.b + k.term * g->b_sum + k.pc * g->b_row + (at.jc + j) * g->b_col, g->b_row, g->b_col, k.depth,
     columns);
  }
  atomic_fetch_add_explicit(&p->packed, 1, memory_order_release);
}

// Part `part` of `parts` of a block of rows.
static void NAME(shared_rows)(SHARED *p, int64_t step, int64_t row, int64_t part, int64_t parts) {
  const tasks *s = p->s;
  const rap_gemm *g = s->g;
  const NAME(place) at = NAME(place_of)(p, step);
  int64_t ic = row * s->mc, height = g->m - ic < s->mc ? g->m - ic : s->mc;
  int64_t begin = split(at.width, NR, part, parts), end = split(at.width, NR, part + 1, parts);
  ARGS t = NAME(tile_args_of)(g);
  const NAME(step) k = NAME(step_of)(s, at.step);
  NAME(begin_step)(s, &t, at.step);
  t.b_row = NR;
  const T *from_a = p->of.a + k.term * g->a_sum + ic * g->a_row + k.pc * g->a_col;
  T *packed_a = s->packed_a ? rap_scratch(1, s->packed_a * (int64_t)sizeof(T)) : 0;
  const T *block_a = NAME(take_a)(s, &t, packed_a, from_a, height, k.depth);
  rap_wait(&p->packed, (step + 1) * p->pieces);
  rap_wait(&p->done[row], step);
  for (int64_t j = begin; j < end; j += NR) {
    int columns = end - j < NR ? (int)(end - j) : NR;
    NAME(column_of_tiles)
    (&t, block_a, p->panels[step % 2] + j * k.depth, p->of.c + ic * g->c_row + at.jc + j,
     p->of.bias + ic * g->bias_row + (at.jc + j) * g->bias_col, columns, height);
  }
  if (parts == 1) atomic_store_explicit(&p->done[row], step + 1, memory_order_release);
}

static void NAME(run_shared)(void *context, int64_t begin, int64_t end, int32_t part) {
  (void)begin, (void)end, (void)part;
  SHARED *p = context;
  int64_t last = p->steps - 1, each = p->pieces + p->rows;
  for (;;) {
    int64_t item = atomic_fetch_add_explicit(&p->next, 1, memory_order_relaxed);
    int64_t step = item / each < last ? item / each : last, i = item - step * each - p->pieces;
    int64_t parts = step == last ? p->cuts : 1;
    if (i >= p->rows * parts) return;
    if (i < 0)
      NAME(shared_pack)(p, step, i + p->pieces);
    else
      NAME(shared_rows)(p, step, i / parts, i % parts, parts);
  }
}

// Does the problem this way if it suits; returns 0 if not.
static int NAME(try_shared)(const tasks *whole) {
  const rap_gemm *g = whole->g;
  int64_t terms = g->sum ? g->sum : 1, batches = g->outer * g->inner;
  if (whole->threads == 1 || g->pack_b || batches >= 4 * whole->threads || g->m < RAP_SHARED_ROWS ||
      (double)g->m * (double)g->n * (double)g->k * (double)terms < RAP_SHARED_WORK)
    return 0;
  tasks s = {.g = g, .threads = whole->threads, .rows = 1, .columns = 1};
  NAME(choose_blocks)(&s);
  if (s.direct_b || s.strip) return 0;
  // Enough blocks of rows that no thread waits long for the others' last ones.
  int64_t rows = g->m / (RAP_SHARED_BLOCKS * s.threads);
  s.mc = block_size(g->m, rows < 4 * MR ? 4 * MR : rows < MC ? rows / MR * MR : MC, MR);
  SHARED p = {.s = &s, .pieces = (s.nc + RAP_SHARED_PIECE - 1) / RAP_SHARED_PIECE, .cuts = RAP_SHARED_LAST};
  p.piece = block_size(s.nc, RAP_SHARED_PIECE, NR);
  p.rows = (g->m + s.mc - 1) / s.mc;
  p.steps = (g->n + s.nc - 1) / s.nc * s.terms * s.steps;
  int64_t buffer = (s.packed_b * (int64_t)sizeof(T) + 63) & ~(int64_t)63;
  char *memory = rap_scratch(0, 2 * buffer + p.rows * (int64_t)sizeof *p.done);
  p.panels[0] = (T *)memory, p.panels[1] = (T *)(memory + buffer);
  p.done = (_Atomic int64_t *)(memory + 2 * buffer);
  for (int64_t batch = 0; batch < batches; batch++) {
    p.of = NAME(operands_of)(g, batch / g->inner, batch % g->inner);
    for (int64_t row = 0; row < p.rows; row++) atomic_init(&p.done[row], 0);
    atomic_init(&p.next, 0), atomic_init(&p.packed, 0);
    rap_parallel(s.threads, 1, NAME(run_shared), &p);
  }
  return 1;
}
#undef SHARED
