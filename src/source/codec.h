// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "base/bytes.h"
#include "source/symbols.h"

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace vitrine::core::source {

/// [doc] Questions and answers as bytes
///
/// `Remote` asks a reader in another process the questions of `Symbols`. Numbers are LEB128, lists
/// begin with their length. Neither side trusts the other one: a message is bounded, and so is
/// everything in it by the bytes that there are.

/// A message is at most this long. An answer that would be longer is sent as the empty one.
constexpr size_t max_message_bytes = size_t { 16 } << 20;

/// The questions of `Symbols`.
namespace ask {
struct Summary {};
struct TextOf {
    FileId file {};
};
struct RowAt {
    CodeOffset offset = 0;
};
struct RowsOf {
    FileId file {};
    uint32_t first = 0, last = 0;
};
struct RowsIn {
    Range range {};
};
struct FunctionAt {
    CodeOffset offset = 0;
};
struct FunctionOf {
    FunctionId id {};
};
struct FunctionsNamed {
    Pattern pattern {};
};
struct ScopesAt {
    CodeOffset offset = 0;
};
struct InlinedIn {
    Range range {};
};
struct Variables {
    std::vector<VariableId> ids {};
};
struct Globals {
    Pattern pattern {};
};
struct TypeOf {
    TypeId id {};
};
struct FindType {
    std::string name {};
};
struct VariableAt {
    uint64_t address = 0;
};
struct TypesNamed {
    Pattern pattern {};
};
} // namespace ask

using Request = std::variant<ask::Summary, ask::TextOf, ask::RowAt, ask::RowsOf, ask::RowsIn, ask::FunctionAt,
    ask::FunctionOf, ask::FunctionsNamed, ask::ScopesAt, ask::InlinedIn, ask::Variables, ask::Globals,
    ask::TypeOf, ask::FindType, ask::VariableAt, ask::TypesNamed>;

std::vector<uint8_t> encode(const Request& request);
Result<Request> decode_request(Bytes message);

/// Asks the symbols, and encodes the answer.
std::vector<uint8_t> encoded_answer(Symbols& symbols, const Request& request);

/// Encodes an answer. Defined for the same types as `decode_answer`.
template<class T> std::vector<uint8_t> encode_answer(const T& answer);

/// Decodes the answer to a question that has answers of type `T`. Defined for the result types of
/// `Symbols`.
template<class T> Result<T> decode_answer(Bytes message);

} // namespace vitrine::core::source
