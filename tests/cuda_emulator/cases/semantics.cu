// What correct kernels may rely on: prints one line a failed expectation, and the time of some typical launches.
#include "../../../kernels/cuda/common.cuh"
#include <mma.h>
#include <cstdio>
#include <ctime>
#include <vector>

static int failures;
#define EXPECT(condition)                                                                                       \
  do {                                                                                                          \
    if (!(condition)) failures++, printf("line %d: %s\n", __LINE__, #condition);                                \
  } while (0)

template <typename T> struct Device {
  T *p;
  size_t n;
  explicit Device(size_t n) : n(n) { cudaMalloc(reinterpret_cast<void **>(&p), n * sizeof(T)); }
  explicit Device(const std::vector<T> &v) : Device(v.size()) { cudaMemcpy(p, v.data(), n * sizeof(T), cudaMemcpyHostToDevice); }
  ~Device() { cudaFree(p); }
  std::vector<T> host() const {
    std::vector<T> v(n);
    cudaMemcpy(v.data(), p, n * sizeof(T), cudaMemcpyDeviceToHost);
    return v;
  }
};

__global__ void indices(int *out) {
  int block = static_cast<int>((blockIdx.z * gridDim.y + blockIdx.y) * gridDim.x + blockIdx.x);
  int thread = static_cast<int>((threadIdx.z * blockDim.y + threadIdx.y) * blockDim.x + threadIdx.x);
  out[block * static_cast<int>(blockDim.x * blockDim.y * blockDim.z) + thread] = block * 1000 + thread;
}

__global__ void block_sums(float *out, const float *in) {
  RAP_SHARED(float, partial, 8);
  float v = in[blockIdx.x * blockDim.x + threadIdx.x];
  for (int s = 16; s > 0; s >>= 1) v += __shfl_down_sync(0xffffffffu, v, s);
  if (threadIdx.x % 32 == 0) partial[threadIdx.x / 32] = v;
  __syncthreads();
  if (threadIdx.x == 0) {
    float sum = 0;
    for (int i = 0; i < 8; i++) sum += partial[i];
    out[blockIdx.x] = sum;
  }
}

__global__ void votes(int *out) {
  int t = static_cast<int>(threadIdx.x);
  int odd = __syncthreads_count(t & 1), some = __syncthreads_or(t == 77), every = __syncthreads_and(t < 77);
  unsigned ballot = __ballot_sync(0xffffffffu, t % 4 == 0);
  int low = 0;
  if (t % 32 < 8) low = __shfl_xor_sync(0xffu, t, 7) + 100 * __any_sync(0xffu, t % 32 == 3) + 1000 * __all_sync(0xffu, t % 32 == 3);
  out[t * 5] = odd, out[t * 5 + 1] = some, out[t * 5 + 2] = every;
  out[t * 5 + 3] = static_cast<int>(ballot), out[t * 5 + 4] = low;
}

__global__ void shuffles(double *out) {
  int t = static_cast<int>(threadIdx.x);
  double v = t;
  out[t * 4] = __shfl_sync(0xffffffffu, v, 5, 8);
  out[t * 4 + 1] = __shfl_up_sync(0xffffffffu, v, 3);
  out[t * 4 + 2] = __shfl_down_sync(0xffffffffu, v, 3, 16);
  out[t * 4 + 3] = __shfl_xor_sync(0xffffffffu, v, 16);
}

__global__ void histogram(int *out, int n) {
  RAP_DYNAMIC_SHARED(int, bins);
  if (threadIdx.x < 16) bins[threadIdx.x] = 0;
  __syncthreads();
  for (int i = static_cast<int>(threadIdx.x); i < n; i += static_cast<int>(blockDim.x)) atomicAdd(&bins[i % 16], 1);
  __syncthreads();
  if (threadIdx.x < 16) atomicAdd(&out[threadIdx.x], bins[threadIdx.x]);
}

// Warp-synchronous: __syncwarp alone orders the lanes of one warp.
__global__ void reverse_in_warp(int *out) {
  RAP_SHARED(int, tile, 64);
  tile[threadIdx.x] = static_cast<int>(threadIdx.x);
  __syncwarp();
  int v = tile[threadIdx.x ^ 31];
  __syncwarp();
  tile[threadIdx.x] = v;
  __syncwarp();
  out[threadIdx.x] = tile[threadIdx.x];
}

template <typename T, int K> __global__ void axpy(T *y, const T *x, T a, int n) {
  for (int i = static_cast<int>(blockIdx.x * blockDim.x + threadIdx.x); i < n; i += static_cast<int>(gridDim.x * blockDim.x)) y[i] += a * x[i] * K;
}

__global__ void many_barriers(float *out, int rounds) {
  RAP_SHARED(float, tile, 256);
  int t = static_cast<int>(threadIdx.x);
  tile[t] = 1;
  __syncthreads();
  for (int r = 0; r < rounds; r++) {
    float v = tile[(t + 1) % 256];
    __syncthreads();
    tile[t] = v;
    __syncthreads();
  }
  out[t] = tile[t];
}

using namespace nvcuda;

// out [16, 16] = 2 + a [16, 8] b [8, 16], b stored by columns, through TF32.
__global__ void product_tf32(float *out, const float *a, const float *b) {
  wmma::fragment<wmma::matrix_a, 16, 16, 8, wmma::precision::tf32, wmma::row_major> fa;
  wmma::fragment<wmma::matrix_b, 16, 16, 8, wmma::precision::tf32, wmma::col_major> fb;
  wmma::fragment<wmma::accumulator, 16, 16, 8, float> sum;
  wmma::fill_fragment(sum, 2.0f);
  wmma::load_matrix_sync(fa, a, 8);
  wmma::load_matrix_sync(fb, b, 8);
  for (int i = 0; i < fa.num_elements; i++) fa.x[i] = wmma::__float_to_tf32(fa.x[i]);
  wmma::mma_sync(sum, fa, fb, sum);
  wmma::store_matrix_sync(out, sum, 16, wmma::mem_row_major);
}

// out [32, 8] = a [32, 16] b [16, 8] by two warps of which each does it, through bfloat16 in shared memory; out by columns.
__global__ void product_bf16(float *out, const float *a, const float *b) {
  RAP_SHARED(__nv_bfloat16, at, 2 * 32 * 24);
  RAP_SHARED(__nv_bfloat16, bt, 2 * 16 * 8);
  RAP_SHARED(float, result, 2 * 256);
  const int lane = static_cast<int>(threadIdx.x) % 32, warp = static_cast<int>(threadIdx.x) / 32;
  for (int i = 0; i < 16; i++) at[warp * 32 * 24 + lane * 24 + i] = __float2bfloat16(a[lane * 16 + i]);
  for (int i = 0; i < 4; i++) bt[warp * 128 + lane * 4 + i] = __float2bfloat16(b[lane * 4 + i]);
  __syncwarp();
  wmma::fragment<wmma::matrix_a, 32, 8, 16, __nv_bfloat16, wmma::row_major> fa;
  wmma::fragment<wmma::matrix_b, 32, 8, 16, __nv_bfloat16, wmma::row_major> fb;
  wmma::fragment<wmma::accumulator, 32, 8, 16, float> zero, sum;
  wmma::fill_fragment(zero, 0.0f);
  wmma::load_matrix_sync(fa, at + warp * 32 * 24, 24);
  wmma::load_matrix_sync(fb, bt + warp * 128, 8);
  wmma::mma_sync(sum, fa, fb, zero);
  for (int i = 0; i < sum.num_elements; i++) sum.x[i] *= 0.5f;
  wmma::store_matrix_sync(result + warp * 256, sum, 32, wmma::mem_col_major);
  __syncthreads();
  for (int i = static_cast<int>(threadIdx.x); i < 512; i += 64) out[i] = result[i];
}

static double now() {
  timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_nsec) * 1e-9;
}

int main(int argc, char **) {
  {
    Device<int> out(2 * 3 * 2 * 24);
    RAP_LAUNCH(indices, dim3(2, 3, 2), dim3(4, 3, 2), 0, nullptr, out.p);
    auto v = out.host();
    for (int b = 0; b < 12; b++)
      for (int t = 0; t < 24; t++) EXPECT(v[b * 24 + t] == b * 1000 + t);
  }
  {
    std::vector<float> x(1024);
    for (int i = 0; i < 1024; i++) x[i] = static_cast<float>(i % 7);
    Device<float> in(x), out(4);
    RAP_LAUNCH(block_sums, 4, 256, 0, nullptr, out.p, in.p);
    auto v = out.host();
    for (int b = 0; b < 4; b++) {
      float sum = 0;
      for (int i = 0; i < 256; i++) sum += x[b * 256 + i];
      EXPECT(v[b] == sum);
    }
  }
  {
    Device<int> out(96 * 5);
    RAP_LAUNCH(votes, 1, 96, 0, nullptr, out.p);
    auto v = out.host();
    for (int t = 0; t < 96; t++) {
      EXPECT(v[t * 5] == 48 && v[t * 5 + 1] == 1 && v[t * 5 + 2] == 0 && v[t * 5 + 3] == 0x11111111);
      EXPECT(v[t * 5 + 4] == (t % 32 < 8 ? (t ^ 7) + 100 : 0));
    }
  }
  {
    Device<double> out(32 * 4);
    RAP_LAUNCH(shuffles, 1, 32, 0, nullptr, out.p);
    auto v = out.host();
    for (int t = 0; t < 32; t++) {
      EXPECT(v[t * 4] == (t & ~7) + 5);
      EXPECT(v[t * 4 + 1] == (t < 3 ? t : t - 3));
      EXPECT(v[t * 4 + 2] == (t % 16 > 12 ? t : t + 3));
      EXPECT(v[t * 4 + 3] == (t ^ 16));
    }
  }
  {
    Device<int> out(std::vector<int>(16, 0));
    RAP_LAUNCH(histogram, 3, 128, 16 * sizeof(int), nullptr, out.p, 1600);
    for (int v : out.host()) EXPECT(v == 300);
    Device<int> reversed(64);
    RAP_LAUNCH(reverse_in_warp, 1, 64, 0, nullptr, reversed.p);
    auto v = reversed.host();
    for (int t = 0; t < 64; t++) EXPECT(v[t] == (t ^ 31));
  }
  {
    std::vector<float> a(16 * 8), b(8 * 16);
    for (int i = 0; i < 128; i++) a[i] = static_cast<float>(i % 11) - 5, b[i] = static_cast<float>(i * i % 13);
    Device<float> da(a), db(b), out(256);
    RAP_LAUNCH(product_tf32, 1, 32, 0, nullptr, out.p, da.p, db.p);
    auto v = out.host();
    for (int i = 0; i < 256; i++) {
      float sum = 2;
      for (int k = 0; k < 8; k++) sum += a[i / 16 * 8 + k] * b[i % 16 * 8 + k];
      EXPECT(v[i] == sum);
    }
    a[0] = 1 + 0x1p-11f; // half way between two TF32 numbers, away from zero
    Device<float> rounded(a);
    RAP_LAUNCH(product_tf32, 1, 32, 0, nullptr, out.p, rounded.p, db.p);
    auto w = out.host();
    for (int j = 0; j < 16; j++) EXPECT(w[j] == v[j] + (6 + 0x1p-10f) * b[j * 8]);
  }
  {
    std::vector<float> a(32 * 16), b(16 * 8);
    for (int i = 0; i < 512; i++) a[i] = static_cast<float>(i % 17) - 8;
    for (int i = 0; i < 128; i++) b[i] = static_cast<float>(i % 9) - 3;
    a[0] = 1 + 0x1p-8f; // half way between two bfloat16 numbers, to the even one
    Device<float> da(a), db(b), out(512);
    RAP_LAUNCH(product_bf16, 1, 64, 0, nullptr, out.p, da.p, db.p);
    auto v = out.host();
    a[0] = 1;
    for (int i = 0; i < 256; i++) {
      float sum = 0;
      for (int k = 0; k < 16; k++) sum += a[i % 32 * 16 + k] * b[k * 8 + i / 32];
      EXPECT(v[i] == sum * 0.5f && v[256 + i] == sum * 0.5f);
    }
  }
  {
    Device<float> y(std::vector<float>(1000, 1)), x(std::vector<float>(1000, 2));
    RAP_LAUNCH((axpy<float, 3>), 2, 128, 0, nullptr, y.p, x.p, 0.5f, 1000);
    for (float v : y.host()) EXPECT(v == 4);
    EXPECT(cudaGetLastError() == cudaSuccess);
    // Launches over a limit fail as on a card, and nothing runs.
    RAP_LAUNCH((axpy<float, 3>), 1, 1025, 0, nullptr, y.p, x.p, 0.5f, 1000);
    EXPECT(cudaGetLastError() == cudaErrorInvalidConfiguration && cudaGetLastError() == cudaSuccess);
    RAP_LAUNCH((axpy<float, 3>), dim3(1, 65536), 32, 0, nullptr, y.p, x.p, 0.5f, 1000);
    EXPECT(cudaGetLastError() == cudaErrorInvalidConfiguration);
    RAP_LAUNCH((axpy<float, 3>), 0, 32, 0, nullptr, y.p, x.p, 0.5f, 1000);
    EXPECT(cudaGetLastError() == cudaErrorInvalidConfiguration);
    RAP_LAUNCH((axpy<float, 3>), 1, 32, 60 << 10, nullptr, y.p, x.p, 0.5f, 1000);
    EXPECT(cudaGetLastError() == cudaErrorInvalidConfiguration);
    EXPECT(cudaFuncSetAttribute(axpy<float, 3>, cudaFuncAttributeMaxDynamicSharedMemorySize, 100 << 10) == cudaErrorInvalidValue);
    EXPECT(cudaGetLastError() == cudaErrorInvalidValue);
    EXPECT(cudaFuncSetAttribute(axpy<float, 3>, cudaFuncAttributeMaxDynamicSharedMemorySize, 64 << 10) == cudaSuccess);
    RAP_LAUNCH((axpy<float, 3>), 1, 32, 60 << 10, nullptr, y.p, x.p, 0.0f, 1000);
    EXPECT(cudaGetLastError() == cudaSuccess);
    for (float v : y.host()) EXPECT(v == 4);
  }
  {
    void *p;
    EXPECT(cudaMalloc(&p, size_t{1} << 40) == cudaErrorMemoryAllocation && cudaGetLastError() == cudaErrorMemoryAllocation);
    float host[4] = {1, 2, 3, 4};
    Device<float> x(4);
    EXPECT(cudaMemcpy(x.p, host, sizeof host, cudaMemcpyDeviceToHost) == cudaErrorInvalidValue);
    EXPECT(cudaMemcpy(x.p, host, 2 * sizeof host, cudaMemcpyHostToDevice) == cudaErrorInvalidValue);
    EXPECT(cudaMemset(x.p, 0, sizeof host) == cudaSuccess && x.host()[3] == 0);
    cudaGetLastError();
    cudaEvent_t a, b;
    float ms = -1;
    cudaEventCreateWithFlags(&a, cudaEventDefault), cudaEventCreateWithFlags(&b, cudaEventDefault);
    cudaEventRecord(a), cudaEventRecord(b);
    EXPECT(cudaEventElapsedTime(&ms, a, b) == cudaSuccess && ms >= 0);
    cudaEventDestroy(a), cudaEventDestroy(b);
  }
  if (argc > 1) {
    const int n = 1 << 22;
    Device<float> y(std::vector<float>(n, 1)), x(std::vector<float>(n, 2)), out(256);
    double t0 = now();
    RAP_LAUNCH((axpy<float, 1>), n / 256, 256, 0, nullptr, y.p, x.p, 0.5f, n);
    double t1 = now();
    RAP_LAUNCH(many_barriers, 1, 256, 0, nullptr, out.p, 2000);
    double t2 = now();
    for (int i = 0; i < 1000; i++) RAP_LAUNCH((axpy<float, 1>), 1, 256, 0, nullptr, y.p, x.p, 0.5f, 256);
    double t3 = now();
    printf("a thread without barriers %.2f ns, a fiber switch %.2f ns, a launch on two arrays of 16 MB %.2f us\n", (t1 - t0) / n * 1e9,
           (t2 - t1) / (256.0 * 4001) * 1e9, (t3 - t2) * 1e3);
    Device<float> sy(std::vector<float>(256, 1)), sx(std::vector<float>(256, 1));
    t3 = now();
    for (int i = 0; i < 1000; i++) RAP_LAUNCH((axpy<float, 1>), 1, 256, 0, nullptr, sy.p, sx.p, 0.5f, 256);
    printf("a launch on two arrays of 1 KB %.2f us\n", (now() - t3) * 1e3);
  }
  printf(failures ? "%d failures\n" : "ok\n", failures);
  return failures != 0;
}
