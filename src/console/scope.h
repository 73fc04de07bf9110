// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "console/target.h"
#include "console/variables.h"
#include "console/words.h"
#include "debug/source_view.h"
#include "eval/expression.h"
#include "eval/source_value.h"

#include <memory>
#include <optional>
#include <string_view>
#include <vector>

namespace vitrine::core::console {

/// What the user has selected. Ends when the program goes on.
struct Selection {
    /// 0 for the thread that stopped.
    uint32_t thread = 0;
    size_t frame = 0;
    /// Null for the instance of the frame.
    Instance* instance = nullptr;
    /// Null for the module of the instance.
    std::shared_ptr<const Module> module {};
    /// The session and how often it had been resumed.
    const debug::Session* session = nullptr;
    uint64_t resumes = 0;
};

/// What a line is about: the selection, unless the line ends with `in FRAME`, `of INSTANCE` or
/// `on THREAD`. Valid until the program goes on.
struct Scope {
    /// The frames of the thread, while the program is stopped.
    std::vector<Frame> frames;
    /// The first of them as the source sees them, at least up to the selected one: functions that
    /// were inlined have frames of their own. Users number these.
    std::vector<debug::LogicalFrame> rows;
    size_t frame_number = 0;
    /// Never 0 while the program is stopped.
    uint32_t thread = 0;
    /// Whether the user has said which thread he means.
    bool is_thread_named = false;
    /// Null while there is none.
    Instance* instance = nullptr;
    /// The instance that the line names with `of`.
    Instance* named_instance = nullptr;
    std::shared_ptr<const Module> module;
    /// The console's variables, which expressions may name; null for none.
    const Variables* variables = nullptr;
    /// The debug information of the instance's module, or null.
    std::shared_ptr<source::Symbols> symbols {};
    /// The index of the memory in which the variables of its source are.
    uint32_t source_memory = 0;

    /// The selected frame.
    Result<Frame> frame() const;
    /// The same as the source sees it.
    Result<debug::LogicalFrame> row() const;
    /// What expressions know of the source.
    eval::SourceContext source() const;
    /// The size of an address in the module's memory.
    uint8_t address_bytes() const;
    /// The frame in which expressions are evaluated; none where they see only an instance.
    const Frame* guest_frame() const;

    // Errors have a mark below the place in the text.
    Result<Value> evaluate(std::string_view expression) const;
    /// The value and its text, evaluated once.
    Result<Computed> compute(std::string_view expression) const;
    /// The type of an expression, which is not evaluated.
    Result<eval::Type> type_of(std::string_view expression) const;
    Result<void> assign(std::string_view assignment) const;
    /// The place that an expression names, rather than its value.
    Result<eval::WatchPlace> place(std::string_view expression) const;
    /// The expression with constants in place of the console's variables.
    Result<Variables::Text> replaced(std::string_view expression) const;
    /// Whether the program calls something `$name` here.
    bool knows(std::string_view name) const;
};

/// A value of an expression, or what a function has returned, with its text. `memory` is the index
/// of the memory that has the variables of the source.
Computed computed_from(eval::SourceResult result, Instance& instance, uint32_t memory);

/// The frames of a thread as the source sees them: at least one for each of the first `count`
/// frames.
std::vector<debug::LogicalFrame> rows_of(
    const debug::Session& session, uint32_t thread, std::span<const Frame> frames, size_t count = SIZE_MAX);

/// All instances of a session's program, in the order of its threads and of their creation.
std::vector<Instance*> instances_of(const debug::Session& session);

/// The scope of a selection, and takes `in FRAME`, `of INSTANCE` and `on THREAD` off the words.
Result<Scope> find_scope(Target& target, const Selection& selection, Words& words);
/// The scope of a selection.
Scope scope_of(Target& target, const Selection& selection);

/// An error in a text: with the text, and a mark below the place.
std::unexpected<Error> with_mark(const Error& error, std::string_view text);

} // namespace vitrine::core::console
