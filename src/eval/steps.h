// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "eval/program.h"

#include <string_view>

namespace vitrine::core::eval::steps {

// The functions of steps, by what they do; null where there is none for the type. The comments say what they take from the stack, the
// top last, and what `operand` and `extra` of the step mean.

/// (left, right): an operator of two operands of the same type. Shifts take a count of any integer type, so long as it is u32.
Step::Run binary(std::string_view sign, NumberKind kind);
/// (value)
Step::Run negate(NumberKind kind);
Step::Run complement(NumberKind kind);
/// (value): an integer or a reference that is 0, to i32.
bool is_zero(Machine& machine, const Step& step);
bool is_not_zero(Machine& machine, const Step& step);
/// (value): to another type; null when the bits stay.
Step::Run convert(NumberKind from, NumberKind to);
/// (value): an integer to its lowest bits, as `i8` .. `u16` say.
Step::Run narrow(std::string_view word);

/// `operand` is the value.
bool constant(Machine& machine, const Step& step);
/// `operand` is the place in the program's texts, `extra` the length.
bool text(Machine& machine, const Step& step);

// (condition): `operand` steps are skipped when it is 0 / not 0; or always.
bool skip_if_zero(Machine& machine, const Step& step);
bool skip_if_not_zero(Machine& machine, const Step& step);
bool skip(Machine& machine, const Step& step);

/// How an access with one or two slots is done.
struct Access {
    Step::Run read[2];
    Step::Run write[2];
    Step::Run reads(uint32_t slots) const { return read[slots - 1]; }
    Step::Run writes(uint32_t slots) const { return write[slots - 1]; }
};
/// () or (value): the slot `operand` of the frame.
extern const Access local;
/// () or (value): the slot `operand` of the operands.
extern const Access operand;
/// () or (value): the global `operand`.
extern const Access global;
/// (object) or (object, value): `extra` slots into a struct; `operand` masks a packed field.
extern const Access field;
/// (object) or (object, value): `extra` slots into an exception.
extern const Access payload;
/// (array, index) or (array, index, value).
extern const Access element;
/// (index) or (index, value): a slot of the table `operand`.
extern const Access table_slot;

/// (address), (address, value): memory `operand` as `word` says; `cstr` cannot be written.
Step::Run load(std::string_view word);
Step::Run store(std::string_view word);

/// (reference): fails when it is null.
bool check_not_null(Machine& machine, const Step& step);
/// (reference): fails unless it is null or of the module's type `operand`.
bool check_type(Machine& machine, const Step& step);
/// (reference): fails unless it is null or an exception with the tag `operand`.
bool check_tag(Machine& machine, const Step& step);
/// (reference): the signed number of an i31.
bool number_of_i31(Machine& machine, const Step& step);
/// () the function `operand`.
bool function(Machine& machine, const Step& step);
/// (array): its length.
bool length(Machine& machine, const Step& step);
/// (): bytes of the memory `operand`, elements of the table.
bool memory_size(Machine& machine, const Step& step);
bool table_size(Machine& machine, const Step& step);
/// (left, right): whether two v128 are equal, whether two texts are.
bool equal_vectors(Machine& machine, const Step& step);
bool equal_texts(Machine& machine, const Step& step);

} // namespace vitrine::core::eval::steps
