// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "eval/steps.h"

#include "base/text.h"
#include "runtime/heap.h"
#include "runtime/memory.h"
#include "runtime/numeric.h"
#include "runtime/slot.h"
#include "runtime/store.h"
#include "runtime/table.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <concepts>
#include <limits>
#include <tuple>
#include <type_traits>

namespace vitrine::core::eval::steps {

namespace {

// -- Values on the stack

template<class T> T pop(Machine& machine) { return from_slot<T>(*--machine.sp); }
template<class T> void push(Machine& machine, T value) { *machine.sp++ = to_slot(value); }

Ref pop_ref(Machine& machine) { return { *--machine.sp }; }

/// The mutator that writes on behalf of the debugger.
Mutator& mutator(Machine& machine) { return machine.instance->store->mutator; }

/// The C++ types in the order of `NumberKind`.
using Numbers = std::tuple<int32_t, uint32_t, int64_t, uint64_t, float, double>;
template<size_t I> using Number = std::tuple_element_t<I, Numbers>;

/// A table of `Maker::of<T>()` for each number type.
template<class Maker> constexpr auto for_numbers(Maker maker)
{
    return [&]<size_t... I>(std::index_sequence<I...>) {
        return std::array<Step::Run, number_kinds> { maker.template operator()<Number<I>>()... };
    }(std::make_index_sequence<number_kinds> {});
}

// -- Operators

/// Signed and unsigned integers wrap.
template<class T>
using Wrapping =
    typename std::conditional_t<std::is_integral_v<T>, std::make_unsigned<T>, std::type_identity<T>>::type;

struct Add {
    template<class T> static T of(T a, T b) { return static_cast<T>(Wrapping<T>(a) + Wrapping<T>(b)); }
};
struct Subtract {
    template<class T> static T of(T a, T b) { return static_cast<T>(Wrapping<T>(a) - Wrapping<T>(b)); }
};
struct Multiply {
    template<class T> static T of(T a, T b) { return static_cast<T>(Wrapping<T>(a) * Wrapping<T>(b)); }
};
struct Divide {
    template<std::integral T> static numeric::OrTrap<T> of(T a, T b) { return numeric::div(a, b); }
    template<std::floating_point T> static T of(T a, T b) { return a / b; }
};
struct Remainder {
    template<std::integral T> static numeric::OrTrap<T> of(T a, T b) { return numeric::rem(a, b); }
};
struct And {
    template<std::integral T> static T of(T a, T b) { return a & b; }
};
struct Or {
    template<std::integral T> static T of(T a, T b) { return a | b; }
};
struct Xor {
    template<std::integral T> static T of(T a, T b) { return a ^ b; }
};
struct Equal {
    template<class T> static uint32_t of(T a, T b) { return a == b; }
};
struct Unequal {
    template<class T> static uint32_t of(T a, T b) { return a != b; }
};
struct Less {
    template<class T> static uint32_t of(T a, T b) { return a < b; }
};
struct LessOrEqual {
    template<class T> static uint32_t of(T a, T b) { return a <= b; }
};
struct Greater {
    template<class T> static uint32_t of(T a, T b) { return a > b; }
};
struct GreaterOrEqual {
    template<class T> static uint32_t of(T a, T b) { return a >= b; }
};

template<class T> bool give(Machine& machine, const Step&, T value)
{
    push(machine, value);
    return true;
}
template<class T> bool give(Machine& machine, const Step& step, numeric::OrTrap<T> value)
{
    if (value.trap != no_trap) [[unlikely]]
        return machine.fail(step,
            value.trap == TrapKind::IntegerDivideByZero ? "division by zero" : "the quotient does not fit");
    push(machine, value.value);
    return true;
}

template<class Operation, class T> bool run_binary(Machine& machine, const Step& step)
{
    const T right = pop<T>(machine);
    const T left = pop<T>(machine);
    return give(machine, step, Operation::of(left, right));
}

template<class Operation> constexpr std::array<Step::Run, number_kinds> binary_steps()
{
    return for_numbers([]<class T>() -> Step::Run {
        if constexpr (requires(T a) { Operation::of(a, a); })
            return run_binary<Operation, T>;
        else
            return nullptr;
    });
}

struct BinaryRow {
    std::string_view sign;
    std::array<Step::Run, number_kinds> steps;
};
constexpr BinaryRow binary_rows[] = { { "+", binary_steps<Add>() }, { "-", binary_steps<Subtract>() },
    { "*", binary_steps<Multiply>() }, { "/", binary_steps<Divide>() }, { "%", binary_steps<Remainder>() },
    { "&", binary_steps<And>() }, { "|", binary_steps<Or>() }, { "^", binary_steps<Xor>() },
    { "==", binary_steps<Equal>() }, { "!=", binary_steps<Unequal>() }, { "<", binary_steps<Less>() },
    { "<=", binary_steps<LessOrEqual>() }, { ">", binary_steps<Greater>() },
    { ">=", binary_steps<GreaterOrEqual>() } };

/// The count is taken modulo the width, as the guest's shifts do.
template<bool is_left, class T> bool run_shift(Machine& machine, const Step&)
{
    const auto count = pop<uint32_t>(machine) & (sizeof(T) * 8 - 1);
    const T value = pop<T>(machine);
    push(machine, static_cast<T>(is_left ? static_cast<T>(Wrapping<T>(value) << count) : value >> count));
    return true;
}

template<bool is_left> constexpr std::array<Step::Run, number_kinds> shift_steps()
{
    return for_numbers([]<class T>() -> Step::Run {
        if constexpr (std::integral<T>)
            return run_shift<is_left, T>;
        else
            return nullptr;
    });
}
constexpr auto left_shifts = shift_steps<true>(), right_shifts = shift_steps<false>();

template<class T> bool run_negate(Machine& machine, const Step&)
{
    const T value = pop<T>(machine);
    if constexpr (std::is_integral_v<T>)
        push(machine, static_cast<T>(0 - Wrapping<T>(value)));
    else
        push(machine, -value);
    return true;
}
constexpr auto negations = for_numbers([]<class T>() -> Step::Run { return run_negate<T>; });

template<class T> bool run_complement(Machine& machine, const Step&)
{
    push(machine, static_cast<T>(~pop<T>(machine)));
    return true;
}
constexpr auto complements = for_numbers([]<class T>() -> Step::Run {
    if constexpr (std::integral<T>)
        return run_complement<T>;
    else
        return nullptr;
});

// -- Conversions

/// Converts floats to integers by truncation. Values out of range saturate; NaN becomes 0.
template<class From, class To> To converted(From value)
{
    if constexpr (std::floating_point<From> && std::integral<To>) {
        if (std::isnan(value))
            return 0;
        // The smallest float that is too large for To: a power of 2.
        const From bound = std::ldexp(From { 1 }, std::numeric_limits<To>::digits);
        if (value >= bound)
            return std::numeric_limits<To>::max();
        if (value <= (std::is_signed_v<To> ? -bound : From { 0 }))
            return std::numeric_limits<To>::min();
    }
    return static_cast<To>(value);
}

template<class From, class To> bool run_convert(Machine& machine, const Step&)
{
    push(machine, converted<From, To>(pop<From>(machine)));
    return true;
}

template<class From> constexpr auto conversions_from()
{
    return for_numbers([]<class To>() -> Step::Run {
        constexpr bool keeps_bits = std::integral<From> && std::integral<To> && sizeof(From) == sizeof(To);
        if constexpr (std::same_as<From, To> || keeps_bits)
            return nullptr;
        else
            return run_convert<From, To>;
    });
}
constexpr std::array conversions { conversions_from<int32_t>(), conversions_from<uint32_t>(),
    conversions_from<int64_t>(), conversions_from<uint64_t>(), conversions_from<float>(),
    conversions_from<double>() };

template<class Narrow> bool run_narrow(Machine& machine, const Step&)
{
    push(machine, static_cast<int32_t>(static_cast<Narrow>(pop<uint32_t>(machine))));
    return true;
}

// -- Memory

/// The host address of `count` bytes of the step's memory. If they are out of bounds, null, and the
/// machine has the error.
const uint8_t* memory_at(Machine& machine, const Step& step, uint64_t address, uint64_t count)
{
    const Memory& memory = *machine.instance->memories[step.operand];
    if (memory.contains(address, count)) [[likely]]
        return memory.base() + address;
    machine.fail(step,
        "address " + hex(address) + " is out of bounds: the memory has " + hex(memory.size()) + " bytes");
    return nullptr;
}

struct Vector {
    Slot halves[2];
};

template<class T> bool run_load(Machine& machine, const Step& step)
{
    const uint8_t* const at = memory_at(machine, step, pop<uint64_t>(machine), sizeof(T));
    if (!at) [[unlikely]]
        return false;
    const T value = guest_load<T>(at);
    if constexpr (sizeof(T) == 16) {
        push(machine, value.halves[0]);
        push(machine, value.halves[1]);
    } else if constexpr (sizeof(T) < 4)
        push(machine, static_cast<int32_t>(value));
    else
        push(machine, value);
    return true;
}

template<class T> bool run_store(Machine& machine, const Step& step)
{
    machine.sp -= sizeof(T) == 16 ? 3 : 2;
    const uint64_t address = machine.sp[0];
    if (!memory_at(machine, step, address, sizeof(T))) [[unlikely]]
        return false;
    mutator(machine).write(Origin::Debugger, *machine.instance->memories[step.operand], address,
        { reinterpret_cast<const uint8_t*>(&machine.sp[1]), sizeof(T) });
    return true;
}

/// Pushes the host address and the length of a `cstr`. It ends before a zero, at the end of the
/// memory or after `max_cstr_bytes`.
bool run_load_text(Machine& machine, const Step& step)
{
    const uint64_t address = pop<uint64_t>(machine);
    const uint8_t* const at = memory_at(machine, step, address, 1);
    if (!at) [[unlikely]]
        return false;
    const uint64_t most =
        std::min(machine.instance->memories[step.operand]->size() - address, max_cstr_bytes);
    uint64_t length = 0;
    while (length < most && guest_load<uint8_t>(at + length) != 0)
        ++length;
    push(machine, std::bit_cast<Slot>(at));
    push(machine, length);
    return true;
}

struct MemoryRow {
    std::string_view word;
    Step::Run load;
    Step::Run store;
};
constexpr MemoryRow memory_rows[] = { { "i8", run_load<int8_t>, run_store<int8_t> },
    { "u8", run_load<uint8_t>, run_store<uint8_t> }, { "i16", run_load<int16_t>, run_store<int16_t> },
    { "u16", run_load<uint16_t>, run_store<uint16_t> }, { "i32", run_load<int32_t>, run_store<int32_t> },
    { "u32", run_load<uint32_t>, run_store<uint32_t> }, { "i64", run_load<int64_t>, run_store<int64_t> },
    { "u64", run_load<uint64_t>, run_store<uint64_t> }, { "f32", run_load<float>, run_store<float> },
    { "f64", run_load<double>, run_store<double> }, { "v128", run_load<Vector>, run_store<Vector> },
    { "cstr", run_load_text, nullptr } };

const MemoryRow& memory_row(std::string_view word)
{
    const auto* const row = std::ranges::find(memory_rows, word, &MemoryRow::word);
    ASSERT(row != std::end(memory_rows));
    return *row;
}

// -- Places

template<uint32_t slots> bool push_slots(Machine& machine, const Slot* from)
{
    for (uint32_t i = 0; i < slots; ++i)
        *machine.sp++ = from[i];
    return true;
}

/// A local or an operand.
template<uint32_t slots> bool pop_slots(Machine& machine, Slot* to)
{
    machine.sp -= slots;
    mutator(machine).set(Origin::Debugger, to, std::span(machine.sp, slots));
    return true;
}

template<uint32_t slots> bool read_local(Machine& machine, const Step& step)
{
    return push_slots<slots>(machine, machine.frame->locals() + step.operand);
}

template<uint32_t slots> bool write_local(Machine& machine, const Step& step)
{
    return pop_slots<slots>(machine, machine.frame->locals() + step.operand);
}

template<uint32_t slots> bool has_operand(Machine& machine, const Step& step)
{
    return step.operand + slots <= machine.frame->operand_slots()
        || machine.fail(step,
            "the frame has no such operand: " + std::to_string(machine.frame->operand_slots())
                + " slots are taken");
}

template<uint32_t slots> bool read_operand(Machine& machine, const Step& step)
{
    return has_operand<slots>(machine, step)
        && push_slots<slots>(machine, machine.frame->operands() + step.operand);
}

template<uint32_t slots> bool write_operand(Machine& machine, const Step& step)
{
    return has_operand<slots>(machine, step)
        && pop_slots<slots>(machine, machine.frame->operands() + step.operand);
}

template<uint32_t slots> bool read_global(Machine& machine, const Step& step)
{
    return push_slots<slots>(machine, machine.instance->globals[step.operand]->slots());
}

template<uint32_t slots> bool write_global(Machine& machine, const Step& step)
{
    machine.sp -= slots;
    Global& global = *machine.instance->globals[step.operand];
    mutator(machine).set(Origin::Debugger, global, load_value(global.type.type, machine.sp));
    return true;
}

/// The element of the step's table. If the index is out of bounds, null, and the machine has the
/// error.
const Ref* table_element(Machine& machine, const Step& step, uint64_t index)
{
    const Table& table = *machine.instance->tables[step.operand];
    if (table.contains(index, 1)) [[likely]]
        return &table.elements()[index];
    machine.fail(step,
        "no element " + std::to_string(static_cast<int64_t>(index)) + ": the table has "
            + std::to_string(table.size()));
    return nullptr;
}

bool read_table(Machine& machine, const Step& step)
{
    const Ref* const element = table_element(machine, step, pop<uint64_t>(machine));
    return element && push_slots<1>(machine, &element->bits);
}

bool write_table(Machine& machine, const Step& step)
{
    machine.sp -= 2;
    if (!table_element(machine, step, machine.sp[0]))
        return false;
    mutator(machine).set(
        Origin::Debugger, *machine.instance->tables[step.operand], machine.sp[0], Ref { machine.sp[1] });
    return true;
}

// -- Objects

void write_part(Machine& machine, Object& object, uint32_t part, const Slot* value)
{
    mutator(machine).set(Origin::Debugger, object, part, load_value(part_of(object, part).type, value));
}

/// The object that is referred to. For a null reference, null, and the machine has the error.
Object* object_at(Machine& machine, const Step& step, Slot slot)
{
    if (slot == 0) [[unlikely]] {
        machine.fail(step, "null reference");
        return nullptr;
    }
    return Ref { slot }.object();
}

template<uint32_t slots> bool read_field(Machine& machine, const Step& step)
{
    const Object* const object = object_at(machine, step, *--machine.sp);
    if (!object)
        return false;
    push_slots<slots>(machine, object->slots() + step.extra);
    if constexpr (slots == 1)
        machine.sp[-1] &= step.operand;
    return true;
}

template<uint32_t slots> bool write_field(Machine& machine, const Step& step)
{
    Object* const object = object_at(machine, step, machine.sp[-static_cast<int>(slots) - 1]);
    if (!object)
        return false;
    machine.sp -= slots;
    const auto& field_slots = object->type->field_slots;
    const auto field = std::ranges::lower_bound(field_slots, step.extra) - field_slots.begin();
    write_part(machine, *object, static_cast<uint32_t>(field), machine.sp);
    --machine.sp;
    return true;
}

template<uint32_t slots> bool read_payload(Machine& machine, const Step& step)
{
    const Object* const object = object_at(machine, step, *--machine.sp);
    return object
        && push_slots<slots>(machine, static_cast<const ExceptionObject*>(object)->values() + step.extra);
}

/// The array at `at`, if the index above it on the stack is in bounds; else null, and the machine
/// has the error.
Object* array_at(Machine& machine, const Step& step, Slot* at)
{
    Object* const array = object_at(machine, step, at[0]);
    if (array && at[1] >= array->length) [[unlikely]] {
        machine.fail(step,
            "no element " + std::to_string(static_cast<int64_t>(at[1])) + ": the array has "
                + std::to_string(array->length));
        return nullptr;
    }
    return array;
}

template<uint32_t slots> bool read_element(Machine& machine, const Step& step)
{
    machine.sp -= 2;
    const Object* const array = array_at(machine, step, machine.sp);
    if (!array)
        return false;
    Slot value[2];
    load_element(*array, machine.sp[1], value);
    return push_slots<slots>(machine, value);
}

template<uint32_t slots> bool write_element(Machine& machine, const Step& step)
{
    machine.sp -= 2 + slots;
    Object* const array = array_at(machine, step, machine.sp);
    if (!array)
        return false;
    write_part(machine, *array, static_cast<uint32_t>(machine.sp[1]), machine.sp + 2);
    return true;
}

bool is_of_type(const Machine& machine, Ref ref, TypeIndex type)
{
    const TypeInfo& wanted = *machine.instance->module->type_infos[type.value];
    if (wanted.type.func())
        return machine.instance->store->engine().types.is_subtype(ref.function()->type, wanted.id);
    if (ref.is_i31())
        return false;
    const Object& object = *ref.object();
    return (object.kind == Object::Kind::Struct || object.kind == Object::Kind::Array)
        && object.type->is_subtype_of(wanted);
}

} // namespace

Step::Run binary(std::string_view sign, NumberKind kind)
{
    const auto index = static_cast<size_t>(kind);
    if (sign == "<<" || sign == ">>")
        return (sign == "<<" ? left_shifts : right_shifts)[index];
    const auto* const row = std::ranges::find(binary_rows, sign, &BinaryRow::sign);
    ASSERT(row != std::end(binary_rows));
    return row->steps[index];
}

Step::Run negate(NumberKind kind) { return negations[static_cast<size_t>(kind)]; }

Step::Run complement(NumberKind kind) { return complements[static_cast<size_t>(kind)]; }

Step::Run convert(NumberKind from, NumberKind to)
{
    return conversions[static_cast<size_t>(from)][static_cast<size_t>(to)];
}

Step::Run narrow(std::string_view word)
{
    return word == "i8" ? run_narrow<int8_t>
        : word == "u8"  ? run_narrow<uint8_t>
        : word == "i16" ? run_narrow<int16_t>
                        : run_narrow<uint16_t>;
}

Step::Run load(std::string_view word) { return memory_row(word).load; }

Step::Run store(std::string_view word) { return memory_row(word).store; }

bool is_zero(Machine& machine, const Step&)
{
    machine.sp[-1] = machine.sp[-1] == 0;
    return true;
}

bool is_not_zero(Machine& machine, const Step&)
{
    machine.sp[-1] = machine.sp[-1] != 0;
    return true;
}

bool constant(Machine& machine, const Step& step)
{
    push(machine, step.operand);
    return true;
}

bool text(Machine& machine, const Step& step)
{
    push(machine, std::bit_cast<Slot>(machine.program.texts.data() + step.operand));
    push(machine, uint64_t { step.extra });
    return true;
}

bool skip_if_zero(Machine& machine, const Step& step)
{
    if (*--machine.sp == 0)
        machine.next += step.operand;
    return true;
}

bool skip_if_not_zero(Machine& machine, const Step& step)
{
    if (*--machine.sp != 0)
        machine.next += step.operand;
    return true;
}

bool skip(Machine& machine, const Step& step)
{
    machine.next += step.operand;
    return true;
}

const Access local { { read_local<1>, read_local<2> }, { write_local<1>, write_local<2> } };
const Access operand { { read_operand<1>, read_operand<2> }, { write_operand<1>, write_operand<2> } };
const Access global { { read_global<1>, read_global<2> }, { write_global<1>, write_global<2> } };
const Access field { { read_field<1>, read_field<2> }, { write_field<1>, write_field<2> } };
const Access payload { { read_payload<1>, read_payload<2> }, {} };
const Access element { { read_element<1>, read_element<2> }, { write_element<1>, write_element<2> } };
const Access table_slot { { read_table, nullptr }, { write_table, nullptr } };

bool store_bits(Machine& machine, const Step& step)
{
    const uint32_t shift = step.extra & 0xff, bits = step.extra >> 8;
    machine.sp -= 2;
    const uint64_t address = machine.sp[0], bytes = (shift + bits + 7) / 8;
    const uint8_t* const at = memory_at(machine, step, address, bytes);
    if (!at)
        return false;
    uint64_t word = 0;
    for (uint64_t i = 0; i < bytes; ++i)
        word |= uint64_t { guest_load<uint8_t>(at + i) } << 8 * i;
    const uint64_t mask = (bits >= 64 ? ~uint64_t { 0 } : (uint64_t { 1 } << bits) - 1) << shift;
    word = (word & ~mask) | (machine.sp[1] << shift & mask);
    mutator(machine).write(Origin::Debugger, *machine.instance->memories[step.operand], address,
        { reinterpret_cast<const uint8_t*>(&word), bytes });
    return true;
}

bool check_not_null(Machine& machine, const Step& step)
{
    return machine.sp[-1] != 0 || machine.fail(step, "the place cannot be null");
}

bool check_type(Machine& machine, const Step& step)
{
    const Ref ref { machine.sp[-1] };
    return ref.is_null() || is_of_type(machine, ref, { static_cast<uint32_t>(step.operand) })
        || machine.fail(step, "the reference is not of that type");
}

bool check_tag(Machine& machine, const Step& step)
{
    const Ref ref { machine.sp[-1] };
    return ref.is_null()
        || static_cast<const ExceptionObject*>(ref.object())->tag == machine.instance->tags[step.operand]
        || machine.fail(step, "the exception has another tag");
}

bool number_of_i31(Machine& machine, const Step& step)
{
    const Ref ref = pop_ref(machine);
    if (!ref.is_i31())
        return machine.fail(step, ref.is_null() ? "null reference" : "the reference is not an i31");
    push(machine, ref.i31_signed());
    return true;
}

bool function(Machine& machine, const Step& step)
{
    push(machine, Ref::of(machine.instance->functions[step.operand]).bits);
    return true;
}

bool length(Machine& machine, const Step& step)
{
    const Object* const array = object_at(machine, step, *--machine.sp);
    if (array)
        push(machine, array->length);
    return array;
}

bool memory_size(Machine& machine, const Step& step)
{
    push(machine, machine.instance->memories[step.operand]->size());
    return true;
}

bool table_size(Machine& machine, const Step& step)
{
    push(machine, machine.instance->tables[step.operand]->size());
    return true;
}

bool equal_vectors(Machine& machine, const Step&)
{
    machine.sp -= 4;
    const Slot* const at = machine.sp;
    push(machine, uint32_t { at[0] == at[2] && at[1] == at[3] });
    return true;
}

bool equal_texts(Machine& machine, const Step&)
{
    machine.sp -= 4;
    const Slot* const at = machine.sp;
    bool is_equal = at[1] == at[3];
    const auto* const left = std::bit_cast<const uint8_t*>(at[0]);
    const auto* const right = std::bit_cast<const uint8_t*>(at[2]);
    for (uint64_t i = 0; is_equal && i < at[1]; ++i)
        is_equal = guest_load<uint8_t>(left + i) == guest_load<uint8_t>(right + i);
    push(machine, uint32_t { is_equal });
    return true;
}

} // namespace vitrine::core::eval::steps
