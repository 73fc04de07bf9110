// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "source/remote.h"

#include <algorithm>

namespace vitrine::core::source {

namespace {

/// How many bytes the answers about types and functions may have that are kept.
constexpr size_t max_kept_bytes = size_t { 4 } << 20;
/// How often users wait in vain for one module.
constexpr uint32_t max_timeouts = 3;

} // namespace

Remote::Remote(ReaderFiles files, Options options) : files_(std::move(files)), options_(std::move(options)) {}

Remote::~Remote() = default;

std::optional<pid_t> Remote::process() const
{
    const std::lock_guard lock(mutex_);
    return process_ ? std::optional(process_->id()) : std::nullopt;
}

bool Remote::start()
{
    ++starts_;
    has_answered_ = false;
    auto started = ReaderProcess::start(files_, without_);
    if (started) {
        process_ = *std::move(started);
        return true;
    }
    has_given_up_ = true;
    if (options_.report)
        options_.report("symbols of " + options_.name + ": " + started.error().message);
    return false;
}

/// Reports that the reader is no more. Returns whether a new one should get the same question.
bool Remote::bury(const Error& error)
{
    const auto unit = process_->unit();
    const std::string ended = process_->end();
    process_.reset();
    const bool is_new = unit && std::ranges::find(without_, *unit) == without_.end();
    if (is_new)
        without_.push_back(*unit);
    has_given_up_ = starts_ > options_.restarts || timeouts_ >= max_timeouts || !(is_new || has_answered_);
    std::string text = "symbols of " + options_.name + ": the reader "
        + (ended.empty() ? "was ended: " + error.message : "ended (" + ended + ")");
    if (unit)
        text += " in unit " + std::to_string(*unit);
    if (has_given_up_)
        text += "; there is no more debug information";
    else
        text += is_new ? "; that unit has none" : "; it is started again";
    if (options_.report)
        options_.report(text);
    // A reader that somebody has ended while it was waiting can answer; one that took too long for
    // no unit in particular cannot.
    return !has_given_up_ && (is_new || !ended.empty());
}

/// Asks until a reader answers. None if none does.
std::optional<std::vector<uint8_t>> Remote::answer(Bytes request)
{
    while (!has_given_up_) {
        if (!process_ && !start())
            break;
        const auto begin = std::chrono::steady_clock::now();
        auto answered = process_->ask(request, options_.limit);
        if (answered) {
            has_answered_ = true;
            return *std::move(answered);
        }
        if (std::chrono::steady_clock::now() - begin >= options_.limit)
            ++timeouts_;
        if (!bury(answered.error()))
            break;
    }
    return std::nullopt;
}

/// Asks, and decodes the answer. None if there is none.
template<class T> std::optional<T> Remote::try_ask(const Request& request)
{
    const auto bytes = answer(encode(request));
    if (!bytes)
        return std::nullopt;
    last_bytes_ = bytes->size() + sizeof(T);
    auto decoded = decode_answer<T>(*bytes);
    if (!decoded) {
        (void)bury(decoded.error());
        return std::nullopt;
    }
    return *std::move(decoded);
}

template<class T> T Remote::ask(const Request& request) { return try_ask<T>(request).value_or(T {}); }

/// The answer about `id` that is kept, or a new one. A question without an answer may have one
/// later, from another reader.
template<class T, class Id> T Remote::ask_once(std::map<Id, T>& kept, Id id, const Request& request)
{
    make_room();
    if (const auto known = kept.find(id); known != kept.end())
        return known->second;
    auto answered = try_ask<T>(request);
    if (!answered)
        return {};
    kept_bytes_ += last_bytes_;
    return kept.emplace(id, *std::move(answered)).first->second;
}

/// Forgets the answers that are kept, if they are too many.
void Remote::make_room()
{
    if (kept_bytes_ < max_kept_bytes)
        return;
    types_.clear();
    functions_.clear();
    kept_bytes_ = 0;
}

Summary Remote::summary()
{
    const std::lock_guard lock(mutex_);
    if (!summary_)
        summary_ = try_ask<Summary>(ask::Summary {});
    return summary_.value_or(Summary {});
}

std::optional<std::string> Remote::text_of(FileId file)
{
    const std::lock_guard lock(mutex_);
    return ask<std::optional<std::string>>(ask::TextOf { file });
}

std::optional<Row> Remote::row_at(CodeOffset offset)
{
    const std::lock_guard lock(mutex_);
    return ask<std::optional<Row>>(ask::RowAt { offset });
}

std::vector<Row> Remote::rows_of(FileId file, uint32_t first, uint32_t last)
{
    const std::lock_guard lock(mutex_);
    return ask<std::vector<Row>>(ask::RowsOf { file, first, last });
}

std::vector<Row> Remote::rows_in(Range range)
{
    const std::lock_guard lock(mutex_);
    return ask<std::vector<Row>>(ask::RowsIn { range });
}

std::optional<Function> Remote::function_at(CodeOffset offset)
{
    const std::lock_guard lock(mutex_);
    return ask<std::optional<Function>>(ask::FunctionAt { offset });
}

std::optional<Function> Remote::function(FunctionId id)
{
    const std::lock_guard lock(mutex_);
    return ask_once(functions_, id, ask::FunctionOf { id });
}

std::vector<Function> Remote::functions_named(const Pattern& pattern)
{
    const std::lock_guard lock(mutex_);
    return ask<std::vector<Function>>(ask::FunctionsNamed { pattern });
}

std::vector<Scope> Remote::scopes_at(CodeOffset offset)
{
    const std::lock_guard lock(mutex_);
    return ask<std::vector<Scope>>(ask::ScopesAt { offset });
}

std::vector<Scope> Remote::inlined_in(Range range)
{
    const std::lock_guard lock(mutex_);
    return ask<std::vector<Scope>>(ask::InlinedIn { range });
}

std::vector<Variable> Remote::variables(std::span<const VariableId> ids)
{
    const std::lock_guard lock(mutex_);
    return ask<std::vector<Variable>>(ask::Variables { { ids.begin(), ids.end() } });
}

std::vector<Variable> Remote::globals(const Pattern& pattern)
{
    const std::lock_guard lock(mutex_);
    return ask<std::vector<Variable>>(ask::Globals { pattern });
}

Type Remote::type(TypeId id)
{
    const std::lock_guard lock(mutex_);
    return ask_once(types_, id, ask::TypeOf { id });
}

std::optional<TypeId> Remote::find_type(std::string_view name)
{
    const std::lock_guard lock(mutex_);
    return ask<std::optional<TypeId>>(ask::FindType { std::string(name) });
}

std::vector<TypeId> Remote::types_named(const Pattern& pattern)
{
    const std::lock_guard lock(mutex_);
    return ask<std::vector<TypeId>>(ask::TypesNamed { pattern });
}

std::optional<Variable> Remote::variable_at(uint64_t address)
{
    const std::lock_guard lock(mutex_);
    return ask<std::optional<Variable>>(ask::VariableAt { address });
}

} // namespace vitrine::core::source
