// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "eval/program.h"

#include <string_view>

namespace vitrine::core::eval::steps {

// The functions of steps. Those that are looked up are null if there is none for the type. Comments
// say what a step pops, in parentheses and with the top of the stack last, and what its `operand`
// and `extra` mean.

/// (left, right): an operator on two operands of the same type. The count of a shift is a u32.
Step::Run binary(std::string_view sign, NumberKind kind);
/// (value)
Step::Run negate(NumberKind kind);
Step::Run complement(NumberKind kind);
/// (value): whether an integer or a reference is 0, as i32.
bool is_zero(Machine& machine, const Step& step);
bool is_not_zero(Machine& machine, const Step& step);
/// (value): conversion to another type. Null if the bits stay the same.
Step::Run convert(NumberKind from, NumberKind to);
/// (value): truncates an integer to `i8` .. `u16` and extends it again.
Step::Run narrow(std::string_view word);

/// `operand` is the value.
bool constant(Machine& machine, const Step& step);
/// `operand` is the offset in the program's texts, `extra` the length.
bool text(Machine& machine, const Step& step);

// (condition): skips `operand` steps if the condition is 0, if it is not 0, or always.
bool skip_if_zero(Machine& machine, const Step& step);
bool skip_if_not_zero(Machine& machine, const Step& step);
bool skip(Machine& machine, const Step& step);

/// The steps that read and write values of one or two slots.
struct Access {
    Step::Run read[2];
    Step::Run write[2];
    Step::Run reads(uint32_t slots) const { return read[slots - 1]; }
    Step::Run writes(uint32_t slots) const { return write[slots - 1]; }
};
/// () or (value): slot `operand` of the frame.
extern const Access local;
/// () or (value): slot `operand` of the operands.
extern const Access operand;
/// () or (value): global `operand`.
extern const Access global;
/// (object) or (object, value): the field at slot `extra` of a struct; `operand` is the mask of a
/// packed field.
extern const Access field;
/// (object) or (object, value): the value at slot `extra` of an exception.
extern const Access payload;
/// (array, index) or (array, index, value).
extern const Access element;
/// (index) or (index, value): a slot of table `operand`.
extern const Access table_slot;

/// (address) and (address, value): reads and writes memory `operand` as `word` says. A `cstr`
/// cannot be written.
Step::Run load(std::string_view word);
Step::Run store(std::string_view word);

/// (address, value): writes bits of memory `operand`: as many as the second byte of `extra` says,
/// from the one that its first byte says. That is at most 64, counted from the address.
bool store_bits(Machine& machine, const Step& step);

/// (reference): fails if it is null.
bool check_not_null(Machine& machine, const Step& step);
/// (reference): fails unless it is null or has the module's type `operand`.
bool check_type(Machine& machine, const Step& step);
/// (reference): fails unless it is null or an exception with the tag `operand`.
bool check_tag(Machine& machine, const Step& step);
/// (reference): the signed value of an i31.
bool number_of_i31(Machine& machine, const Step& step);
/// (): function `operand`.
bool function(Machine& machine, const Step& step);
/// (array): its length.
bool length(Machine& machine, const Step& step);
/// (): the size of memory `operand` in bytes, of table `operand` in elements.
bool memory_size(Machine& machine, const Step& step);
bool table_size(Machine& machine, const Step& step);
/// (left, right): whether two v128 or two texts are equal.
bool equal_vectors(Machine& machine, const Step& step);
bool equal_texts(Machine& machine, const Step& step);

} // namespace vitrine::core::eval::steps
