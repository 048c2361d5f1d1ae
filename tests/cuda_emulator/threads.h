// Blocks, threads and their meeting points: launches, barriers, warp shuffles and votes.
#pragma once

namespace emu {

struct Index {
  unsigned x, y, z;
};

// What a running block needs; one block runs at a time. The kernels read these as threadIdx, blockIdx, …
extern Index thread_index, block_index, block_size, grid_size;
extern int current; // the running thread, x fastest
extern int started; // threads of the block that have begun
extern int finished;
extern int threads; // threads a block
extern unsigned block_serial; // counts blocks over all launches: the age of static shared memory
extern Index index_of[1024];

// Runs the threads of one block that have not begun, one after another on the present stack. A thread that has to
// wait keeps this stack; the others then go on from a fresh one.
using Body = void (*)(const void *kernel);
template <typename F> void run_threads(const void *kernel) {
  const F &call = *static_cast<const F *>(kernel);
  while (started < threads) {
    current = started++;
    thread_index = index_of[current];
    call();
    finished++;
  }
}

void launch(const char *name, const void *kernel, dim3 grid, dim3 block, size_t shared, cudaStream_t stream, Body body,
            const void *call);
template <typename F, typename K>
void launch_call(const char *name, K *kernel, dim3 grid, dim3 block, size_t shared, cudaStream_t stream, const F &call) {
  launch(name, reinterpret_cast<const void *>(kernel), grid, block, shared, stream, run_threads<F>, &call);
}

// A host pointer among a kernel's arguments is a fault, even where a CPU could follow it.
void check_argument(const void *p, const char *kernel, int position);
template <typename... A> void check_arguments(const char *kernel, const A &...arguments) {
  int position = 0;
  auto check = [&](const auto &a) {
    position++;
    if constexpr (std::is_pointer<std::decay_t<decltype(a)>>::value) check_argument(a, kernel, position);
  };
  (check(arguments), ...);
}

[[noreturn]] void fault(const char *kind, const char *format, ...) __attribute__((format(printf, 2, 3)));

enum class Barrier { plain, count, all, any };
int barrier(Barrier kind, int predicate, int line);

// `meet`: the values are emu::Meeting pointers, and the first one's `run` gets all of them (mma.h).
enum class WarpOp { sync, index, up, down, exclusive, ballot, all, any, meet };
struct Meeting {
  void (*run)(Meeting *const *lanes);
};
uint64_t warp(WarpOp op, unsigned mask, uint64_t value, int argument, int width, int line);
int active_lane();

template <typename T> T shuffle(WarpOp op, int line, unsigned mask, T value, int argument, int width = 32) {
  static_assert(sizeof(T) <= 8 && std::is_trivially_copyable<T>::value, "a shuffle moves at most 8 bytes");
  uint64_t bits = 0;
  memcpy(&bits, &value, sizeof(T));
  bits = warp(op, mask, bits, argument, width, line);
  memcpy(&value, &bits, sizeof(T));
  return value;
}

} // namespace emu

#define threadIdx ::emu::thread_index
#define blockIdx  ::emu::block_index
#define blockDim  ::emu::block_size
#define gridDim   ::emu::grid_size
constexpr int warpSize = 32;

#define __syncthreads()        ((void)::emu::barrier(::emu::Barrier::plain, 0, __LINE__))
#define __syncthreads_count(p) ::emu::barrier(::emu::Barrier::count, (p), __LINE__)
#define __syncthreads_and(p)   ::emu::barrier(::emu::Barrier::all, (p), __LINE__)
#define __syncthreads_or(p)    ::emu::barrier(::emu::Barrier::any, (p), __LINE__)

#define RAP_EMU_FIRST(a, ...)      a
#define RAP_EMU_MASK(...)          RAP_EMU_FIRST(__VA_ARGS__ __VA_OPT__(, ) 0xffffffffu)
#define __syncwarp(...)            ((void)::emu::warp(::emu::WarpOp::sync, RAP_EMU_MASK(__VA_ARGS__), 0, 0, 32, __LINE__))
#define __shfl_sync(...)           ::emu::shuffle(::emu::WarpOp::index, __LINE__, __VA_ARGS__)
#define __shfl_up_sync(...)        ::emu::shuffle(::emu::WarpOp::up, __LINE__, __VA_ARGS__)
#define __shfl_down_sync(...)      ::emu::shuffle(::emu::WarpOp::down, __LINE__, __VA_ARGS__)
#define __shfl_xor_sync(...)       ::emu::shuffle(::emu::WarpOp::exclusive, __LINE__, __VA_ARGS__)
#define __ballot_sync(mask, p)     static_cast<unsigned>(::emu::warp(::emu::WarpOp::ballot, mask, !!(p), 0, 32, __LINE__))
#define __all_sync(mask, p)        static_cast<int>(::emu::warp(::emu::WarpOp::all, mask, !!(p), 0, 32, __LINE__))
#define __any_sync(mask, p)        static_cast<int>(::emu::warp(::emu::WarpOp::any, mask, !!(p), 0, 32, __LINE__))

#define RAP_LAUNCH(kernel, grid, block, shared, stream, ...)                                                    \
  (::emu::check_arguments(#kernel __VA_OPT__(, ) __VA_ARGS__),                                                  \
   ::emu::launch_call(#kernel, kernel, grid, block, shared, stream, [&] { (kernel)(__VA_ARGS__); }))
