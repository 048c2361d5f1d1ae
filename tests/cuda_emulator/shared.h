// Shared memory: one region per declaration, filled with poison when a block first meets it, with a guard page behind.
// Built with RAP_EMU_RACES, shared pointers are checked ones: every access is tested against the accesses of the
// block's other threads since the last barrier, against the bounds, and for having been written at all.
#pragma once

namespace emu {

// One access in the past of a shared word.
struct Access {
  int thread; // -1: none, -2: several
  unsigned epoch, warp_epoch;
};
struct Cell {
  Access write, read;
  bool initialised, atomic;
};

struct Region {
  const char *name;
  size_t bytes;
  bool dynamic;
  unsigned serial;
  unsigned char *base;
  Cell *cells; // one per 4 bytes, in the checked build
  void renew();
  unsigned char *enter() {
    if (serial != block_serial) renew();
    return base;
  }
};
extern Region dynamic_shared;

enum class Touch { read, write, atomic };
void touch(const Region *region, const void *p, size_t bytes, Touch kind);

template <typename T> class SharedPointer;

// What `tile[i]` is in the checked build: reads and writes of it are recorded.
template <typename T> class SharedReference {
  using Value = std::remove_const_t<T>;
  T *p;
  Region *region;

public:
  SharedReference(T *p, Region *region) : p(p), region(region) {}
  SharedReference(const SharedReference &) = default;
  operator Value() const {
    touch(region, p, sizeof(T), Touch::read);
    return *p;
  }
  Value operator=(Value v) const {
    touch(region, p, sizeof(T), Touch::write);
    return *p = v;
  }
  Value operator=(const SharedReference &other) const { return *this = static_cast<Value>(other); }
  Value operator+=(Value v) const { return *this = static_cast<Value>(*this) + v; }
  Value operator-=(Value v) const { return *this = static_cast<Value>(*this) - v; }
  Value operator*=(Value v) const { return *this = static_cast<Value>(*this) * v; }
  SharedPointer<T> operator&() const { return {p, region}; }
};

template <typename T> class SharedPointer {
public:
  T *p;
  Region *region;
  SharedPointer(T *p, Region *region) : p(p), region(region) {}
  SharedReference<T> operator[](int64_t i) const { return {p + i, region}; }
  SharedReference<T> operator*() const { return {p, region}; }
  SharedPointer operator+(int64_t i) const { return {p + i, region}; }
  SharedPointer operator-(int64_t i) const { return {p - i, region}; }
  T *atomic() const {
    touch(region, p, sizeof(T), Touch::atomic);
    return p;
  }
};

// How far into its device allocation `p` points; elsewhere its address. Allocations end at a page instead of beginning at
// one, so addresses themselves say nothing about the alignment that a card would see.
uintptr_t offset_in_allocation(const void *p);

template <typename U, typename T> SharedPointer<U> shared_as(const SharedPointer<T> &q) { return {reinterpret_cast<U *>(q.p), q.region}; }

} // namespace emu

#define RAP_EMU_REGION(T, name, count)                                                                          \
  static ::emu::Region name##_region{#name, sizeof(T) * (count), false, 0, nullptr, nullptr};
#if defined(RAP_EMU_RACES)
#define RAP_SHARED_PTR(T) ::emu::SharedPointer<T>
#define RAP_SHARED(T, name, count)                                                                              \
  RAP_EMU_REGION(T, name, count)                                                                                \
  const RAP_SHARED_PTR(T) name{reinterpret_cast<T *>(name##_region.enter()), &name##_region}
#define RAP_DYNAMIC_SHARED(T, name)                                                                             \
  const RAP_SHARED_PTR(T) name{reinterpret_cast<T *>(::emu::dynamic_shared.enter()), &::emu::dynamic_shared}
#define RAP_SHARED_AS(T, p) ::emu::shared_as<T>(p)
#else
#define RAP_SHARED_PTR(T) T *
#define RAP_SHARED(T, name, count)                                                                              \
  RAP_EMU_REGION(T, name, count)                                                                                \
  T *const name = reinterpret_cast<T *>(name##_region.enter())
#define RAP_DYNAMIC_SHARED(T, name) T *const name = reinterpret_cast<T *>(::emu::dynamic_shared.enter())
#define RAP_SHARED_AS(T, p)         reinterpret_cast<T *>(p)
#endif
