// The geometry of a convolution, the same for every element type.
//
// Forward, input gradient and weight gradient are written on one picture. The image that is read is cut into
// phases (positions with the same remainder modulo the stride), so that every tap of the kernel reads a
// contiguous run for contiguous outputs whatever the stride: source position = phase + stride * (j + e), with
// `e` fixed per tap. The input gradient has the stride on the other side: the image that is written is cut
// into phases, one pass each.
#ifndef RAP_CONV_PLAN_H
#define RAP_CONV_PLAN_H

#include <stdint.h>

// One axis (depth, height or width).
typedef struct {
  int32_t source, target; // sizes of the image read and of the image written
  int32_t kernel, dilation, padding;
  int32_t stride_in, stride_out; // phases of the image read and of the image written; one of them is 1
  int32_t slots;                 // phases of the image read that some tap needs
  int32_t low, reach;            // smallest e, and largest minus smallest
  int32_t count, block, blocks;  // target positions per phase, those of one block, number of blocks
} conv_axis;

typedef struct {
  int32_t batch, groups, sources, targets; // channels per group of the image read and written
  int32_t transposed;
  int32_t direct;                     // 3×3 or 5×5 by steps of so many (1 or 2), one target channel; or 0
  int32_t taps, slots, passes;        // products over the axes: kernel, slots, stride_out
  int32_t row, plane, slot_size;      // pitches of the gathered block, in elements
  int32_t channel;                    // the same from one channel to the next
  int64_t source_size, target_size;   // elements of one channel of the images
  int64_t source_plane, target_plane; // from one step of depth to the next
  conv_axis axis[3];
} conv_plan;

static inline int32_t conv_floordiv(int32_t a, int32_t b) { return a / b - (a % b < 0); }
static inline int32_t conv_mod(int32_t a, int32_t b) { return a - conv_floordiv(a, b) * b; }
static inline int32_t conv_min(int32_t a, int32_t b) { return a < b ? a : b; }
static inline int32_t conv_max(int32_t a, int32_t b) { return a > b ? a : b; }
static inline int32_t conv_ceil(int32_t a, int32_t b) { return (a + b - 1) / b; }

// Where tap k reads for target phase q: a slot and a shift e. Returns 0 where the tap does not touch this
// phase.
static inline int32_t conv_tap(const conv_axis *a, int32_t transposed, int32_t q, int32_t k, int32_t *slot,
                               int32_t *e) {
  if (transposed) {
    int32_t v = q + a->padding - k * a->dilation;
    *slot = 0, *e = conv_floordiv(v, a->stride_out);
    return conv_mod(v, a->stride_out) == 0;
  }
  int32_t v = k * a->dilation - a->padding;
  *slot = a->kernel < a->stride_in ? k : conv_mod(v, a->stride_in), *e = conv_floordiv(v, a->stride_in);
  return 1;
}

// The phase that a slot holds.
static inline int32_t conv_phase(const conv_axis *a, int32_t slot) {
  return a->kernel < a->stride_in ? conv_mod(slot * a->dilation - a->padding, a->stride_in) : slot;
}

static inline void conv_axis_init(conv_axis *a, int32_t transposed) {
  int32_t low = INT32_MAX, high = INT32_MIN, slot, e;
  for (int32_t q = 0; q < a->stride_out; q++)
    for (int32_t k = 0; k < a->kernel; k++)
      if (conv_tap(a, transposed, q, k, &slot, &e)) low = conv_min(low, e), high = conv_max(high, e);
  a->low = low, a->reach = high - low;
  a->slots = conv_min(a->stride_in, a->kernel);
  a->count = conv_ceil(a->target, a->stride_out);
  a->block = a->count;
}

// The pitches of a gathered block. A channel pitch near a multiple of 4 KB would put every channel on the
// same cache lines, so it is moved off.
static inline void conv_pitches(conv_plan *p, int32_t size) {
  const conv_axis *d = &p->axis[0], *h = &p->axis[1], *w = &p->axis[2];
  p->row = w->block + w->reach;
  p->plane = (h->block + h->reach) * p->row;
  p->slot_size = (d->block + d->reach) * p->plane;
  int32_t channel = p->slots * p->slot_size, line = 64 / size;
  if (p->sources > 1) {
    channel = conv_ceil(channel, line) * line;
    if (channel % (4096 / size) < line || channel % (4096 / size) > 4096 / size - line) channel += 2 * line;
  }
  p->channel = channel;
  for (int i = 0; i < 3; i++) p->axis[i].blocks = conv_ceil(p->axis[i].count, p->axis[i].block);
}

static inline int64_t conv_units(const conv_plan *p) {
  return (int64_t)p->batch * p->groups * p->axis[0].blocks * p->axis[1].blocks * p->axis[2].blocks;
}

// Cuts the target into blocks whose gathered source takes at most `budget` bytes, and into enough of them for
// `threads`.
static inline void conv_cut(conv_plan *p, int32_t size, int64_t budget, int32_t threads) {
  conv_pitches(p, size);
  for (;;) {
    int64_t bytes = (int64_t)p->sources * p->channel * size;
    int32_t few = conv_units(p) < threads;
    if (bytes <= budget && !few) return;
    // Outer axes first; rows are cut last and never below 64 elements, to keep runs long.
    int i = 0;
    while (i < 3 && p->axis[i].block <= (i < 2 ? (few && bytes <= budget ? 2 : 1) : 128)) i++;
    if (i == 3) return;
    conv_axis *a = &p->axis[i];
    // Equal blocks: one more than now.
    int32_t blocks = bytes > 2 * budget ? 2 * a->blocks : a->blocks + 1;
    int32_t block = conv_ceil(a->count, blocks);
    if (i == 2) block = conv_max(64, conv_ceil(block, 16) * 16);
    if (block == a->block) block--;
    a->block = block;
    conv_pitches(p, size);
  }
}

// meta as in raptorch.h; `transposed` plans the input gradient, which reads the output's image and writes the
// input's.
static inline void conv_plan_init(conv_plan *p, const int32_t *meta, int32_t transposed) {
  int32_t channels = meta[1] / meta[3], outputs = meta[2] / meta[3];
  const int32_t *m = meta + 4;
  *p = (conv_plan){.batch = meta[0], .groups = meta[3], .transposed = transposed};
  p->sources = transposed ? outputs : channels, p->targets = transposed ? channels : outputs;
  // A 1×1 kernel that moves by single steps does not see rows: the image is one long row.
  int32_t flat = 1;
  for (int i = 0; i < 3; i++) flat &= m[3 + i] == 1 && m[9 + i] == 1 && m[12 + i] == 0 && m[i] == m[6 + i];
  p->taps = p->slots = p->passes = 1, p->source_size = p->target_size = 1;
  for (int i = 0; i < 3; i++) {
    int32_t in = m[i], out = m[6 + i];
    if (flat) in = out = i < 2 ? 1 : m[0] * m[1] * m[2];
    conv_axis *a = &p->axis[i];
    *a = (conv_axis){.source = transposed ? out : in,
                     .target = transposed ? in : out,
                     .kernel = m[3 + i],
                     .stride_in = transposed ? 1 : m[9 + i],
                     .stride_out = transposed ? m[9 + i] : 1,
                     .padding = m[12 + i],
                     .dilation = m[15 + i]};
    conv_axis_init(a, transposed);
    p->taps *= a->kernel, p->slots *= a->slots, p->passes *= a->stride_out;
    p->source_size *= a->source, p->target_size *= a->target;
  }
  const conv_axis *d = &p->axis[0], *h = &p->axis[1], *w = &p->axis[2];
  const int32_t step = w->stride_in, alone = p->sources == 1;
  if (p->targets == 1 && p->passes == 1 && d->kernel == 1 && h->kernel == w->kernel &&
      (w->kernel == 3 || (w->kernel == 5 && alone)) && h->dilation == 1 && w->dilation == 1 &&
      d->stride_in == 1 && h->stride_in == step && step <= (alone ? 2 : 1))
    p->direct = step;
  p->source_plane = (int64_t)p->axis[1].source * p->axis[2].source;
  p->target_plane = (int64_t)p->axis[1].target * p->axis[2].target;
}

// Takes the batch for the depth of flat images, so that a block may hold several of them.
static inline void conv_fold_batch(conv_plan *p) {
  conv_axis *d = &p->axis[0];
  if (d->source != 1 || d->target != 1 || d->kernel != 1 || d->padding) return;
  d->source = d->target = d->count = d->block = p->batch, p->batch = 1;
  d->stride_in = d->stride_out = 1;
  p->source_plane = p->groups * p->sources * p->source_size;
  p->target_plane = p->groups * p->targets * p->target_size;
}

// Cuts the target into blocks of about `length` gathered pixels a channel.
static inline void conv_cut_length(conv_plan *p, int32_t size, int32_t length) {
  for (int i = 2; i >= 0; i--) {
    conv_axis *a = &p->axis[i];
    const int32_t inner = i == 2 ? 1 : i == 1 ? p->row : p->plane;
    const int32_t most = conv_max(1, length / inner);
    a->block = conv_ceil(a->count, conv_ceil(a->count, most));
    conv_pitches(p, size);
  }
}

// The taps of one pass: their index in the kernel and their offset in a gathered channel. Returns how many.
static inline int32_t conv_pass_taps(const conv_plan *p, int32_t pass, int32_t *tap, int32_t *offset) {
  const conv_axis *d = &p->axis[0], *h = &p->axis[1], *w = &p->axis[2];
  int32_t qw = pass % w->stride_out, qh = pass / w->stride_out % h->stride_out,
          qd = pass / w->stride_out / h->stride_out;
  int32_t n = 0, t = 0, sd, sh, sw, ed, eh, ew;
  for (int32_t kd = 0; kd < d->kernel; kd++)
    for (int32_t kh = 0; kh < h->kernel; kh++)
      for (int32_t kw = 0; kw < w->kernel; kw++, t++)
        if (conv_tap(d, p->transposed, qd, kd, &sd, &ed) && conv_tap(h, p->transposed, qh, kh, &sh, &eh) &&
            conv_tap(w, p->transposed, qw, kw, &sw, &ew)) {
          tap[n] = t;
          offset[n++] = ((sd * h->slots + sh) * w->slots + sw) * p->slot_size + (ed - d->low) * p->plane +
                        (eh - h->low) * p->row + (ew - w->low);
        }
  return n;
}

// One pass over the target: the taps of one target phase.
typedef struct {
  int32_t q[3], taps, first; // first: taps of the passes before
  int32_t depth;             // source channels * taps
  int32_t *tap, *offset;     // [taps] index in the kernel; [depth] offset in the gathered block
} conv_pass;

static inline int64_t conv_passes_bytes(const conv_plan *p) {
  return p->passes * (int64_t)sizeof(conv_pass) + (int64_t)p->taps * (p->sources + 3) * 4;
}

static inline conv_pass *conv_passes_init(const conv_plan *p, void *memory) {
  conv_pass *passes = memory;
  int32_t *ints = (int32_t *)(passes + p->passes), first = 0;
  const int32_t sh = p->axis[1].stride_out, sw = p->axis[2].stride_out;
  for (int32_t q = 0; q < p->passes; q++) {
    conv_pass *pass = &passes[q];
    *pass = (conv_pass){.q = {q / sw / sh, q / sw % sh, q % sw}, .first = first};
    pass->tap = ints;
    pass->offset = ints + p->taps; // room for the widest pass; moved down below
    pass->taps = conv_pass_taps(p, q, pass->tap, pass->offset);
    pass->depth = pass->taps * p->sources;
    int32_t *offset = ints + pass->taps;
    for (int32_t t = 0; t < pass->taps; t++) offset[t] = pass->offset[t];
    pass->offset = offset;
    for (int32_t s = 1; s < p->sources; s++)
      for (int32_t t = 0; t < pass->taps; t++) offset[s * pass->taps + t] = offset[t] + s * p->channel;
    ints = offset + pass->depth, first += pass->taps;
  }
  return passes;
}

// Target pixels of the first pass, which has the most.
static inline int64_t conv_pass_pixels(const conv_plan *p) {
  return (int64_t)p->axis[0].count * p->axis[1].count * p->axis[2].count;
}

// Pixels of a pass along one axis, and in all.
static inline int32_t conv_pass_count(const conv_plan *p, const conv_pass *pass, int axis) {
  const conv_axis *a = &p->axis[axis];
  return conv_max(0, conv_ceil(a->target - pass->q[axis], a->stride_out));
}
static inline int64_t conv_pass_size(const conv_plan *p, const conv_pass *pass) {
  return (int64_t)conv_pass_count(p, pass, 0) * conv_pass_count(p, pass, 1) * conv_pass_count(p, pass, 2);
}

// Where images are written pass by pass, the pixels of so many passes are held until they are stored: of one,
// or of those of the even and of the odd pixels of rows.
static inline int32_t conv_held(const conv_plan *p) {
  return p->passes == 1 ? 0 : p->axis[2].stride_out == 2 ? 2 : 1;
}

// Where one vector of target pixels reads (from the gathered block) and writes: its lanes [0, n) at `to`,
// and, when it runs over the end of a row, the lanes [skip, skip + n2) at `to2`.
typedef struct {
  int32_t from, to, n, skip, to2, n2;
  int32_t packed; // store the lanes below, all of them, at `to`: the gap between two rows is closed in the
                  // register
  uint8_t lane[16];
} conv_span;

// An upper bound of the number of spans of a block.
static inline int32_t conv_most_spans(const conv_plan *p, int32_t lanes) {
  return p->axis[0].block * p->axis[1].block * conv_ceil(p->axis[2].block, lanes) + 4;
}

// Fills in the spans of one block for one pass. Either each row is cut into vectors by itself, or, where that
// wastes fewer lanes, vectors run on over the gap between rows. A row's last vector is stored whole, and its
// surplus overwritten by the rows that follow, wherever the same block writes those; hence the order of spans
// matters.
static inline int32_t conv_spans(const conv_plan *p, const conv_pass *pass, const int32_t *j0,
                                 const int32_t *size, int32_t lanes, conv_span *out) {
  int32_t n[3], count = 0;
  for (int i = 0; i < 3; i++) {
    const conv_axis *a = &p->axis[i];
    n[i] = conv_min(size[i], conv_ceil(a->target - pass->q[i], a->stride_out) - j0[i]);
    if (n[i] <= 0) return 0;
  }
  const conv_axis *h = &p->axis[1], *w = &p->axis[2];
  const int32_t rows = h->stride_out * w->target, planes = p->axis[0].stride_out * h->target * w->target;
  const int32_t whole =
      n[2] == w->target && h->stride_out == 1 && w->stride_out == 1; // rows of this block are adjacent in y
  const int32_t length = (n[1] - 1) * p->row + n[2];
  const int32_t run_on =
      p->row >= lanes && conv_ceil(length, lanes) * 33 < n[1] * conv_ceil(n[2], lanes) * 32;
  for (int32_t d = 0; d < n[0]; d++) {
    const int32_t end = d * planes + (n[1] - 1) * rows + n[2];
    for (int32_t r = 0; !run_on && r < n[1]; r++)
      for (int32_t i = 0; i < n[2]; i += lanes) {
        const int32_t to = d * planes + r * rows + i * w->stride_out;
        int32_t valid = conv_min(lanes, n[2] - i);
        if (whole && to + lanes <= end) valid = lanes;
        out[count++] = (conv_span){.from = d * p->plane + r * p->row + i, .to = to, .n = valid};
      }
    for (int32_t f = 0; run_on && f < length; f += lanes) {
      const int32_t r = f / p->row, i = f % p->row, skip = p->row - i;
      conv_span s = {.from = d * p->plane + f, .to = d * planes + r * rows + i * w->stride_out};
      const int32_t valid = conv_max(0, conv_min(lanes, n[2] - i));
      s.n = valid && whole && s.to + lanes <= end ? lanes : valid;
      if (skip < lanes && r + 1 < n[1]) {
        s.skip = skip, s.n2 = conv_min(lanes - skip, n[2]), s.to2 = d * planes + (r + 1) * rows;
        const int32_t to = valid ? s.to : s.to2;
        if (whole && to + lanes <= end) {
          s.to = to, s.n = lanes, s.n2 = 0, s.packed = 1;
          for (int32_t l = 0; l < lanes; l++)
            s.lane[l] = (uint8_t)(l < valid ? l : conv_min(lanes - 1, l + skip - valid));
        }
      }
      out[count++] = s;
    }
  }
  return count;
}

// The part [begin, end) of `length` gathered positions, the first of them for target j0, that lies inside the
// image.
static inline void conv_inside(const conv_axis *a, int32_t j0, int32_t phase, int32_t length, int32_t *begin,
                               int32_t *end) {
  const int32_t first = j0 + a->low;
  *begin = conv_min(length, conv_max(0, -conv_floordiv(phase, a->stride_in) - first));
  *end = conv_max(*begin, conv_min(length, conv_floordiv(a->source - 1 - phase, a->stride_in) - first + 1));
}

// Parts of a reduction over `sources` channels of `taps` taps: about 288 products each, where a channel's
// taps share lines.
static inline int32_t conv_chunks(int32_t sources, int32_t taps) {
  const int32_t most = taps < 3 ? 128 : conv_max(1, 288 / taps);
  return sources <= most + most / 2 ? 1 : conv_ceil(sources, most);
}

// Where part i of n things in `parts` parts of `most`, and behind them of most - 1, begins: without a
// division.
static inline int32_t conv_even(int32_t n, int32_t parts, int32_t most, int32_t i) {
  const int32_t full = n - parts * (most - 1);
  return i <= full ? i * most : full * most + (i - full) * (most - 1);
}

// Tiles of `count` vectors: three each, and the last two of two where one would be left.
static inline int32_t conv_tiles(int32_t count) { return conv_ceil(count, 3); }
static inline int32_t conv_tile_begin(int32_t count, int32_t tile) {
  return 3 * tile >= count ? count : 3 * tile - (count % 3 == 1 && tile > 0 && 3 * tile + 1 == count);
}

// At least about 20 µs of work for a thread.
static inline int64_t conv_grain(int64_t units, int64_t multiplies) {
  int64_t grain = units * 400000 / (multiplies + 1);
  return grain < 1 ? 1 : grain;
}

static inline int64_t conv_round(int64_t bytes) { return (bytes + 63) & ~(int64_t)63; }

// Where part i of n things in equal parts begins.
static inline int32_t conv_part(int32_t n, int32_t parts, int64_t i) { return (int32_t)(n * i / parts); }

#endif
