// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "eval/containers.h"

#include "eval/source_value.h"
#include "runtime/memory.h"
#include "source/render.h"

#include <bit>
#include <string>

namespace vitrine::core::eval {

bool is_text_container(SourceTypes& types, source::TypeId type)
{
    const auto indexing = source::indexing_of(types, type);
    return indexing && indexing->key == source::TypeId {} && !indexing->is_copied
        && types.size_of(indexing->element) == 1;
}

namespace steps {

namespace {

std::vector<uint8_t> bytes_of(uint64_t number, size_t count)
{
    std::vector<uint8_t> bytes(count);
    for (size_t i = 0; i < count && i < sizeof number; ++i)
        bytes[i] = static_cast<uint8_t>(number >> 8 * i);
    return bytes;
}

source::Value pop_container(Machine& machine, const Container& container)
{
    source::Value value { .type = container.type };
    if (container.words == 0) {
        value.address = *--machine.sp;
        return value;
    }
    machine.sp -= container.words;
    for (uint32_t i = 0; i < container.words; ++i) {
        const auto word = bytes_of(machine.sp[i], sizeof(uint32_t));
        value.bytes.insert(value.bytes.end(), word.begin(), word.end());
    }
    value.missing = container.missing;
    return value;
}

/// Pops the container, and pushes the address of what `find` finds in it.
template<class Find> bool find_in(Machine& machine, const Step& step, const Find& find)
{
    const Container& container = *machine.program.containers[step.operand];
    const source::Value value = pop_container(machine, container);
    MemoryReader reader(*machine.instance, container.symbols, container.memory);
    const Result<source::Value> found = find(reader, value, container);
    if (!found)
        return machine.fail(step, found.error().message);
    if (!found->address)
        return machine.fail(step, "the element has no address");
    *machine.sp++ = *found->address;
    return true;
}

} // namespace

bool contained_element(Machine& machine, const Step& step)
{
    const auto index = static_cast<int64_t>(*--machine.sp);
    return find_in(machine, step, [&](MemoryReader& reader, const source::Value& value, const Container&) {
        return source::element_at(reader, value, index);
    });
}

bool contained_entry(Machine& machine, const Step& step)
{
    const uint64_t key = *--machine.sp;
    return find_in(
        machine, step, [&](MemoryReader& reader, const source::Value& value, const Container& container) {
            source::Value of { .type = container.indexing.key };
            of.bytes = bytes_of(key, container.key_bytes);
            return source::entry_at(reader, value, of);
        });
}

bool contained_entry_of_text(Machine& machine, const Step& step)
{
    machine.sp -= 2;
    std::string key(machine.sp[1], '\0');
    guest_move(
        reinterpret_cast<uint8_t*>(key.data()), std::bit_cast<const uint8_t*>(machine.sp[0]), key.size());
    return find_in(machine, step, [&](MemoryReader& reader, const source::Value& value, const Container&) {
        return source::entry_at(reader, value, key);
    });
}

bool contained_value(Machine& machine, const Step& step)
{
    return find_in(machine, step, [&](MemoryReader& reader, const source::Value& value, const Container&) {
        return source::value_in(reader, value);
    });
}

bool contained_text(Machine& machine, const Step& step)
{
    const Container& container = *machine.program.containers[step.operand];
    const source::Value value = pop_container(machine, container);
    MemoryReader reader(*machine.instance, container.symbols, container.memory);
    const uint64_t count = source::child_count(reader, value, { .has_units = true });
    const auto first = count == 0 ? Result<source::Value>(source::Value { .address = 0 })
                                  : source::element_at(reader, value, 0);
    if (!first)
        return machine.fail(step, first.error().message);
    const Memory& memory = *machine.instance->memories[container.memory];
    if (!first->address || !memory.contains(*first->address, count))
        return machine.fail(step, "the text is not in memory");
    *machine.sp++ = std::bit_cast<Slot>(memory.base() + *first->address);
    *machine.sp++ = count;
    return true;
}

bool check_index(Machine& machine, const Step& step)
{
    const uint64_t length = *--machine.sp;
    const auto index = static_cast<int64_t>(machine.sp[-1]);
    if (index >= 0 && static_cast<uint64_t>(index) < length)
        return true;
    return machine.fail(
        step, "index " + std::to_string(index) + " is out of range: the size is " + std::to_string(length));
}

} // namespace steps
} // namespace vitrine::core::eval
