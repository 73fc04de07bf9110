// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "runtime/bounds.h"

#include "base/text.h"
#include "wasm/printer.h"

namespace vitrine::core {

namespace {

bool is_within(uint64_t start, uint64_t count, uint64_t size)
{
    return start <= size && count <= size - start;
}

std::string bytes_text(
    uint64_t count, std::optional<uint64_t> address, const std::string& what, uint64_t size)
{
    return count_text(count, "byte") + " at " + (address ? hex(*address) : "an address beyond 64 bits")
        + " of " + what + ", which has " + hex(size) + " bytes";
}

std::string elements_text(uint64_t index, uint64_t count)
{
    if (count == 1)
        return "element " + std::to_string(index) + " of ";
    return count_text(count, "element") + " at " + std::to_string(index) + " of ";
}

} // namespace

std::string memory_excess(
    const Instance& instance, uint32_t memory, std::optional<uint64_t> address, uint64_t count)
{
    const Memory& accessed = *instance.memories[memory];
    if (address && accessed.contains(*address, count))
        return "";
    return bytes_text(count, address,
        identifier(instance.module->names().memories.find(memory), "memory", memory), accessed.size());
}

std::string table_excess(const Instance& instance, uint32_t table, uint64_t index, uint64_t count)
{
    const Table& accessed = *instance.tables[table];
    if (accessed.contains(index, count))
        return "";
    return elements_text(index, count)
        + identifier(instance.module->names().tables.find(table), "table", table) + ", which has "
        + std::to_string(accessed.size());
}

std::string data_excess(const Instance& instance, uint32_t data, uint64_t from, uint64_t count)
{
    const uint64_t size = instance.data_dropped[data] ? 0 : instance.module->datas[data].bytes.size();
    if (is_within(from, count, size))
        return "";
    return bytes_text(count, from, identifier(instance.module->names().datas.find(data), "data", data), size);
}

std::string elem_excess(const Instance& instance, uint32_t elem, uint64_t from, uint64_t count)
{
    const uint64_t size = instance.elems[elem].size();
    if (is_within(from, count, size))
        return "";
    return elements_text(from, count) + identifier(instance.module->names().elems.find(elem), "elem", elem)
        + ", which has " + std::to_string(size);
}

std::string array_excess(const Object& array, uint64_t index, uint64_t count)
{
    if (is_within(index, count, array.length))
        return "";
    return elements_text(index, count) + "an array of " + std::to_string(array.length);
}

Trap trap_with_detail(TrapKind kind, const std::string& detail)
{
    Trap trap { kind };
    if (!detail.empty())
        trap.message = std::string(to_text(kind)) + ": " + detail;
    return trap;
}

} // namespace vitrine::core
