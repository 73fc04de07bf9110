// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "jit/out_of_line.h"

#include "exec/thread.h"
#include "runtime/bulk.h"
#include "runtime/objects.h"
#include "runtime/store.h"

namespace vitrine::core::jit {

namespace {

uint32_t first(uint64_t argument) { return static_cast<uint32_t>(argument); }
uint32_t second(uint64_t argument) { return static_cast<uint32_t>(argument >> 32); }

/// Whether the thread watches any of these bytes. They need not be in bounds.
bool touches_watched(
    const Instance& instance, uint32_t memory, uint64_t address, uint64_t count, bool is_write)
{
    const Watches& watches = *instance.store->current_thread.load()->watches();
    const auto begin = reinterpret_cast<uintptr_t>(instance.memories[memory]->writable_base()) + address;
    return count != 0 && watches.touches({ begin, begin + count, is_write });
}

/// Sets `Thread::state` and `Thread::control` to the frame that makes the call.
void complete_state(MachineContext& machine, Slot* sp, uint64_t place, uint64_t function)
{
    Thread& thread = *machine.thread;
    // The call has pushed its return address onto the frame's record.
    thread.control = reinterpret_cast<Record*>(machine.general[4] + sizeof(uint64_t));
    thread.state = { machine.instance()->functions[function], first(place), second(place), machine.fp(), sp };
}

/// Calls `make` with the heap when the thread's state is complete.
template<class Make>
uint64_t make_object(MachineContext& machine, Slot* sp, uint64_t place, uint64_t function, const Make& make)
{
    complete_state(machine, sp, place, function);
    const Object* const object = make(machine.thread->store.heap);
    machine.is_out_of_memory = !object;
    return Ref::of(object).bits;
}

const TypeInfo& type_of(const MachineContext& machine, uint64_t argument)
{
    return *machine.instance()->types[first(argument)];
}

/// array.new_data and array.new_elem: the segment's range is in bounds.
template<class Init>
uint64_t make_array_of_segment(MachineContext& machine, Slot* sp, uint64_t type_and_segment, uint64_t place,
    uint64_t function, const Init& init)
{
    const auto from = static_cast<uint32_t>(sp[-2]), length = static_cast<uint32_t>(sp[-1]);
    return make_object(machine, sp, place, function, [&](Heap& heap) {
        Object* const array = heap.make_array(type_of(machine, type_and_segment), length);
        if (array)
            init(*machine.instance(), array, 0, second(type_and_segment), from, length);
        return array;
    });
}

} // namespace

uint64_t grow_memory(Instance* instance, Slot* sp, uint64_t memory)
{
    // A limiter is the embedder's: it may look at the guest's frames.
    if (instance->store->limiter)
        return 1;
    Memory& grown = *instance->memories[memory];
    sp[-1] = instance->store->grow(grown, sp[-1]).value_or(grown.is_64() ? UINT64_MAX : UINT32_MAX);
    return 0;
}

uint64_t copy_memory(Instance* instance, Slot* sp, uint64_t to_and_from)
{
    return memory_copy(*instance->memories[first(to_and_from)], *instance->memories[second(to_and_from)],
               sp[-3], sp[-2], sp[-1])
        != no_trap;
}

uint64_t fill_memory(Instance* instance, Slot* sp, uint64_t memory)
{
    return memory_fill(*instance->memories[memory], sp[-3], sp[-2], sp[-1]) != no_trap;
}

uint64_t init_memory(Instance* instance, Slot* sp, uint64_t data_and_memory)
{
    return memory_init(
               *instance, { second(data_and_memory) }, { first(data_and_memory) }, sp[-3], sp[-2], sp[-1])
        != no_trap;
}

uint64_t copy_watched_memory(Instance* instance, Slot* sp, uint64_t to_and_from)
{
    return touches_watched(*instance, first(to_and_from), sp[-3], sp[-1], true)
        || touches_watched(*instance, second(to_and_from), sp[-2], sp[-1], false)
        || copy_memory(instance, sp, to_and_from);
}

uint64_t fill_watched_memory(Instance* instance, Slot* sp, uint64_t memory)
{
    return touches_watched(*instance, static_cast<uint32_t>(memory), sp[-3], sp[-1], true)
        || fill_memory(instance, sp, memory);
}

uint64_t init_watched_memory(Instance* instance, Slot* sp, uint64_t data_and_memory)
{
    return touches_watched(*instance, second(data_and_memory), sp[-3], sp[-1], true)
        || init_memory(instance, sp, data_and_memory);
}

uint64_t drop_data(Instance* instance, Slot*, uint64_t data)
{
    data_drop(*instance, { first(data) });
    return 0;
}

uint64_t grow_table(Instance* instance, Slot* sp, uint64_t table)
{
    if (instance->store->limiter)
        return 1;
    Table& grown = *instance->tables[table];
    const auto old_size = instance->store->grow(grown, sp[-1], { sp[-2] });
    sp[-2] = old_size ? *old_size : grown.type().limits.is_64 ? UINT64_MAX : UINT32_MAX;
    return 0;
}

uint64_t copy_table(Instance* instance, Slot* sp, uint64_t to_and_from)
{
    return table_copy(*instance->tables[first(to_and_from)], *instance->tables[second(to_and_from)], sp[-3],
               sp[-2], sp[-1])
        != no_trap;
}

uint64_t fill_table(Instance* instance, Slot* sp, uint64_t table)
{
    return table_fill(*instance->tables[table], sp[-3], { sp[-2] }, sp[-1]) != no_trap;
}

uint64_t init_table(Instance* instance, Slot* sp, uint64_t elem_and_table)
{
    return table_init(
               *instance, { second(elem_and_table) }, { first(elem_and_table) }, sp[-3], sp[-2], sp[-1])
        != no_trap;
}

uint64_t drop_elem(Instance* instance, Slot*, uint64_t elem)
{
    elem_drop(*instance, { first(elem) });
    return 0;
}

uint64_t fill_array(Instance*, Slot* sp, uint64_t element_slots)
{
    const Slot* const operands = sp - 3 - element_slots;
    return array_fill(Ref { operands[0] }.object(), operands[1], operands + 2, sp[-1]) != no_trap;
}

uint64_t copy_array(Instance*, Slot* sp, uint64_t)
{
    return array_copy(Ref { sp[-5] }.object(), sp[-4], Ref { sp[-3] }.object(), sp[-2], sp[-1]) != no_trap;
}

uint64_t init_array_data(Instance* instance, Slot* sp, uint64_t data)
{
    return array_init_data(*instance, Ref { sp[-4] }.object(), sp[-3], first(data), sp[-2], sp[-1])
        != no_trap;
}

uint64_t init_array_elem(Instance* instance, Slot* sp, uint64_t elem)
{
    return array_init_elem(*instance, Ref { sp[-4] }.object(), sp[-3], first(elem), sp[-2], sp[-1])
        != no_trap;
}

uint64_t make_struct(MachineContext* machine, Slot* sp, uint64_t type, uint64_t place, uint64_t function)
{
    const TypeInfo& info = type_of(*machine, type);
    return make_object(
        *machine, sp, place, function, [&](Heap& heap) { return struct_new(heap, info, sp - info.slots); });
}

uint64_t make_default_struct(
    MachineContext* machine, Slot* sp, uint64_t type, uint64_t place, uint64_t function)
{
    return make_object(
        *machine, sp, place, function, [&](Heap& heap) { return heap.make_struct(type_of(*machine, type)); });
}

uint64_t make_array(MachineContext* machine, Slot* sp, uint64_t type, uint64_t place, uint64_t function)
{
    const TypeInfo& info = type_of(*machine, type);
    return make_object(*machine, sp, place, function, [&](Heap& heap) {
        return array_new(heap, info, sp - 1 - element_width(info), static_cast<uint32_t>(sp[-1]));
    });
}

uint64_t make_default_array(
    MachineContext* machine, Slot* sp, uint64_t type, uint64_t place, uint64_t function)
{
    return make_object(*machine, sp, place, function,
        [&](Heap& heap) { return heap.make_array(type_of(*machine, type), static_cast<uint32_t>(sp[-1])); });
}

uint64_t make_fixed_array(
    MachineContext* machine, Slot* sp, uint64_t type_and_length, uint64_t place, uint64_t function)
{
    const TypeInfo& info = type_of(*machine, type_and_length);
    const uint32_t length = second(type_and_length);
    return make_object(*machine, sp, place, function, [&](Heap& heap) {
        return array_new_fixed(heap, info, sp - uint64_t { length } * element_width(info), length);
    });
}

uint64_t make_array_of_data(
    MachineContext* machine, Slot* sp, uint64_t type_and_data, uint64_t place, uint64_t function)
{
    const uint64_t bytes =
        static_cast<uint32_t>(sp[-1]) * uint64_t { type_of(*machine, type_and_data).element_bytes };
    if (check_data(*machine->instance(), second(type_and_data), static_cast<uint32_t>(sp[-2]), bytes)
        != no_trap)
        return 0;
    return make_array_of_segment(*machine, sp, type_and_data, place, function, array_init_data);
}

uint64_t make_array_of_elem(
    MachineContext* machine, Slot* sp, uint64_t type_and_elem, uint64_t place, uint64_t function)
{
    if (check_elem(*machine->instance(), second(type_and_elem), static_cast<uint32_t>(sp[-2]),
            static_cast<uint32_t>(sp[-1]))
        != no_trap)
        return 0;
    return make_array_of_segment(*machine, sp, type_and_elem, place, function, array_init_elem);
}

const Function* check_type(const Instance* instance, const Function* function, uint64_t type)
{
    const TypeRegistry& types = instance->store->engine().types;
    return types.is_subtype(function->type, TypeId { static_cast<uint32_t>(type) }) ? function : nullptr;
}

} // namespace vitrine::core::jit
