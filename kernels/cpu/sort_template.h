// Sorting and selecting by keys of type K; sort.c includes it once for each, with NAME(x) for K's suffix.

typedef struct {
  K key;
  int32_t index;
} NAME(pair);

INLINE int NAME(before)(const NAME(pair) * a, const NAME(pair) * b) { return a->key < b->key; }

INLINE void NAME(swap)(NAME(pair) * a, NAME(pair) * b) {
  const NAME(pair) x = *a;
  *a = *b, *b = x;
}

static NAME(pair) * NAME(pairs)(const K *keys, int32_t n, NAME(pair) * p) {
  for (int32_t i = 0; i < n; i++) p[i].key = keys[i], p[i].index = i;
  return p;
}

INLINE void NAME(insertion_sort)(NAME(pair) * p, int64_t n) {
  for (int64_t i = 1; i < n; i++) {
    const NAME(pair) x = p[i];
    int64_t j = i;
    // What comes before the first goes there, whatever is between: among floats that may be a NaN.
    if (i < SMALL && NAME(before)(&x, p))
      for (; j > 0; j--) p[j] = p[j - 1];
    else
      for (; j > 0 && NAME(before)(&x, &p[j - 1]); j--) p[j] = p[j - 1];
    p[j] = x;
  }
}

// ---- stable: merge sort, bottom up, after insertion-sorted runs

static void NAME(merge_sort)(NAME(pair) * p, NAME(pair) * spare, int64_t n) {
  for (int64_t begin = 0; begin < n; begin += SMALL)
    NAME(insertion_sort)(p + begin, begin + SMALL < n ? SMALL : n - begin);
  NAME(pair) *from = p, *to = spare;
  for (int64_t width = SMALL; width < n; width *= 2) {
    for (int64_t begin = 0; begin < n; begin += 2 * width) {
      const int64_t middle = begin + width < n ? begin + width : n,
                    end = middle + width < n ? middle + width : n;
      int64_t i = begin, j = middle, k = begin;
      while (i < middle && j < end) {
        const int later = NAME(before)(&from[j], &from[i]); // no branch: nobody could foretell it
        to[k++] = *(later ? &from[j] : &from[i]);
        j += later, i += !later;
      }
      while (i < middle) to[k++] = from[i++];
      while (j < end) to[k++] = from[j++];
    }
    NAME(pair) *swap = from;
    from = to, to = swap;
  }
  if (from != p) memcpy(p, from, (size_t)n * sizeof *p);
}

// ---- heaps: p[0] is the last of p[0 … n)

// Fills the hole at `hole`: lets it sink to a leaf along the later children, and x rise from there.
static void NAME(sink)(NAME(pair) * p, int64_t hole, int64_t n, NAME(pair) x) {
  const int64_t top = hole;
  int64_t child = hole;
  while (child < (n - 1) / 2) {
    child = 2 * (child + 1);
    if (NAME(before)(&p[child], &p[child - 1])) child--;
    p[hole] = p[child], hole = child;
  }
  if (n % 2 == 0 && child == (n - 2) / 2) {
    child = 2 * child + 1;
    p[hole] = p[child], hole = child;
  }
  for (int64_t parent; hole > top; hole = parent) {
    parent = (hole - 1) / 2;
    if (!NAME(before)(&p[parent], &x)) break;
    p[hole] = p[parent];
  }
  p[hole] = x;
}

static void NAME(make_heap)(NAME(pair) * p, int64_t n) {
  for (int64_t parent = n / 2 - 1; parent >= 0; parent--) NAME(sink)(p, parent, n, p[parent]);
}

static void NAME(sort_heap)(NAME(pair) * p, int64_t n) {
  while (n > 1) {
    const NAME(pair) x = p[--n];
    p[n] = p[0];
    NAME(sink)(p, 0, n, x);
  }
}

// ---- introsort and introselect

// The middle one of three.
INLINE NAME(pair) * NAME(middle)(NAME(pair) * a, NAME(pair) * b, NAME(pair) * c) {
  if (NAME(before)(a, b)) {
    if (NAME(before)(b, c)) return b;
    return NAME(before)(a, c) ? c : a;
  }
  if (NAME(before)(a, c)) return a;
  return NAME(before)(b, c) ? c : b;
}

// Divides p around the median of three, which goes to p[0]; returns where the second part begins.
INLINE int64_t NAME(partition)(NAME(pair) * p, int64_t n) {
  NAME(swap)(p, NAME(middle)(p + 1, p + n / 2, p + n - 1));
  const K pivot = p->key;
  for (int64_t i = 1, j = n;; i++) {
    while (p[i].key < pivot) i++;
    do j--;
    while (pivot < p[j].key);
    if (i >= j) return i;
    NAME(swap)(p + i, p + j);
  }
}

static void NAME(introsort)(NAME(pair) * p, int64_t n) {
  struct {
    int64_t begin, end, depth;
  } waiting[64]; // one for each level, of which there are twice the bits of n at the most
  int64_t begin = 0, end = n, depth = 2 * floor_log2(n);
  for (int top = 0;;) {
    if (end - begin > SMALL && depth > 0) {
      const int64_t cut = begin + NAME(partition)(p + begin, end - begin);
      depth--;
      waiting[top].begin = cut, waiting[top].end = end, waiting[top++].depth = depth;
      end = cut;
      continue;
    }
    if (end - begin > SMALL) {
      NAME(make_heap)(p + begin, end - begin);
      NAME(sort_heap)(p + begin, end - begin);
    }
    if (top-- == 0) break;
    begin = waiting[top].begin, end = waiting[top].end, depth = waiting[top].depth;
  }
  NAME(insertion_sort)(p, n); // No element is further than SMALL from its place.
}

// Sorts the first k into p[0 … k): a heap of the best so far, while the keys go by.
static void NAME(partial_sort)(NAME(pair) * p, const K *keys, int32_t n, int32_t k) {
  NAME(make_heap)(NAME(pairs)(keys, k, p), k);
  for (int32_t i = k; i < n;) {
    const int32_t end = i + 32 < n ? i + 32 : n;
    const K last = p[0].key;
    int any = 0;
    for (int32_t j = i; j < end; j++) any |= keys[j] < last;
    if (any)
      for (int32_t j = i; j < end; j++)
        if (keys[j] < p[0].key) NAME(sink)(p, 0, k, (NAME(pair)){keys[j], j});
    i = end;
  }
  NAME(sort_heap)(p, k);
}

// Puts the k-th (from 0) of p[0 … n) in its place, what comes before it before, and the others behind.
static void NAME(introselect)(NAME(pair) * p, int64_t n, int64_t k) {
  int64_t begin = 0, end = n;
  for (int64_t depth = 2 * floor_log2(n); end - begin > 3; depth--) {
    if (depth == 0) {
      NAME(pair) *const q = p + begin;
      const int64_t m = k + 1 - begin;
      NAME(make_heap)(q, m);
      for (int64_t i = m; i < end - begin; i++)
        if (NAME(before)(&q[i], q)) {
          const NAME(pair) x = q[i];
          q[i] = q[0];
          NAME(sink)(q, 0, m, x);
        }
      NAME(swap)(q, p + k);
      return;
    }
    const int64_t cut = begin + NAME(partition)(p + begin, end - begin);
    if (cut <= k)
      begin = cut;
    else
      end = cut;
  }
  NAME(insertion_sort)(p + begin, end - begin);
}

// The same by Hoare's quickselect as PyTorch's kthvalue has it.
static void NAME(quickselect)(NAME(pair) * p, int64_t n, int64_t k) {
  for (int64_t left = 0, right = n - 1; left < right;) {
    if (right == left + 1) {
      if (NAME(before)(p + right, p + left)) NAME(swap)(p + left, p + right);
      return;
    }
    NAME(swap)(p + left + (right - left) / 2, p + left + 1);
    if (NAME(before)(p + right, p + left + 1)) NAME(swap)(p + left + 1, p + right);
    if (NAME(before)(p + right, p + left)) NAME(swap)(p + left, p + right);
    if (NAME(before)(p + left, p + left + 1)) NAME(swap)(p + left + 1, p + left);
    int64_t i = left + 1, j = right;
    const K pivot = p[left].key;
    for (;;) {
      do i++;
      while (p[i].key < pivot);
      do j--;
      while (pivot < p[j].key);
      if (j < i) break;
      NAME(swap)(p + i, p + j);
    }
    NAME(swap)(p + left, p + j);
    if (j <= k) left = i;
    if (j >= k) right = j - 1;
  }
}

// Where the median is: the first NaN, unless NaNs do not count, else by value and then by position.
static int32_t NAME(median)(NAME(pair) * p, const K *keys, const selection *s) {
  int32_t numbers = 0, nan = -1, rank = 0, i = 0;
  for (int32_t j = 0; j < s->n; j++) numbers += !(s->floating && keys[j] == LAST);
  while (numbers < s->n && nan < 0) nan = keys[i++] == LAST ? i - 1 : -1;
  if (nan >= 0 && !s->ignore_nan) return nan;
  const int32_t k = numbers == 0 ? 0 : (numbers - 1) / 2;
  NAME(introselect)(NAME(pairs)(keys, s->n, p), s->n, k);
  const K key = p[k].key;
  if (numbers == 0) return p[k].index;
  for (i = 0; i < s->n; i++) rank += keys[i] < key;
  for (i = 0; keys[i] != key || rank++ < k;) i++;
  return i;
}

// The place of the last of the longest run of equals, the first such run, in sorted p.
static int32_t NAME(mode)(const NAME(pair) * p, int32_t n) {
  int32_t best = 0, longest = 0, run = 0;
  for (int32_t i = 0; i < n; i++) {
    run++;
    if (i < n - 1 && p[i].key == p[i + 1].key) continue;
    if (run > longest) longest = run, best = i;
    run = 0;
  }
  return best;
}

static void NAME(rows)(void *context, int64_t begin, int64_t end, int32_t part) {
  (void)part;
  const selection *s = context;
  const int64_t room = s->what == SORT ? 2 * (int64_t)s->n : s->what == TOPK && few(s) ? s->k : s->n;
  NAME(pair) *p = rap_scratch(3, room * (int64_t)sizeof *p + s->n * (int64_t)sizeof(K));
  K *keys = (K *)(p + room);
  for (int64_t r = begin; r < end; r++) {
    NAME(load)(keys, s, r * s->n);
    const NAME(pair) *first = p;
    if (s->what == SORT) {
      NAME(pairs)(keys, s->n, p);
      if (s->stable)
        NAME(merge_sort)(p, p + s->n, s->n);
      else
        NAME(introsort)(p, s->n);
    } else if (s->what == TOPK && few(s)) {
      NAME(partial_sort)(p, keys, s->n, s->k);
    } else if (s->what == TOPK) {
      NAME(introselect)(NAME(pairs)(keys, s->n, p), s->n, s->k - 1);
      if (s->sorted) NAME(introsort)(p, s->k - 1);
    } else if (s->what == KTH) {
      NAME(quickselect)(NAME(pairs)(keys, s->n, p), s->n, s->kth);
      first += s->kth;
    } else if (s->what == MODE) {
      NAME(introsort)(NAME(pairs)(keys, s->n, p), s->n);
      first += NAME(mode)(p, s->n);
    } else {
      p[0].index = NAME(median)(p, keys, s);
    }
    int64_t *indices = s->indices + r * s->k;
    for (int32_t i = 0; i < s->k; i++) indices[i] = first[i].index;
    store(s, r * s->k, indices, r * s->n);
  }
}
