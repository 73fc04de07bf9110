// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "runtime/table.h"

#include <algorithm>

namespace vitrine::core {

Result<Table> Table::create(const TableType& type, Ref initial)
{
    if (type.limits.min > max_elements)
        return failure("a table of " + std::to_string(type.limits.min)
            + " elements is larger than the limit of " + std::to_string(max_elements));
    return Table(type, initial);
}

std::optional<uint32_t> Table::grow(uint64_t delta, Ref initial)
{
    const uint32_t old_size = size();
    const uint64_t limit = std::min(type_.limits.max.value_or(max_elements), max_elements);
    if (old_size > limit || delta > limit - old_size)
        return std::nullopt;
    elements_.resize(old_size + delta, initial);
    return old_size;
}

} // namespace vitrine::core
