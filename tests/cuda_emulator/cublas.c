/* Stands in for libcublas in the tests: the functions that kernels/cuda/cublas.cu calls, with cuBLAS's meaning (matrices are
 * columns, `ld` elements apart). Device memory is copied to the host and back by the emulator's own library. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdint.h>
#include <stdlib.h>

static int32_t (*device_copy)(void *to, const void *from, double bytes, int32_t kind, int32_t nonblocking);
static int handles, workspaces, calls, last_compute;

/* The emulator's library, and counts for the test. */
int stand_in_open(const char *path) {
  void *library = dlopen(path, RTLD_NOW | RTLD_NOLOAD);
  if (library) *(void **)&device_copy = dlsym(library, "rap_device_copy");
  return device_copy != NULL;
}
int stand_in_count(int what) {
  return what == 0 ? handles : what == 1 ? workspaces : what == 2 ? calls : last_compute;
}

int cublasCreate_v2(void **handle) {
  *handle = &handles;
  return handles++, 0;
}
int cublasSetStream_v2(void *handle, void *stream) {
  (void)stream;
  return handle != &handles;
}
int cublasSetWorkspace_v2(void *handle, void *workspace, size_t bytes) {
  if (handle != &handles || !workspace || (uintptr_t)workspace % 256 || bytes < (size_t)4 << 20) return 7;
  return workspaces++, 0;
}

/* The elements of `batch` matrices of `columns` columns, on the host. */
static void *fetch(const void *p, int size, int rows, int columns, int ld, long long stride, int batch, size_t *bytes) {
  *bytes = (size_t)size * ((size_t)(stride * (batch - 1)) + (size_t)ld * (columns - 1) + rows);
  void *host = malloc(*bytes);
  device_copy(host, p, (double)*bytes, 1, 0);
  return host;
}
static double at(const void *p, int size, size_t i) { return size == 4 ? ((const float *)p)[i] : ((const double *)p)[i]; }

int cublasGemmStridedBatchedEx(void *handle, int op_a, int op_b, int m, int n, int k, const void *alpha, const void *a, int a_type, int lda,
                               long long a_stride, const void *b, int b_type, int ldb, long long b_stride, const void *beta, void *c,
                               int c_type, int ldc, long long c_stride, int batch, int compute, int algorithm) {
  const int size = c_type ? 8 : 4, a_rows = op_a ? k : m, b_rows = op_b ? n : k;
  if (handle != &handles || a_type != c_type || b_type != c_type || (c_type == 1) != (compute == 70) || algorithm != -1) return 7;
  if (m < 1 || n < 1 || k < 1 || batch < 1 || lda < a_rows || ldb < b_rows || ldc < m) return 7;
  calls++, last_compute = compute;
  size_t a_bytes, b_bytes, c_bytes;
  void *ha = fetch(a, size, a_rows, op_a ? m : k, lda, a_stride, batch, &a_bytes);
  void *hb = fetch(b, size, b_rows, op_b ? k : n, ldb, b_stride, batch, &b_bytes);
  void *hc = fetch(c, size, m, n, ldc, c_stride, batch, &c_bytes);
  for (int z = 0; z < batch; z++)
    for (int j = 0; j < n; j++)
      for (int i = 0; i < m; i++) {
        double sum = 0;
        for (int l = 0; l < k; l++)
          sum += at(ha, size, (size_t)(z * a_stride) + (op_a ? (size_t)i * lda + l : (size_t)l * lda + i)) *
                 at(hb, size, (size_t)(z * b_stride) + (op_b ? (size_t)l * ldb + j : (size_t)j * ldb + l));
        const size_t to = (size_t)(z * c_stride) + (size_t)j * ldc + i;
        const double keep = at(beta, size, 0), v = at(alpha, size, 0) * sum + (keep == 0 ? 0 : keep * at(hc, size, to));
        if (size == 4) ((float *)hc)[to] = (float)v;
        else ((double *)hc)[to] = v;
      }
  device_copy(c, hc, (double)c_bytes, 0, 0);
  free(ha), free(hb), free(hc);
  return 0;
}
