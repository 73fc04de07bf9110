// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "runtime/objects.h"

#include "runtime/store.h"

#include <cstring>

namespace vitrine::core {

namespace {

bool is_of_kind(Ref ref, HeapKind kind)
{
    using enum HeapKind;
    switch (kind) {
    case Func:
    case Extern:
    case Any:
    case Exn: return true;
    case None:
    case NoFunc:
    case NoExtern:
    case NoExn: return false;
    case I31: return ref.is_i31();
    default: break;
    }
    if (ref.is_i31())
        return kind == Eq;
    const Object::Kind object = ref.object()->kind;
    return (object == Object::Kind::Struct && kind != Array)
        || (object == Object::Kind::Array && kind != Struct);
}

} // namespace

bool is_instance(const Instance& instance, Ref ref, int64_t heap)
{
    if (heap < 0) {
        const auto* row = std::ranges::find(heap_table, static_cast<uint8_t>(heap & 0x7f), &HeapInfo::code);
        return is_of_kind(ref, static_cast<HeapKind>(row - heap_table));
    }
    const TypeInfo& type = *instance.types[heap];
    if (type.type.func())
        return instance.store->engine().types.is_subtype(ref.function()->type, type.id);
    if (ref.is_i31())
        return false;
    const TypeInfo* actual = ref.object()->type;
    return actual && actual->is_subtype_of(type);
}

Object* array_new(Heap& heap, const TypeInfo& type, const Slot* value, uint32_t length)
{
    Object* const array = heap.make_array(type, length);
    if (array)
        array_fill(array, 0, value, length);
    return array;
}

Object* array_new_fixed(Heap& heap, const TypeInfo& type, const Slot* values, uint32_t length)
{
    Object* const array = heap.make_array(type, length);
    if (!array)
        return nullptr;
    const uint64_t width = element_width(type);
    for (uint32_t i = 0; i < length; ++i)
        store_element(*array, i, values + i * width);
    return array;
}

TrapKind check_data(const Instance& instance, uint32_t data, uint64_t from, uint64_t bytes)
{
    const uint64_t size = instance.data_dropped[data] ? 0 : instance.module->datas[data].bytes.size();
    return from > size || bytes > size - from ? TrapKind::MemoryOutOfBounds : no_trap;
}

TrapKind check_elem(const Instance& instance, uint32_t elem, uint64_t from, uint64_t count)
{
    const uint64_t size = instance.elems[elem].size();
    return from > size || count > size - from ? TrapKind::TableOutOfBounds : no_trap;
}

TrapKind array_fill(Object* array, uint64_t at, const Slot* value, uint64_t count)
{
    if (!array)
        return TrapKind::NullArray;
    if (!contains(*array, at, count))
        return TrapKind::ArrayOutOfBounds;
    for (uint64_t i = 0; i < count; ++i)
        store_element(*array, at + i, value);
    return no_trap;
}

TrapKind array_copy(Object* to, uint64_t to_index, Object* from, uint64_t from_index, uint64_t count)
{
    if (!to || !from)
        return TrapKind::NullArray;
    if (!contains(*to, to_index, count) || !contains(*from, from_index, count))
        return TrapKind::ArrayOutOfBounds;
    std::memmove(to->writable_element(to_index), from->element(from_index), count * to->type->element_bytes);
    return no_trap;
}

TrapKind array_init_data(
    const Instance& instance, Object* array, uint64_t at, uint32_t data, uint64_t from, uint64_t count)
{
    if (!array)
        return TrapKind::NullArray;
    if (!contains(*array, at, count))
        return TrapKind::ArrayOutOfBounds;
    const uint64_t bytes = count * array->type->element_bytes;
    if (const TrapKind trap = check_data(instance, data, from, bytes); trap != no_trap)
        return trap;
    if (bytes != 0)
        std::ranges::copy(
            instance.module->datas[data].bytes.subspan(from, bytes), array->writable_element(at));
    return no_trap;
}

TrapKind array_init_elem(
    const Instance& instance, Object* array, uint64_t at, uint32_t elem, uint64_t from, uint64_t count)
{
    if (!array)
        return TrapKind::NullArray;
    if (!contains(*array, at, count))
        return TrapKind::ArrayOutOfBounds;
    if (const TrapKind trap = check_elem(instance, elem, from, count); trap != no_trap)
        return trap;
    const std::vector<Ref>& source = instance.elems[elem];
    for (uint64_t i = 0; i < count; ++i)
        array->writable_slots()[at + i] = source[from + i].bits;
    return no_trap;
}

} // namespace vitrine::core
