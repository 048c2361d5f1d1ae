// Device and shared memory. Device memory is unreadable except for the allocations that the running kernel or copy has
// touched: the first touch faults, the handler opens that one allocation, the end of the kernel closes it again. So a
// host access faults, and so does an access to the unmapped page behind every allocation.
#include "internal.h"
#include <cstdio>
#include <cstdlib>
#include <csignal>
#include <map>
#include <sys/mman.h>
#include <unistd.h>
#include <vector>

#if defined(__SANITIZE_ADDRESS__)
#include <sanitizer/asan_interface.h>
#else
#define ASAN_POISON_MEMORY_REGION(p, bytes)   (void)0
#define ASAN_UNPOISON_MEMORY_REGION(p, bytes) (void)0
#endif

namespace emu {

Region dynamic_shared{"dynamic shared memory", 0, true, 0, nullptr, nullptr};
cudaError_t last_error = cudaSuccess;
extern unsigned block_epoch, warp_epoch[32];

namespace {

constexpr size_t kPage = 4096, kHugePage = size_t{2} << 20, kArena = size_t{1} << 40;

struct Allocation {
  size_t bytes;
  uintptr_t pages, end; // whole pages; [start, start + bytes) ends within 16 bytes of `end`
  bool open;
};

uintptr_t arena, arena_top;
size_t live_bytes;
std::map<uintptr_t, Allocation> allocations; // by start
std::vector<uintptr_t> touched;
struct Guard {
  uintptr_t begin;
  const char *name;
};
std::vector<Guard> shared_guards;
std::map<void *, size_t> pinned;
struct sigaction previous;

size_t device_memory() {
  static const size_t bytes = static_cast<size_t>(environment("RAPTORCH_EMULATOR_MEMORY_MB", 4096)) << 20;
  return bytes;
}

bool in_arena(const void *p) {
  const uintptr_t a = reinterpret_cast<uintptr_t>(p);
  return arena && a >= arena && a < arena + kArena;
}

// The allocation whose pages hold `a`, or the nearest one below it.
std::map<uintptr_t, Allocation>::iterator below(uintptr_t a) {
  auto it = allocations.upper_bound(a | (kPage - 1));
  return it == allocations.begin() ? allocations.end() : --it;
}

void protect(const Allocation &m, int mode) {
  if (mprotect(reinterpret_cast<void *>(m.pages), m.end - m.pages, mode) != 0) fault("emulator", "mprotect failed");
}

void open(std::map<uintptr_t, Allocation>::iterator it) {
  if (it->second.open) return;
  protect(it->second, PROT_READ | PROT_WRITE);
  it->second.open = true;
  touched.push_back(it->first);
}

void on_fault(int signal, siginfo_t *info, void *context) {
  const uintptr_t a = reinterpret_cast<uintptr_t>(info->si_addr);
  if (in_arena(info->si_addr)) {
    auto it = below(a);
    const bool inside = it != allocations.end() && a >= it->second.pages && a < it->second.end;
    if (!in_kernel) fault("host access to device memory", "address %p", info->si_addr);
    if (inside && !it->second.open) return open(it);
    if (it != allocations.end() && a >= it->second.end && a < it->second.end + kPage)
      fault("out of bounds", "address %p is %zu bytes past the start of an allocation of %zu bytes", info->si_addr, a - it->first,
            it->second.bytes);
    fault("out of bounds", "address %p is in no live allocation", info->si_addr);
  }
  for (const Guard &g : shared_guards)
    if (a >= g.begin && a < g.begin + kPage) fault("out of bounds", "shared array %s, %zu bytes past its end", g.name, a - g.begin);
  if (in_kernel) fault("out of bounds", "address %p is not device memory", info->si_addr);
  if (previous.sa_flags & SA_SIGINFO) previous.sa_sigaction(signal, info, context);
  else if (previous.sa_handler != SIG_DFL && previous.sa_handler != SIG_IGN) previous.sa_handler(signal);
  else {
    sigaction(signal, &previous, nullptr);
    raise(signal);
  }
}

void start() {
  if (arena) return;
  void *p = mmap(nullptr, kArena, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (p == MAP_FAILED) fault("emulator", "cannot reserve address space");
  arena = arena_top = reinterpret_cast<uintptr_t>(p);
  struct sigaction action = {};
  action.sa_sigaction = on_fault;
  action.sa_flags = SA_SIGINFO | SA_NODEFER;
  sigaction(SIGSEGV, &action, &previous);
}

// Tells AddressSanitizer, where built with it, which bytes of an allocation's pages are nobody's.
void mark_redzones(uintptr_t start, const Allocation &m, bool nobodys) {
  unsigned char *front = reinterpret_cast<unsigned char *>(m.pages), *back = reinterpret_cast<unsigned char *>(start + m.bytes);
  if (nobodys) {
    ASAN_POISON_MEMORY_REGION(front, start - m.pages);
    ASAN_POISON_MEMORY_REGION(back, m.end - start - m.bytes);
  } else {
    ASAN_UNPOISON_MEMORY_REGION(front, start - m.pages);
    ASAN_UNPOISON_MEMORY_REGION(back, m.end - start - m.bytes);
  }
  (void)front, (void)back;
}

// The bytes just outside an allocation, on pages it shares with them, must still be poison.
void check_canaries(uintptr_t start, const Allocation &m) {
  mark_redzones(start, m, false);
  const unsigned char *pattern = reinterpret_cast<const unsigned char *>(&kPoison);
  for (uintptr_t a = start + m.bytes; a < m.end; a++)
    if (*reinterpret_cast<unsigned char *>(a) != pattern[a & 3])
      fault("out of bounds", "byte %zu of an allocation of %zu bytes was written", a - start, m.bytes);
  const uintptr_t first = start - m.pages > 256 ? start - 256 : m.pages;
  for (uintptr_t a = first; a < start; a++)
    if (*reinterpret_cast<unsigned char *>(a) != pattern[a & 3])
      fault("out of bounds", "%zu bytes before an allocation of %zu bytes was written", start - a, m.bytes);
  mark_redzones(start, m, true);
}

// Pinned host memory is mapped into the device's address space, as with unified addressing.
bool is_pinned(const void *p) {
  auto it = pinned.upper_bound(const_cast<void *>(p));
  if (it == pinned.begin()) return false;
  --it;
  return static_cast<const char *>(p) < static_cast<char *>(it->first) + it->second;
}

// Opens the allocation that holds [p, p + bytes); false if none does.
bool open_range(const void *p, size_t bytes) {
  const uintptr_t a = reinterpret_cast<uintptr_t>(p);
  auto it = allocations.upper_bound(a);
  if (it == allocations.begin()) return false;
  --it;
  if (a + bytes > it->first + it->second.bytes) return false;
  open(it);
  return true;
}

// Poison, also after arithmetic has made its NaN a quiet one or flipped its sign.
void check_poison(const void *p, size_t bytes) {
  static const bool on = environment("RAPTORCH_EMULATOR_POISON", 1) != 0;
  if (!on) return;
  const uintptr_t a = (reinterpret_cast<uintptr_t>(p) + 3) & ~uintptr_t{3};
  const uint32_t *words = reinterpret_cast<const uint32_t *>(a);
  const size_t n = (reinterpret_cast<uintptr_t>(p) + bytes - a) / 4;
  for (size_t i = 0; i < n && bytes >= 4; i++)
    if ((words[i] & 0x7FFFFFFFu) == kPoison)
      fault("uninitialised read", "copying %zu bytes to the host, word %zu was never written or computed from such a word", bytes, i);
}

} // namespace

cudaError_t fail(cudaError_t error) {
  if (error != cudaSuccess) last_error = error;
  return error;
}

void poison(void *p, size_t bytes) {
  const unsigned char *pattern = reinterpret_cast<const unsigned char *>(&kPoison);
  unsigned char *to = static_cast<unsigned char *>(p);
  while (bytes && reinterpret_cast<uintptr_t>(to) & 3) *to = pattern[reinterpret_cast<uintptr_t>(to) & 3], to++, bytes--;
  uint32_t *words = reinterpret_cast<uint32_t *>(to);
  for (size_t i = 0; i < bytes / 4; i++) words[i] = kPoison;
  for (size_t i = bytes & ~size_t{3}; i < bytes; i++) to[i] = pattern[i & 3];
}

unsigned char *map_guarded(size_t bytes) {
  const size_t used = (bytes + 15) & ~size_t{15}, pages = (used + kPage - 1) / kPage * kPage;
  void *p = mmap(nullptr, pages + kPage, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (p == MAP_FAILED || mprotect(p, pages, PROT_READ | PROT_WRITE) != 0) fault("emulator", "no memory for shared arrays");
  return static_cast<unsigned char *>(p) + pages - used;
}

void close_touched_allocations() {
  for (uintptr_t start : touched) {
    auto it = allocations.find(start);
    if (it == allocations.end()) continue;
    check_canaries(start, it->second);
    protect(it->second, PROT_NONE);
    it->second.open = false;
  }
  touched.clear();
}

uintptr_t offset_in_allocation(const void *p) {
  const uintptr_t a = reinterpret_cast<uintptr_t>(p);
  if (!in_arena(p)) return a;
  auto it = allocations.upper_bound(a);
  return it == allocations.begin() ? a : a - (--it)->first;
}

void check_argument(const void *p, const char *kernel, int position) {
  if (p && !in_arena(p) && !is_pinned(p)) fault("host pointer in a kernel", "argument %d of %s is %p, which is not device memory", position, kernel, p);
}

// ---- shared memory ---------------------------------------------------------------------------------------

void Region::renew() {
  static unsigned counted_block;
  static size_t static_bytes;
  if (counted_block != block_serial) counted_block = block_serial, static_bytes = 0;
  if (dynamic) {
    static std::map<size_t, unsigned char *> by_size;
    unsigned char *&p = by_size[bytes];
    if (!p) {
      p = map_guarded(bytes ? bytes : 1);
      shared_guards.push_back({(reinterpret_cast<uintptr_t>(p) + bytes + kPage - 1) / kPage * kPage, name});
    }
    base = p;
    if (cells) free(cells), cells = nullptr;
  } else {
    static_bytes += bytes;
    if (static_bytes > kStaticShared) fault("emulator", "more than 48 KB of static shared memory (ptxas refuses it)");
    if (!base) {
      base = map_guarded(bytes);
      shared_guards.push_back({(reinterpret_cast<uintptr_t>(base) + bytes + kPage - 1) / kPage * kPage, name});
    }
  }
  serial = block_serial;
  poison(base, bytes);
#if defined(RAP_EMU_RACES)
  if (!cells) cells = static_cast<Cell *>(malloc((bytes + 3) / 4 * sizeof(Cell) + sizeof(Cell)));
  for (size_t i = 0; i < (bytes + 3) / 4; i++) cells[i] = Cell{{-1, 0, 0}, {-1, 0, 0}, false, false};
#endif
}

// True if `past` may still be under way when `thread` runs on: no barrier and no __syncwarp of a common warp between.
static bool concurrent(const Access &past, int thread) {
  if (past.thread == -1 || past.thread == thread || past.epoch != block_epoch) return false;
  return past.thread == -2 || past.thread >> 5 != thread >> 5 || past.warp_epoch == warp_epoch[thread >> 5];
}

void touch(const Region *region, const void *p, size_t bytes, Touch kind) {
  const unsigned char *a = static_cast<const unsigned char *>(p);
  if (a < region->base || a + bytes > region->base + region->bytes)
    fault("out of bounds", "shared array %s of %zu bytes at byte %td", region->name, region->bytes, a - region->base);
  const Access now{current, block_epoch, warp_epoch[current >> 5]};
  const size_t first = static_cast<size_t>(a - region->base) / 4, last = static_cast<size_t>(a - region->base + bytes - 1) / 4;
  for (size_t i = first; i <= last; i++) {
    Cell &c = region->cells[i];
    const bool quiet = kind == Touch::atomic && c.atomic && c.write.epoch == block_epoch;
    const bool whole = bytes >= 4; // narrower elements share a word, so only their initialisation is followed
    if (whole && !quiet && concurrent(c.write, current))
      fault("race", "shared array %s, word %zu: written by thread %d, %s by thread %d with no barrier between", region->name, i,
            c.write.thread, kind == Touch::read ? "read" : "written", current);
    if (whole && kind != Touch::read && concurrent(c.read, current))
      fault("race", "shared array %s, word %zu: read by thread %d, written by thread %d with no barrier between", region->name, i,
            c.read.thread, current);
    if (kind == Touch::write) {
      c.write = now, c.initialised = true, c.atomic = false;
    } else if (!c.initialised) {
      fault("uninitialised read", "shared array %s, word %zu", region->name, i);
    } else if (kind == Touch::atomic) {
      c.write = now, c.atomic = true;
    } else {
      const bool same = c.read.epoch == block_epoch && c.read.thread != -1 && c.read.thread != current;
      c.read = now;
      if (same) c.read.thread = -2;
    }
  }
}

} // namespace emu

using namespace emu;

// ---- allocation ------------------------------------------------------------------------------------------

cudaError_t cudaMalloc(void **p, size_t bytes) {
  start();
  *p = nullptr;
  if (bytes == 0) return cudaSuccess;
  if (live_bytes + bytes > device_memory()) return fail(cudaErrorMemoryAllocation);
  // Large ones on huge pages, so that opening and closing them stays cheap.
  const bool huge = bytes >= kHugePage / 2;
  const size_t unit = huge ? kHugePage : kPage;
  const size_t used = (bytes + 15) & ~size_t{15}, pages = (used + unit - 1) / unit * unit;
  arena_top = (arena_top + unit - 1) / unit * unit;
  if (arena_top + pages + kPage > arena + kArena) fault("emulator", "the address space for device memory is used up");
  Allocation m{bytes, arena_top, arena_top + pages, false};
  const uintptr_t begin = m.end - used;
  arena_top = m.end + kPage;
  if (huge) madvise(reinterpret_cast<void *>(m.pages), pages, MADV_HUGEPAGE);
  protect(m, PROT_READ | PROT_WRITE);
  poison(reinterpret_cast<void *>(begin - (begin - m.pages > 256 ? 256 : begin - m.pages)), begin - m.pages > 256 ? 256 : begin - m.pages);
  poison(reinterpret_cast<void *>(begin), used);
  mark_redzones(begin, m, true);
  protect(m, PROT_NONE);
  allocations[begin] = m;
  live_bytes += bytes;
  *p = reinterpret_cast<void *>(begin);
  return cudaSuccess;
}

// The addresses are never used again, so a kernel that still uses them faults.
cudaError_t cudaFree(void *p) {
  if (!p) return cudaSuccess;
  auto it = allocations.find(reinterpret_cast<uintptr_t>(p));
  if (it == allocations.end()) return fail(cudaErrorInvalidValue);
  mark_redzones(it->first, it->second, false);
  madvise(reinterpret_cast<void *>(it->second.pages), it->second.end - it->second.pages, MADV_DONTNEED);
  live_bytes -= it->second.bytes;
  allocations.erase(it);
  return cudaSuccess;
}

cudaError_t cudaMallocAsync(void **p, size_t bytes, cudaStream_t) { return cudaMalloc(p, bytes); }
cudaError_t cudaFreeAsync(void *p, cudaStream_t) { return cudaFree(p); }

cudaError_t cudaHostAlloc(void **p, size_t bytes, unsigned) {
  *p = aligned_alloc(kPage, (bytes + kPage - 1) / kPage * kPage);
  if (!*p) return fail(cudaErrorMemoryAllocation);
  pinned[*p] = bytes;
  return cudaSuccess;
}

cudaError_t cudaFreeHost(void *p) {
  if (p && !pinned.erase(p)) return fail(cudaErrorInvalidValue);
  free(p);
  return cudaSuccess;
}

cudaError_t cudaMemGetInfo(size_t *free, size_t *total) {
  *total = device_memory();
  *free = *total - live_bytes;
  return cudaSuccess;
}

// ---- copies ----------------------------------------------------------------------------------------------

cudaError_t cudaMemcpy(void *to, const void *from, size_t bytes, cudaMemcpyKind kind) {
  if (bytes == 0) return cudaSuccess;
  const bool to_device = in_arena(to), from_device = in_arena(from);
  if (kind != cudaMemcpyDefault) {
    const bool wants_to = kind == cudaMemcpyHostToDevice || kind == cudaMemcpyDeviceToDevice;
    const bool wants_from = kind == cudaMemcpyDeviceToHost || kind == cudaMemcpyDeviceToDevice;
    if (wants_to != to_device || wants_from != from_device) return fail(cudaErrorInvalidValue);
  }
  if ((to_device && !open_range(to, bytes)) || (from_device && !open_range(from, bytes))) {
    close_touched_allocations();
    return fail(cudaErrorInvalidValue);
  }
  if (from_device && !to_device) check_poison(from, bytes);
  memmove(to, from, bytes);
  close_touched_allocations();
  return cudaSuccess;
}

cudaError_t cudaMemcpyAsync(void *to, const void *from, size_t bytes, cudaMemcpyKind kind, cudaStream_t) {
  return cudaMemcpy(to, from, bytes, kind);
}

cudaError_t cudaMemset(void *p, int value, size_t bytes) {
  if (bytes == 0) return cudaSuccess;
  if (!in_arena(p) || !open_range(p, bytes)) return fail(cudaErrorInvalidValue);
  memset(p, value, bytes);
  close_touched_allocations();
  return cudaSuccess;
}

cudaError_t cudaMemsetAsync(void *p, int value, size_t bytes, cudaStream_t) { return cudaMemset(p, value, bytes); }
