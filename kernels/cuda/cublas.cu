// Products by cuBLAS where libcublas can be opened: there is no dependency on it. RAPTORCH_CUBLAS=0 leaves it
// closed, RAPTORCH_CUBLAS=1 makes it an error that it cannot be opened. cuBLAS thinks in columns: a matrix of
// rows is its transpose to it, so c = a b is asked for as cᵀ = bᵀ aᵀ.
#include "cublas.cuh"
#include <dlfcn.h>
#include <initializer_list>
#include <stdlib.h>

namespace {

// From cublas_api.h and library_types.h.
enum {
  OP_N = 0,
  OP_T = 1,
  R_32F = 0,
  R_64F = 1,
  COMPUTE_32F = 68,
  COMPUTE_64F = 70,
  COMPUTE_32F_FAST_16BF = 75,
  COMPUTE_32F_FAST_TF32 = 77
};
enum { NEVER = 0, ALWAYS = 1, WHERE_POSSIBLE = 2, AS_ENVIRONMENT_SAYS = -1 };
constexpr int kDefaultAlgorithm = -1, kMaxDevices = 16, kMaxWorkspaces = 16;

using Create = int (*)(void **handle);
using SetStream = int (*)(void *handle, cudaStream_t stream);
using SetWorkspace = int (*)(void *handle, void *workspace, size_t bytes);
using Multiply = int (*)(void *handle, int op_a, int op_b, int m, int n, int k, const void *alpha,
                         const void *a, int a_type, int lda, long long a_stride, const void *b, int b_type,
                         int ldb, long long b_stride, const void *beta, void *c, int c_type, int ldc,
                         long long c_stride, int batch, int compute, int algorithm);

struct {
  int choice = AS_ENVIRONMENT_SAYS;
  bool tried, usable;
  Create create;
  SetStream set_stream;
  SetWorkspace set_workspace;
  Multiply multiply;
  void *handle[kMaxDevices];
  cudaStream_t stream[kMaxDevices]; // that the handle works on
} cublas;

// cuBLAS's scratch memory for one stream, so that two streams never share it.
struct {
  void *p;
  int device;
  cudaStream_t stream;
} workspaces[kMaxWorkspaces];
int workspace_count;

template <typename F> bool find(void *library, const char *name, F &f) {
  f = reinterpret_cast<F>(dlsym(library, name));
  return f != nullptr;
}

#ifdef RAP_EMULATED
constexpr int kOpen = RTLD_NOW | RTLD_LOCAL | RTLD_NOLOAD; // the tests' own cuBLAS, never one for cards
#else
constexpr int kOpen = RTLD_NOW | RTLD_LOCAL;
#endif

bool open_library() {
  void *library = nullptr;
  // Libraries of other major versions have the same functions of this form since 11.
  for (const char *name : {"libcublas.so.13", "libcublas.so.12", "libcublas.so.11", "libcublas.so"})
    if ((library = dlopen(name, kOpen))) break;
  return library && find(library, "cublasCreate_v2", cublas.create) &&
         find(library, "cublasSetStream_v2", cublas.set_stream) &&
         find(library, "cublasSetWorkspace_v2", cublas.set_workspace) &&
         find(library, "cublasGemmStridedBatchedEx", cublas.multiply);
}

int environment_choice() {
  const char *text = getenv("RAPTORCH_CUBLAS");
  if (!text || !*text || !strcmp(text, "auto")) return WHERE_POSSIBLE;
  return strcmp(text, "0") ? ALWAYS : NEVER;
}

bool in_use() {
  if (cublas.choice == AS_ENVIRONMENT_SAYS) cublas.choice = environment_choice();
  if (cublas.choice == NEVER) return false;
  if (!cublas.tried) {
    cublas.tried = true, cublas.usable = open_library();
    if (!cublas.usable && cublas.choice == ALWAYS)
      rap_note(cudaErrorSharedObjectInitFailed, "opening libcublas, as was asked for");
  }
  return cublas.usable;
}

void *workspace_for(int device, cudaStream_t stream, size_t bytes) {
  for (int i = 0; i < workspace_count; i++)
    if (workspaces[i].device == device && workspaces[i].stream == stream) return workspaces[i].p;
  void *p = nullptr;
  if (workspace_count == kMaxWorkspaces || cudaMalloc(&p, bytes) != cudaSuccess) {
    cudaGetLastError();
    return nullptr; // cuBLAS then takes memory of its own
  }
  workspaces[workspace_count++] = {p, device, stream};
  return p;
}

// The current device's handle, on the current stream; null when cuBLAS fails.
void *handle_here() {
  const cudaStream_t stream = rap_current_stream();
  int device = 0;
  if (cudaGetDevice(&device) != cudaSuccess || device >= kMaxDevices) return nullptr;
  void *&handle = cublas.handle[device];
  const bool fresh = !handle;
  if (fresh && cublas.create(&handle) != 0) return nullptr;
  if (!fresh && cublas.stream[device] == stream) return handle;
  // What NVIDIA recommends: 32 MiB from Hopper on, 4 MiB before.
  const size_t bytes = size_t{rap_device_info(RAP_INFO_MAJOR) >= 9 ? 32u : 4u} << 20;
  if (cublas.set_stream(handle, stream) != 0) return nullptr;
  cublas.stream[device] = stream;
  if (void *workspace = workspace_for(device, stream, bytes))
    if (cublas.set_workspace(handle, workspace, bytes) != 0) return nullptr;
  return handle;
}

// A matrix as cuBLAS can read it: lines `ld` apart, each a row, or (transposed) a column.
struct Lines {
  bool possible, transposed;
  int64_t ld;
  Lines(int rows, int columns, int64_t row, int64_t column) : possible(true), transposed(false), ld(0) {
    if ((column == 1 || columns == 1) && (row >= columns || rows == 1))
      ld = rows == 1 ? columns : row;
    else if ((row == 1 || rows == 1) && (column >= rows || columns == 1))
      transposed = true, ld = columns == 1 ? rows : column;
    else
      possible = false;
    if (ld > INT32_MAX) possible = false;
  }
  int op() const { return transposed ? OP_T : OP_N; }
};

// c += beta bias where there is one, then relu.
template <typename T>
__global__ void __launch_bounds__(kBlock)
    cublas_epilogue(T *c, const T *bias, T beta, int relu, int64_t c_row, int64_t bias_row,
                    int64_t bias_column, int64_t c_outer, int64_t c_inner, int64_t bias_outer,
                    int64_t bias_inner, Divider columns, Divider rows, Divider inner, unsigned n) {
  GRID_STRIDE(i, n) {
    const uint32_t line = columns.divide(i), column = i - line * columns.divisor, problem = rows.divide(line),
                   row = line - problem * rows.divisor;
    const uint32_t outer = inner.divide(problem), in = problem - outer * inner.divisor;
    T &to = c[outer * c_outer + in * c_inner + row * c_row + column];
    T v = to;
    if (bias) v += beta * bias[outer * bias_outer + in * bias_inner + row * bias_row + column * bias_column];
    to = relu && v < T(0) ? T(0) : v;
  }
}

// Numbers and sizes of one call, as in rap_matmul's meta.
struct Call {
  int m, n, k, relu, outer, inner;
  int64_t a[4], b[4], c[3], bias[4]; // row, column (not c), outer, inner strides
  explicit Call(const int32_t *meta)
      : m(meta[0]), n(meta[1]), k(meta[2]), relu(meta[3]), outer(meta[4]), inner(meta[5]) {
    for (int i = 0; i < 4; i++) a[i] = meta[6 + i], b[i] = meta[10 + i], bias[i] = meta[17 + i];
    for (int i = 0; i < 3; i++) c[i] = meta[14 + i];
  }
  // Two levels of batches whose strides follow from one another, as one.
  void merge() {
    if (inner > 1 && outer > 1) {
      const bool even = a[2] == a[3] * inner && b[2] == b[3] * inner && c[1] == c[2] * inner;
      if (even) inner *= outer, outer = 1;
    } else if (inner == 1) {
      inner = outer, outer = 1, a[3] = a[2], b[3] = b[2], c[2] = c[1];
    }
  }
};

template <typename T>
bool multiply(T *c, const T *a, const T *b, const T *bias, double alpha, double beta, const Call &given) {
  Call call = given;
  call.merge();
  const Lines la(call.m, call.k, call.a[0], call.a[1]), lb(call.k, call.n, call.b[0], call.b[1]),
      lc(call.m, call.n, call.c[0], 1);
  // A launch for each of many outer problems would take longer than our one kernel for all.
  if (!la.possible || !lb.possible || !lc.possible || lc.transposed || call.outer > 16) return false;
  const bool accumulates = bias == c && given.bias[0] == given.c[0] && given.bias[1] == 1 &&
                           given.bias[2] == given.c[1] && given.bias[3] == given.c[2];
  if (bias == c && !accumulates) return false; // its elements would be overwritten before they are read
  void *handle = handle_here();
  if (!handle) return cublas.usable = false;
  constexpr bool single = sizeof(T) == 4;
  const int precision = single ? rap_tensor_precision() : 0, type = single ? R_32F : R_64F;
  const int compute = !single                               ? COMPUTE_64F
                      : precision == RAP_PRECISION_BFLOAT16 ? COMPUTE_32F_FAST_16BF
                      : precision == RAP_PRECISION_TF32     ? COMPUTE_32F_FAST_TF32
                                                            : COMPUTE_32F;
  const T by = static_cast<T>(alpha), keep = accumulates ? static_cast<T>(beta) : T(0);
  for (int o = 0; o < call.outer; o++)
    if (cublas.multiply(handle, lb.op(), la.op(), call.n, call.m, call.k, &by, b + o * call.b[2], type,
                        static_cast<int>(lb.ld), call.b[3], a + o * call.a[2], type, static_cast<int>(la.ld),
                        call.a[3], &keep, c + o * call.c[1], type, static_cast<int>(lc.ld), call.c[2],
                        call.inner, compute, kDefaultAlgorithm) != 0) {
      if (o > 0) rap_note(cudaErrorLaunchFailure, "a product by cuBLAS"); // too late for another way
      cublas.usable = false;
      return o > 0;
    }
  const T *rest = accumulates ? nullptr : bias;
  const unsigned n = static_cast<unsigned>(given.m) * given.n * given.outer * given.inner;
  if (rest || given.relu)
    RUN((cublas_epilogue<T>), blocks_for(n), kBlock, c, rest, static_cast<T>(beta), given.relu, given.c[0],
        given.bias[0], given.bias[1], given.c[1], given.c[2], given.bias[2], given.bias[3],
        Divider(static_cast<uint32_t>(given.n)), Divider(static_cast<uint32_t>(given.m)),
        Divider(static_cast<uint32_t>(given.inner)), n);
  return true;
}

} // namespace

bool rap_cublas_matmul(int32_t dtype, void *c, const void *a, const void *b, const void *bias, double alpha,
                       double beta, const int32_t *meta) {
  if (dtype > RAP_FLOAT64 || !in_use()) return false;
  const Call call(meta);
  const double n = static_cast<double>(call.m) * call.n * call.outer * call.inner;
  if (n == 0 || call.k == 0 || n > INT32_MAX) return false;
  if (beta == 0) bias = nullptr;
  if (dtype == RAP_FLOAT32)
    return multiply(static_cast<float *>(c), static_cast<const float *>(a), static_cast<const float *>(b),
                    static_cast<const float *>(bias), alpha, beta, call);
  return multiply(static_cast<double *>(c), static_cast<const double *>(a), static_cast<const double *>(b),
                  static_cast<const double *>(bias), alpha, beta, call);
}

int32_t rap_use_cublas(int32_t choice) {
  cublas.choice = choice;
  if (choice != NEVER) cublas.tried = false;
  return in_use();
}
