// Bags of rows for one element type; embedding.c includes it once for float and once for double, with T and
// NAME(x) for the type's suffix.

static void NAME(bags)(void *context, int64_t begin, int64_t end, int32_t part) {
  (void)part;
  const bag_job *j = context;
  const T *w = j->w, *factor = j->factor;
  const int64_t width = j->width;
  for (int64_t bag = begin; bag < end; bag++) {
    T *restrict y = (T *)j->y + bag * width;
    int32_t *restrict at = j->mode == RAP_BAG_MAX ? j->at + bag * width : NULL;
    memset(y, 0, (size_t)width * sizeof *y);
    if (at) memset(at, -1, (size_t)width * sizeof *at);
    int64_t count = 0;
    for (int64_t i = j->starts[bag]; i < j->starts[bag + 1]; i++) {
      if (j->index[i] == j->padding) continue;
      const T *row = w + j->index[i] * width;
      if (at) {
        // The first of equals; a NaN only where it is the first of all, as in PyTorch.
        const int32_t r = (int32_t)j->index[i], first = count == 0;
        for (int64_t k = 0; k < width; k++) {
          const int take = first | (row[k] > y[k]);
          y[k] = take ? row[k] : y[k], at[k] = take ? r : at[k];
        }
      } else if (factor) {
        for (int64_t k = 0; k < width; k++) y[k] += factor[i] * row[k];
      } else {
        for (int64_t k = 0; k < width; k++) y[k] += row[k];
      }
      count++;
    }
    if (j->mode == RAP_BAG_MEAN && count > 1)
      for (int64_t k = 0; k < width; k++) y[k] /= (T)count;
  }
}

static void NAME(spread)(void *context, int64_t begin, int64_t end, int32_t part) {
  (void)part;
  const bag_job *j = context;
  const T *factor = j->factor;
  const int64_t width = j->width, first = begin * COLUMNS,
                last = end * COLUMNS < width ? end * COLUMNS : width;
  for (int64_t bag = 0; bag < j->bags; bag++) {
    const T *dy = (const T *)j->w + bag * width;
    const T share = j->mode == RAP_BAG_MEAN ? 1 / (T)counted(j, bag) : 1;
    for (int64_t i = j->starts[bag]; i < j->starts[bag + 1]; i++) {
      if (j->index[i] == j->padding) continue;
      const T scale = factor ? factor[i] * share : share;
      T *restrict dw = (T *)j->y + j->index[i] * width;
      for (int64_t k = first; k < last; k++) dw[k] += scale * dy[k];
    }
  }
}

static void NAME(dots)(void *context, int64_t begin, int64_t end, int32_t part) {
  (void)part;
  const bag_job *j = context;
  const int64_t width = j->width;
  for (int64_t bag = begin; bag < end; bag++) {
    const T *dy = (const T *)j->factor + bag * width;
    for (int64_t i = j->starts[bag]; i < j->starts[bag + 1]; i++) {
      double sum = 0;
      if (j->index[i] != j->padding) {
        const T *row = (const T *)j->w + j->index[i] * width;
        for (int64_t k = 0; k < width; k++) sum += (double)dy[k] * (double)row[k];
      }
      ((T *)j->y)[i] = (T)sum;
    }
  }
}
