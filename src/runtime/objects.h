// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "runtime/heap.h"
#include "runtime/instance.h"
#include "runtime/slot.h"

#include <algorithm>
#include <cstdint>

// Operations on references, structs and arrays. [spec: exec/instructions]

namespace vitrine::core {

/// Whether a non-null reference has the heap type that an immediate denotes: a type index, or a
/// negative number for an abstract type. [spec: exec/instructions, ref.test]
bool is_instance(const Instance& instance, Ref ref, int64_t heap);

/// Whether the reference has the reference type.
inline bool is_instance(const Instance& instance, Ref ref, int64_t heap, bool nullable)
{
    return ref.is_null() ? nullable : is_instance(instance, ref, heap);
}

/// Extends a field or element, as the instructions ending in `_s` and `_u` do.
inline Slot extend_packed(Slot value, uint8_t bytes, bool is_signed)
{
    if (bytes == 1)
        return is_signed ? to_slot(static_cast<int8_t>(value)) : static_cast<uint8_t>(value);
    return is_signed ? to_slot(static_cast<int16_t>(value)) : static_cast<uint16_t>(value);
}

inline bool contains(const Object& array, uint64_t start, uint64_t count)
{
    return start <= array.length && count <= array.length - start;
}

/// The number of slots that an array element takes on the stack.
inline uint32_t element_width(const TypeInfo& type) { return type.element_bytes == 16 ? 2 : 1; }

// struct.new, throw, array.new, array.new_fixed. They return null if the heap is full. The values
// are in consecutive slots; the objects that they refer to must be rooted.
inline Object* struct_new(Heap& heap, const TypeInfo& type, const Slot* fields)
{
    Object* const object = heap.make_struct(type);
    if (object)
        std::copy_n(fields, type.slots, object->writable_slots());
    return object;
}
/// Creates the exception of a `throw`.
inline ExceptionObject* exception_new(Heap& heap, const Tag& tag, const Slot* values)
{
    ExceptionObject* const exception = heap.make_exception(tag, *tag.type);
    if (exception)
        std::copy_n(values, tag.type->slots, exception->writable_values());
    return exception;
}
Object* array_new(Heap& heap, const TypeInfo& type, const Slot* value, uint32_t length);
Object* array_new_fixed(Heap& heap, const TypeInfo& type, const Slot* values, uint32_t length);

/// Whether a range of bytes or elements is in bounds of a segment.
TrapKind check_data(const Instance& instance, uint32_t data, uint64_t from, uint64_t bytes);
TrapKind check_elem(const Instance& instance, uint32_t elem, uint64_t from, uint64_t count);

/// array.fill, array.copy, array.init_data, array.init_elem. They write everything or trap. The
/// arrays may be null.
TrapKind array_fill(Object* array, uint64_t at, const Slot* value, uint64_t count);
TrapKind array_copy(Object* to, uint64_t to_index, Object* from, uint64_t from_index, uint64_t count);
TrapKind array_init_data(
    const Instance& instance, Object* array, uint64_t at, uint32_t data, uint64_t from, uint64_t count);
TrapKind array_init_elem(
    const Instance& instance, Object* array, uint64_t at, uint32_t elem, uint64_t from, uint64_t count);

} // namespace vitrine::core
