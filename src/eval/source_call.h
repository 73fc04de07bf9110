// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "eval/source_value.h"

#include <memory>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

namespace vitrine::core::eval {

/// A call `f(a, b)`, `p->method(a)` or `p->pointer(a)` of the source, made ready: its arguments are
/// evaluated and converted, and texts and structures among them lie below the guest's stack. The
/// caller calls `function` with `arguments` in the stopped guest, asks for the result, and puts the
/// stack back.
///
/// The convention is that of C for WebAssembly: numbers and pointers as they are, structures by
/// their address, a structure as the result through the address in a hidden first argument. Of Rust
/// and Zig, functions with numbers only.
class SourceCall {
public:
    /// Whether the text is a call of a function, rather than a conversion or anything else.
    static bool is_call(std::string_view text, const Scope& scope);
    /// Fails, and changes nothing, if the function is not known or the arguments do not fit it.
    static Result<SourceCall> prepare(const Frame& frame, std::string_view text, const SourceContext& source);

    Function& function() const { return *function_; }
    std::span<const Value> arguments() const { return arguments_; }
    /// The result, as a value without an address. The results are those of the call. Must be called
    /// before `put_back`.
    Result<SourceResult> result(std::span<const Value> results) const;
    /// Restores the stack pointer. Must be called, unless the guest has ended.
    void put_back();

private:
    /// What is called, as the source says it.
    struct Callee;

    SourceCall() = default;
    static Result<Callee> find_callee(
        const Frame& frame, const Node& call, const Scope& scope, SourceNames& names);
    static Result<std::optional<Callee>> find_pointer(
        const Frame& frame, const Node& node, const Scope& scope, SourceNames& names);
    void reserve_stack();
    void set_stack_pointer(uint64_t address);
    Result<uint64_t> take(uint64_t bytes);
    Result<void> write(uint64_t address, Bytes bytes);
    Result<void> add_argument(
        const Frame& frame, const Node& node, source::TypeId type, const Scope& scope, SourceNames& names);

    Instance* instance_ = nullptr;
    Function* function_ = nullptr;
    std::vector<Value> arguments_ {};
    std::shared_ptr<SourceTypes> types_ {};
    source::TypeId result_type_ {};
    /// Where the result is, if that is a structure.
    std::optional<uint64_t> result_address_ {};
    uint32_t memory_ = 0;
    // If it is known: the stack pointer, its value before the call, and its value now.
    Global* stack_pointer_ = nullptr;
    uint64_t top_ = 0, next_ = 0;
};

} // namespace vitrine::core::eval
