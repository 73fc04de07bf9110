// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "runtime/table.h"

#include "base/text.h"

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <sys/mman.h>
#include <utility>

namespace vitrine::core {

namespace {

/// From this size on, a table is mapped: the system provides zeroed pages when they are first
/// accessed. Smaller tables come from the allocator, because there can be very many.
constexpr uint64_t min_mapped = 32'768;

} // namespace

Result<Table> Table::create(const TableType& type, Ref initial)
{
    const uint64_t size = type.limits.min;
    if (size > max_elements)
        return failure("a table of " + count_text(size, "element") + " is larger than the limit of "
            + std::to_string(max_elements));
    Table table(type);
    if (!table.reserve(size))
        return failure("cannot allocate a table of " + count_text(size, "element"));
    table.count = static_cast<uint32_t>(size);
    if (!initial.is_null())
        std::ranges::fill(table.writable_elements(), initial);
    return table;
}

Table::~Table()
{
    if (capacity_ >= min_mapped)
        munmap(data, capacity_ * sizeof(Ref));
    else
        std::free(data);
}

Table::Table(Table&& other) noexcept
    : TableHead { std::exchange(other.data, nullptr), std::exchange(other.count, 0) },
      capacity_(std::exchange(other.capacity_, 0)),
      type_(other.type_)
{}

bool Table::reserve(uint64_t capacity)
{
    if (capacity <= capacity_)
        return true;
    const uint64_t old_bytes = capacity_ * sizeof(Ref), bytes = capacity * sizeof(Ref);
    void* moved = nullptr;
    if (capacity_ >= min_mapped) {
        moved = mremap(data, old_bytes, bytes, MREMAP_MAYMOVE);
    } else if (capacity >= min_mapped) {
        moved =
            mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    } else {
        moved = std::calloc(capacity, sizeof(Ref));
    }
    if (!moved || moved == MAP_FAILED)
        return false;
    if (capacity_ < min_mapped && data) {
        std::memcpy(moved, data, count * sizeof(Ref));
        std::free(data);
    }
    data = static_cast<Ref*>(moved);
    capacity_ = static_cast<uint32_t>(capacity);
    return true;
}

std::optional<uint32_t> Table::grow(uint64_t delta, Ref initial)
{
    const uint32_t old_size = count;
    const uint64_t limit = std::min(type_.limits.max.value_or(max_elements), max_elements);
    if (old_size > limit || delta > limit - old_size)
        return std::nullopt;
    const uint64_t new_size = old_size + delta;
    // Reserve more than requested, so that growing in small steps takes amortized constant time.
    if (new_size > capacity_ && !reserve(std::min(limit, std::max(new_size, uint64_t { capacity_ } * 2)))
        && !reserve(new_size))
        return std::nullopt;
    count = static_cast<uint32_t>(new_size);
    if (!initial.is_null())
        std::ranges::fill(writable_elements().subspan(old_size), initial);
    return old_size;
}

} // namespace vitrine::core
