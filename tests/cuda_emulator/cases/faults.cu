// Planted faults, one a run: `faults NAME`. The emulator must end each of them with a report that names the fault.
#include "../../../kernels/cuda/common.cuh"
#include <mma.h>
#include <cstdio>
#include <cstdlib>

__global__ void early_return_before_barrier(float *out) {
  if (threadIdx.x == 5) return;
  __syncthreads();
  out[threadIdx.x] = 1;
}

__global__ void barrier_in_branch(float *out) {
  if (threadIdx.x < 32) {
    __syncthreads();
    out[threadIdx.x] = 1;
  } else {
    __syncthreads();
    out[threadIdx.x] = 2;
  }
}

__global__ void shuffle_without_a_lane(float *out) {
  float v = 1;
  if (threadIdx.x != 3) v += __shfl_xor_sync(0xffffffffu, v, 1);
  out[threadIdx.x] = v;
}

__global__ void shuffle_from_outside_the_mask(float *out) {
  float v = 1;
  if (threadIdx.x < 16) v += __shfl_sync(0x0000ffffu, v, 20);
  out[threadIdx.x] = v;
}

// Thread t reads what thread t + 1 wrote, with no barrier between.
__global__ void missing_barrier(float *out) {
  RAP_SHARED(float, tile, 64);
  tile[threadIdx.x] = static_cast<float>(threadIdx.x);
  out[threadIdx.x] = tile[63 - threadIdx.x];
}

__global__ void two_writers(float *out) {
  RAP_SHARED(float, tile, 64);
  tile[threadIdx.x / 2] = static_cast<float>(threadIdx.x);
  __syncthreads();
  out[threadIdx.x] = tile[threadIdx.x / 2];
}

__global__ void read_then_write(float *out) {
  RAP_SHARED(float, tile, 64);
  tile[threadIdx.x] = 0;
  __syncthreads();
  float v = tile[(threadIdx.x + 1) % 64];
  tile[threadIdx.x] = v + 1;
  __syncthreads();
  out[threadIdx.x] = tile[threadIdx.x];
}

__global__ void uninitialised_shared(float *out) {
  RAP_SHARED(float, tile, 64);
  if (threadIdx.x < 60) tile[threadIdx.x] = 1;
  __syncthreads();
  out[threadIdx.x] = tile[threadIdx.x] * 2;
}

__global__ void copy_scaled(float *out, const float *in, int n) {
  int i = static_cast<int>(blockIdx.x * blockDim.x + threadIdx.x);
  if (i < n) out[i] = in[i] * 2;
}

__global__ void copy_unguarded(float *out, const float *in) {
  int i = static_cast<int>(blockIdx.x * blockDim.x + threadIdx.x);
  out[i] = in[i];
}

__global__ void write_before(float *out) { out[static_cast<int>(threadIdx.x) - 1] = 1; }

__global__ void past_shared(float *out) {
  RAP_SHARED(float, tile, 64);
  tile[threadIdx.x + 1] = 1;
  __syncthreads();
  out[threadIdx.x] = tile[threadIdx.x + 1];
}

__global__ void past_dynamic_shared(float *out) {
  RAP_DYNAMIC_SHARED(float, tile);
  tile[threadIdx.x + 1] = 1;
  __syncthreads();
  out[threadIdx.x] = tile[threadIdx.x + 1];
}

__global__ void fragment_without_a_lane(float *out) {
  nvcuda::wmma::fragment<nvcuda::wmma::accumulator, 16, 16, 8, float> sum;
  nvcuda::wmma::fill_fragment(sum, 0.0f);
  if (threadIdx.x != 7) nvcuda::wmma::store_matrix_sync(out, sum, 16, nvcuda::wmma::mem_row_major);
}

__global__ void misaligned_fragment(float *out) {
  nvcuda::wmma::fragment<nvcuda::wmma::accumulator, 16, 16, 8, float> sum;
  nvcuda::wmma::fill_fragment(sum, 0.0f);
  nvcuda::wmma::store_matrix_sync(out + 4, sum, 16, nvcuda::wmma::mem_row_major);
}

int main(int argc, char **argv) {
  if (argc < 2) return 2;
  const char *name = argv[1];
  auto is = [&](const char *other) { return strcmp(name, other) == 0; };
  const int n = 64;
  float *out, *in, host[64] = {};
  cudaMalloc(reinterpret_cast<void **>(&out), 4 * n * sizeof(float)); // a fragment of 16 × 16
  cudaMalloc(reinterpret_cast<void **>(&in), n * sizeof(float));
#define CASE(kernel, shared)                                                                                    \
  if (is(#kernel)) RAP_LAUNCH(kernel, 1, n, shared, nullptr, out);
  CASE(early_return_before_barrier, 0)
  CASE(barrier_in_branch, 0)
  CASE(shuffle_without_a_lane, 0)
  CASE(shuffle_from_outside_the_mask, 0)
  CASE(missing_barrier, 0)
  CASE(two_writers, 0)
  CASE(read_then_write, 0)
  CASE(uninitialised_shared, 0)
  CASE(write_before, 0)
  CASE(past_shared, 0)
  CASE(fragment_without_a_lane, 0)
  CASE(misaligned_fragment, 0)
  CASE(past_dynamic_shared, 64 * sizeof(float))
  if (is("uninitialised_device")) {
    cudaMemcpy(in, host, (n - 1) * sizeof(float), cudaMemcpyHostToDevice);
    RAP_LAUNCH(copy_scaled, 1, n, 0, nullptr, out, in, n);
  } else {
    cudaMemcpy(in, host, n * sizeof(float), cudaMemcpyHostToDevice);
  }
  if (is("read_past_the_end")) RAP_LAUNCH(copy_unguarded, 2, n, 0, nullptr, out, in);
  if (is("write_a_little_past_the_end")) {
    cudaMalloc(reinterpret_cast<void **>(&out), 61 * sizeof(float));
    RAP_LAUNCH(copy_unguarded, 1, n - 2, 0, nullptr, out, in);
  }
  if (is("read_a_little_past_the_end")) { // only the AddressSanitizer build sees this one
    cudaMalloc(reinterpret_cast<void **>(&in), 61 * sizeof(float));
    cudaMemcpy(in, host, 61 * sizeof(float), cudaMemcpyHostToDevice);
    RAP_LAUNCH(copy_unguarded, 1, n - 2, 0, nullptr, out, in);
  }
  if (is("use_after_free")) {
    cudaFree(in);
    RAP_LAUNCH(copy_scaled, 1, n, 0, nullptr, out, in, n);
  }
  if (is("host_reads_device")) host[0] = in[3];
  if (is("host_writes_device")) in[3] = 1;
  if (is("host_pointer_in_kernel")) RAP_LAUNCH(copy_scaled, 1, n, 0, nullptr, out, host, n);
  cudaMemcpy(host, out, n * sizeof(float), cudaMemcpyDeviceToHost);
  printf("%g not found\n", static_cast<double>(host[0]));
  return 0;
}
