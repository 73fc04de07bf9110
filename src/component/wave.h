// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "base/result.h"
#include "component/shape.h"
#include "component/value.h"

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

// [doc] WAVE
//
// WAVE is the text form of component values that command lines of WebAssembly runtimes share:
// `{name: "x", tags: [1, 2], owner: some("me")}`. The type decides how a text is read, so the
// parser follows the shape of the type, and its recursion is as deep as the type.
// [wasm-tools: crates/wasm-wave]
//
// The format says nothing of maps and resources. A map is written as a list of pairs, `[("a", 1)]`.
// Resources, streams, futures and error contexts are written in angle brackets, and cannot be
// parsed.

namespace vitrine::core::component {

class TypeNames;

struct WaveOptions {
    /// How many elements of a list, or characters of a string, are written. `...` stands for the
    /// rest, and cannot be parsed.
    size_t elements = SIZE_MAX;
    /// The length of the text in bytes. A longer one ends with `...`.
    size_t bytes = SIZE_MAX;
    /// The names of resource types. Can be null.
    const TypeNames* names = nullptr;
};

/// Writes a value, which must be one of this type. Fields that are `none` are left out, and control
/// characters are escaped.
std::string to_wave(const Value& value, const Shape& shape, const WaveOptions& options = {});

/// Parses a value of this type. The error has an offset in the text.
Result<Value> parse_wave(std::string_view text, const Shape& shape);

/// A call as text: `ops.greet("x", 1)`.
struct WaveCall {
    std::string_view text;
    std::string_view name;
    /// The offset of the arguments: that after the opening parenthesis.
    size_t arguments;
};

/// Finds the name in a call. The arguments can be parsed when the function's type is known. The
/// error has an offset in the text.
Result<WaveCall> parse_call(std::string_view text);

/// Parses the arguments of a call. Arguments at the end may be omitted if they are options: they
/// are `none`. The error has an offset in the text of the call.
Result<std::vector<Value>> parse_arguments(const WaveCall& call, const FuncShape& func);

/// The words that the format reserves, such as `none`. A case of this name is written as `%none`.
bool is_wave_keyword(std::string_view word);

/// Whether the elements of a list of this type are packed: see `ComponentNode::content`.
inline bool is_packed(const Shape& shape)
{
    return shape.kind == ComponentKind::List && is_number(shape.element().kind);
}

} // namespace vitrine::core::component
