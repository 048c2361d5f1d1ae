// Runs blocks one after another. Each thread that has to wait is a fiber with a stack of its own; threads that never
// wait share one stack and run as a plain loop.
#include "internal.h"
#include <cstdarg>
#include <cstdio>
#include <cstdlib>
#include <sys/mman.h>
#include <unistd.h>

// Saves the callee-saved registers on the present stack, its top in *save, and goes on from `to`.
extern "C" void rap_emu_switch(void **save, void *to);
#if defined(__x86_64__)
asm(R"(
.text
.hidden rap_emu_switch
.globl rap_emu_switch
.type rap_emu_switch, @function
rap_emu_switch:
  pushq %rbp
  pushq %rbx
  pushq %r12
  pushq %r13
  pushq %r14
  pushq %r15
  movq %rsp, (%rdi)
  movq %rsi, %rsp
  popq %r15
  popq %r14
  popq %r13
  popq %r12
  popq %rbx
  popq %rbp
  ret
.size rap_emu_switch, .-rap_emu_switch
)");
constexpr int kReturnSlot = 6, kFrameWords = 8;
#elif defined(__aarch64__)
asm(R"(
.text
.hidden rap_emu_switch
.globl rap_emu_switch
.type rap_emu_switch, %function
rap_emu_switch:
  sub sp, sp, #160
  stp x19, x20, [sp, #0]
  stp x21, x22, [sp, #16]
  stp x23, x24, [sp, #32]
  stp x25, x26, [sp, #48]
  stp x27, x28, [sp, #64]
  stp x29, x30, [sp, #80]
  stp d8, d9, [sp, #96]
  stp d10, d11, [sp, #112]
  stp d12, d13, [sp, #128]
  stp d14, d15, [sp, #144]
  mov x9, sp
  str x9, [x0]
  mov sp, x1
  ldp x19, x20, [sp, #0]
  ldp x21, x22, [sp, #16]
  ldp x23, x24, [sp, #32]
  ldp x25, x26, [sp, #48]
  ldp x27, x28, [sp, #64]
  ldp x29, x30, [sp, #80]
  ldp d8, d9, [sp, #96]
  ldp d10, d11, [sp, #112]
  ldp d12, d13, [sp, #128]
  ldp d14, d15, [sp, #144]
  add sp, sp, #160
  ret
.size rap_emu_switch, .-rap_emu_switch
)");
constexpr int kReturnSlot = 11, kFrameWords = 20;
#else
#error "the CUDA emulator needs a context switch for this processor"
#endif

namespace emu {

Index thread_index, block_index, block_size, grid_size, index_of[1024];
int current, started, finished, threads;
unsigned block_serial;
bool in_kernel;
// Ages for the race checker: barriers of the block so far, and __syncwarp calls of each warp.
unsigned block_epoch, warp_epoch[32];

namespace {

#if defined(__SANITIZE_ADDRESS__)
constexpr size_t kStack = 256 << 10;
#else
constexpr size_t kStack = 64 << 10;
#endif
constexpr int kMaxThreads = 1024;

enum class Wait : uint8_t { none, barrier, warp };

struct Thread {
  void *stack; // where to go on, while it waits
  int fiber;
  Wait wait;
  Barrier barrier;
  WarpOp op;
  int line, argument, width;
  unsigned mask;
  uint64_t value;
};

const char *kernel_name = "";
Thread state[kMaxThreads];
unsigned warp_arrived[32];
void *fiber_stack[kMaxThreads]; // where a fiber that has no thread goes on
int idle_fibers[kMaxThreads], idle_count, fiber_count, running_fiber;
unsigned char *fiber_memory;
void *main_stack;
uint16_t ready[kMaxThreads];
unsigned ready_head, ready_tail;
int arrived, predicates;
uint64_t blocks_left;
bool reversed;
Body body;
const void *call;

void start_block() {
  started = finished = arrived = predicates = 0;
  ready_head = ready_tail = 0;
  block_serial++;
  block_epoch++;
}

// Block numbers x fastest, upwards, or downwards with RAPTORCH_EMULATOR_REVERSE=1 (a card promises no order).
void next_block() {
  if (reversed) {
    if (block_index.x-- == 0) {
      block_index.x = grid_size.x - 1;
      if (block_index.y-- == 0) {
        block_index.y = grid_size.y - 1;
        block_index.z--;
      }
    }
  } else if (++block_index.x == grid_size.x) {
    block_index.x = 0;
    if (++block_index.y == grid_size.y) {
      block_index.y = 0;
      block_index.z++;
    }
  }
}

const char *op_name(WarpOp op) {
  static const char *const names[] = {"__syncwarp",   "__shfl_sync", "__shfl_up_sync", "__shfl_down_sync", "__shfl_xor_sync",
                                      "__ballot_sync", "__all_sync",  "__any_sync",     "a fragment operation"};
  return names[static_cast<int>(op)];
}

[[noreturn]] void stuck() {
  int waiting = 0, ended = 0;
  while (waiting < threads && state[waiting].wait == Wait::none) waiting++;
  while (ended < threads && state[ended].wait != Wait::none) ended++;
  const Thread &w = state[waiting];
  current = waiting, thread_index = index_of[current];
  if (w.wait == Wait::warp)
    fault("divergent warp operation", "%s with mask %08x at line %d was not reached by all the lanes of its mask", op_name(w.op),
          w.mask, w.line);
  if (ended < threads)
    fault("divergent barrier", "waits at __syncthreads at line %d, which thread %d never reached: it has returned", w.line, ended);
  fault("divergent barrier", "waits at __syncthreads at line %d while other threads wait elsewhere", w.line);
}

void fiber_main();

// A fiber without a thread: an idle one or a new one.
void *fresh_fiber() {
  if (idle_count > 0) {
    running_fiber = idle_fibers[--idle_count];
    return fiber_stack[running_fiber];
  }
  if (!fiber_memory) {
    void *p = mmap(nullptr, kStack * kMaxThreads, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (p == MAP_FAILED) fault("emulator", "no memory for fiber stacks");
    fiber_memory = static_cast<unsigned char *>(p);
    madvise(p, kStack * kMaxThreads, MADV_HUGEPAGE); // a page for 32 stacks: fewer TLB misses
  }
  if (fiber_count == kMaxThreads) fault("emulator", "more fibers than threads");
  running_fiber = fiber_count++;
  // Tops at different cache sets, or a thousand stacks would fight for eight lines.
  size_t colour = static_cast<size_t>(running_fiber * 7 % 61) * 64;
  uintptr_t top = reinterpret_cast<uintptr_t>(fiber_memory + kStack * (static_cast<size_t>(running_fiber) + 1)) - colour - 64;
  top &= ~static_cast<uintptr_t>(15);
  void **frame = reinterpret_cast<void **>(top) - kFrameWords;
  for (int i = 0; i < kFrameWords; i++) frame[i] = nullptr;
  frame[kReturnSlot] = reinterpret_cast<void *>(&fiber_main);
  return frame;
}

// Leaves the present stack for whoever can run: a thread that is ready, else a thread that has not begun.
void run_others(void **save) {
  if (ready_head != ready_tail) {
    current = ready[ready_head++ % kMaxThreads];
    thread_index = index_of[current];
    running_fiber = state[current].fiber;
    rap_emu_switch(save, state[current].stack);
  } else if (started < threads) {
    rap_emu_switch(save, fresh_fiber());
  } else {
    stuck();
  }
}

void wait(Thread &me) {
  me.fiber = running_fiber;
  run_others(&me.stack);
}

void release(int thread) {
  state[thread].wait = Wait::none;
  ready[ready_tail++ % kMaxThreads] = static_cast<uint16_t>(thread);
}

void fiber_main() {
  for (;;) {
    body(call);
    const int fiber = running_fiber;
    if (finished < threads) {
      idle_fibers[idle_count++] = fiber;
      run_others(&fiber_stack[fiber]);
      continue;
    }
    if (--blocks_left > 0) {
      next_block();
      start_block();
      continue;
    }
    idle_fibers[idle_count++] = fiber;
    rap_emu_switch(&fiber_stack[fiber], main_stack);
  }
}

struct SharedLimit {
  const void *kernel;
  size_t bytes;
} limits[512];
int limit_count;

size_t dynamic_limit(const void *kernel) {
  for (int i = 0; i < limit_count; i++)
    if (limits[i].kernel == kernel) return limits[i].bytes;
  return kStaticShared;
}

bool fits(const void *kernel, dim3 grid, dim3 block, size_t shared) {
  if (!grid.x || !grid.y || !grid.z || !block.x || !block.y || !block.z) return false;
  if (grid.x > 0x7fffffffu || grid.y > 65535 || grid.z > 65535) return false;
  if (block.x > 1024 || block.y > 1024 || block.z > 64) return false;
  return static_cast<uint64_t>(block.x) * block.y * block.z <= kMaxThreads && shared <= dynamic_limit(kernel);
}

void number_threads(dim3 block) {
  if (block.x == block_size.x && block.y == block_size.y && block.z == block_size.z) return;
  int t = 0;
  for (unsigned z = 0; z < block.z; z++)
    for (unsigned y = 0; y < block.y; y++)
      for (unsigned x = 0; x < block.x; x++) index_of[t++] = {x, y, z};
  block_size = {block.x, block.y, block.z};
  threads = t;
}

} // namespace

const char *where() {
  static char text[512];
  if (!in_kernel) {
    snprintf(text, sizeof text, "host%s%s", *kernel_name ? ", last kernel " : "", kernel_name);
    return text;
  }
  snprintf(text, sizeof text, "%s block (%u,%u,%u) thread (%u,%u,%u)", kernel_name, block_index.x, block_index.y, block_index.z,
           thread_index.x, thread_index.y, thread_index.z);
  return text;
}

void fault(const char *kind, const char *format, ...) {
  char text[512], line[1200];
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(text, sizeof text, format, arguments);
  va_end(arguments);
  int n = snprintf(line, sizeof line, "\ncuda emulator: %s: %s: %s\n", kind, where(), text);
  if (write(2, line, static_cast<size_t>(n)) != n) _exit(99);
  abort();
}

int environment(const char *name, int otherwise) {
  const char *text = getenv(name);
  return text ? atoi(text) : otherwise;
}

cudaError_t rap_set_limit(const void *kernel, size_t bytes) {
  if (bytes > kOptinShared) return fail(cudaErrorInvalidValue);
  for (int i = 0; i < limit_count; i++)
    if (limits[i].kernel == kernel) return limits[i].bytes = bytes, cudaSuccess;
  if (limit_count == 512) fault("emulator", "too many kernels with a shared memory limit of their own");
  limits[limit_count++] = {kernel, bytes};
  return cudaSuccess;
}

void launch(const char *name, const void *kernel, dim3 grid, dim3 block, size_t shared, cudaStream_t, Body run, const void *function) {
  if (!fits(kernel, grid, block, shared)) {
    fail(cudaErrorInvalidConfiguration);
    return;
  }
  static const bool order = environment("RAPTORCH_EMULATOR_REVERSE", 0) != 0;
  kernel_name = name;
  body = run, call = function;
  number_threads(block);
  grid_size = {grid.x, grid.y, grid.z};
  reversed = order;
  block_index = reversed ? Index{grid.x - 1, grid.y - 1, grid.z - 1} : Index{0, 0, 0};
  blocks_left = static_cast<uint64_t>(grid.x) * grid.y * grid.z;
  dynamic_shared.bytes = shared;
  in_kernel = true;
  start_block();
  rap_emu_switch(&main_stack, fresh_fiber());
  in_kernel = false;
  close_touched_allocations();
}

int barrier(Barrier kind, int predicate, int line) {
  Thread &me = state[current];
  me.barrier = kind, me.line = line;
  predicates += predicate != 0;
  static Barrier first_kind;
  static int first_line, result;
  if (arrived++ == 0) first_kind = kind, first_line = line;
  if (kind != first_kind || line != first_line)
    fault("divergent barrier", "at the barrier of line %d while other threads of the block wait at line %d", line, first_line);
  if (arrived < threads) {
    me.wait = Wait::barrier;
    wait(me);
  } else {
    result = kind == Barrier::count ? predicates : kind == Barrier::all ? predicates == threads : predicates > 0;
    arrived = predicates = 0;
    block_epoch++;
    const int last = current;
    for (int t = 0; t < threads; t++)
      if (t != last) release(t);
  }
  return result;
}

int active_lane() { return current & 31; }

// The operation for all the lanes of `mask`, once the last of them has arrived.
static void complete(int first, unsigned mask, WarpOp op, int line) {
  unsigned votes = 0;
  uint64_t values[32];
  for (int lane = 0; lane < 32; lane++) {
    if (!(mask >> lane & 1)) continue;
    const Thread &t = state[first + lane];
    if (t.mask != mask || t.op != op || t.line != line)
      fault("divergent warp operation", "%s mask %08x line %d meets lane %d in %s mask %08x line %d", op_name(op), mask, line, lane,
            op_name(t.op), t.mask, t.line);
    values[lane] = t.value;
    votes |= (t.value != 0 ? 1u : 0u) << lane;
  }
  for (int lane = 0; lane < 32; lane++) {
    if (!(mask >> lane & 1)) continue;
    Thread &t = state[first + lane];
    const int base = lane & ~(t.width - 1), end = base + t.width;
    int from = lane;
    switch (op) {
    case WarpOp::index: from = base + (t.argument & (t.width - 1)); break;
    case WarpOp::up: from = lane - t.argument < base ? lane : lane - t.argument; break;
    case WarpOp::down: from = lane + t.argument >= end ? lane : lane + t.argument; break;
    case WarpOp::exclusive: from = (lane ^ t.argument) >= end ? lane : lane ^ t.argument; break;
    case WarpOp::ballot: t.value = votes; continue;
    case WarpOp::all: t.value = votes == mask; continue;
    case WarpOp::any: t.value = votes != 0; continue;
    default: continue;
    }
    if (!(mask >> from & 1)) fault("divergent warp operation", "lane %d shuffles from lane %d, which mask %08x leaves out", lane, from, mask);
    t.value = values[from];
  }
  if (op == WarpOp::sync) warp_epoch[first >> 5]++;
  if (op == WarpOp::meet) {
    Meeting *lanes[32];
    for (int lane = 0; lane < 32; lane++) lanes[lane] = reinterpret_cast<Meeting *>(values[lane]);
    lanes[0]->run(lanes);
  }
}

uint64_t warp(WarpOp op, unsigned mask, uint64_t value, int argument, int width, int line) {
  Thread &me = state[current];
  const int lane = current & 31, first = current & ~31;
  if (!(mask >> lane & 1)) fault("divergent warp operation", "%s with mask %08x, which lane %d is not part of", op_name(op), mask, lane);
  if (first + 32 > threads && mask >> (threads - first)) fault("divergent warp operation", "%s mask %08x names lanes that the block does not have", op_name(op), mask);
  me.op = op, me.mask = mask, me.value = value, me.argument = argument, me.width = width, me.line = line;
  unsigned &there = warp_arrived[first >> 5];
  there |= 1u << lane;
  if ((there & mask) != mask) {
    me.wait = Wait::warp;
    wait(me);
  } else {
    there &= ~mask;
    complete(first, mask, op, line);
    const int last = current;
    for (int t = 0; t < 32; t++)
      if ((mask >> t & 1) && first + t != last) release(first + t);
  }
  return me.value;
}

} // namespace emu

cudaError_t rapEmuFuncSetAttribute(const void *kernel, cudaFuncAttribute, int value) {
  return emu::rap_set_limit(kernel, static_cast<size_t>(value));
}
