// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "gdb/view.h"

#include <functional>
#include <span>
#include <string>
#include <string_view>

namespace vitrine::core::gdb {

/// The words of a command, taken one after the other.
class Words {
public:
    explicit Words(std::string_view text);

    bool at_end() const { return words_.empty(); }
    /// The next word; empty at the end.
    std::string_view peek() const { return words_.empty() ? "" : words_.back(); }
    /// Takes the next word.
    std::string_view next();
    /// The next word as a number, decimal or after `0x` hexadecimal; `what` names it in the error.
    Result<uint64_t> number(std::string_view what);
    /// All that is left, as it was written; empty at the end.
    std::string_view rest() const;
    /// Takes the words that begin in the first `size` bytes of what is left.
    void drop(size_t size);
    /// Refuses what is left.
    Result<void> end() const;
    /// Takes the last two words off, if they are `key` and a number.
    Result<std::optional<uint64_t>> trailing(std::string_view key);

private:
    /// The next one last.
    std::vector<std::string_view> words_;
};

/// What a command is about.
struct Scope {
    View& view;
    /// Null when the guest executes nothing.
    const Frame* frame;
    Instance& instance;
    /// Whether the command says of which thread it is.
    bool names_thread = false;
};

/// Something in a stopped guest that holds a value. Valid until the guest goes on.
struct Place {
    /// `global[0] total`, `local[2].1`
    std::string label;
    Value value;
    /// The value must be of the same type; refused when the guest could not do it either.
    std::function<Result<void>(const Value&)> set;
};

/// The place that the words name: `local N`, `operand N`, `global N` or `element TABLE N`, and behind it the way through the objects
/// that are referred to, a number for each field or element. Ends before `=`, or at the end.
Result<Place> find_place(const Scope& scope, Words& words);

/// A value of that type, of all the words that are left: a number, four numbers for a v128, `null`, `func N` of the instance, or `i31 N`.
Result<Value> parse_value(const Scope& scope, ValueType type, Words& words);

/// Whether the words are such a place, or else an expression.
bool names_place(const Words& words);

/// A place in code that a word names: a function, LLDB's address, or an offset in the instance's module.
struct CodePlace {
    const Instance* instance;
    CodeOffset offset;
};
Result<CodePlace> find_code(const Scope& scope, Words& words);
Result<CodePlace> innermost_place(const Scope& scope);

/// The error of an expression, with the text and a mark below the place in it.
std::unexpected<Error> marked(const Error& error, std::string_view text);

} // namespace vitrine::core::gdb
