// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Requests: expressions, their assignment, and the debug console.
#include "dap/adapter.h"

#include "console/values.h"
#include "debug/inspect.h"
#include "runtime/mutation.h"

#include <algorithm>

namespace vitrine::core::dap {

namespace {

/// What a copy of a value has: all of it, as far as that is sensible.
constexpr source::Style whole { .max_text = 100'000, .max_elements = 10'000, .max_depth = 20 };

/// Changes what an expression means, whose place that is. What expressions have no constants for
/// can be said, too.
Result<void> assign(const console::Scope& scope, const Result<eval::WatchPlace>& place,
    const std::string& expression, const std::string& value)
{
    const auto* const global = place ? std::get_if<Global*>(&*place) : nullptr;
    const auto* const local = place ? std::get_if<eval::FrameLocal>(&*place) : nullptr;
    if (global && (*global)->type.is_mutable) {
        if (auto constant = console::literal(scope, value, (*global)->type.type)) {
            scope.instance->store->mutator.set(Origin::Debugger, **global, TRY(*std::move(constant)));
            return {};
        }
    } else if (local) {
        const ValueType type = debug::locals_of(local->frame)[local->index].value.type;
        if (auto constant = console::literal(scope, value, type))
            return debug::set_local(local->frame, local->index, TRY(*std::move(constant)));
    }
    return scope.assign(expression + " = " + value);
}

/// Whether a line of the debug console is a command: `:` before it says so, or its first word.
bool is_command(std::string_view line, const console::Scope* scope)
{
    const std::string_view word = line.substr(0, line.find_first_of(" \t/"));
    const auto verb = console::find_verb(word);
    const auto is_whole = [&] {
        if ((*verb)->name == word)
            return true;
        for (console::Words forms((*verb)->forms); !forms.at_end();)
            if (forms.next() == word)
                return true;
        return false;
    };
    // A variable comes first.
    return verb && is_whole() && !(scope && scope->instance && scope->compute(word));
}

/// How many bytes of a line are in front of a column, which counts units of UTF-16.
size_t bytes_before(std::string_view line, int64_t units)
{
    size_t bytes = 0;
    while (bytes < line.size() && units > 0) {
        const auto first = static_cast<uint8_t>(line[bytes]);
        const size_t length = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : first >= 0xc0 ? 2 : 1;
        bytes = std::min(line.size(), bytes + length);
        units -= length == 4 ? 2 : 1;
    }
    return bytes;
}

int64_t units_in(std::string_view text)
{
    int64_t units = 0;
    for (const char letter : text) {
        const auto byte = static_cast<uint8_t>(letter);
        units += (byte & 0xc0) == 0x80 ? 0 : byte >= 0xf0 ? 2 : 1;
    }
    return units;
}

} // namespace

Result<source::Style> Adapter::asked_style(const Arguments& arguments)
{
    const auto format = TRY(arguments.optional_object("format"));
    return format && TRY(format->flag_or("hex", false)) ? hexadecimal : source::Style();
}

Result<json::Object> Adapter::evaluate(const Arguments& arguments)
{
    const std::string text = TRY(arguments.text("expression"));
    const std::string context = TRY(arguments.text_or("context", ""));
    const auto frame = TRY(arguments.optional_number("frameId"));
    if (run_->session().stopped())
        refresh();
    std::string_view line = console::trimmed(text);
    const bool is_repl = context == "repl";
    if (is_repl) {
        const bool is_forced = line.starts_with(':');
        if (is_forced)
            line.remove_prefix(1);
        const auto is_verb = [&]() -> Result<bool> {
            const debug::Session::Look look(run_->session());
            const auto scope = look ? TRY(scope_of(frame)) : nullptr;
            return is_forced || line.empty() || console_->is_in_block() || is_command(line, scope.get());
        };
        if (TRY(is_verb()))
            return command(line, frame);
    }
    const debug::Session::Look look(run_->session());
    if (!look)
        return failure(ending_ ? "the program has ended" : "the program is running");
    const auto scope = TRY(scope_of(frame));
    const auto computed = TRY(scope->compute(line));
    source::Style style = TRY(asked_style(arguments));
    if (context == "clipboard") {
        const auto base = style.base;
        style = whole;
        style.base = base;
    }
    Body body = row_of(variable_of("", std::string(line), computed, scope, style), nullptr);
    // A copy first: a new member can move all others.
    json::Value result = body.at("value");
    body["result"] = std::move(result);
    body.erase("value");
    body.erase("evaluateName");
    return body;
}

/// Does a line of the console; the answer is what it writes. The frame that the client has selected
/// is the console's, too.
Result<json::Object> Adapter::command(std::string_view line, std::optional<int64_t> frame)
{
    {
        const std::lock_guard lock(mutex_);
        if (commanding_seq_)
            return failure("another command is being done");
        commanding_seq_ = serving_seq_;
    }
    if (const auto known = frame ? frames_.find(*frame) : frames_.end(); known != frames_.end())
        console_->select({ .thread = known->second.thread,
            .frame = known->second.row,
            .session = &session(),
            .resumes = session().resumes() });
    console_text_.clear();
    console_->perform(line);
    std::string text = std::exchange(console_text_, {});
    if (text.ends_with('\n'))
        text.pop_back();
    {
        const std::lock_guard lock(mutex_);
        commanding_seq_.reset();
    }
    if (is_over_)
        return failure("the client has gone");
    // What was told of frames and values may not be true any more.
    for (auto& [number, known] : frames_)
        known.scope.reset();
    if (run_->session().stopped())
        then_ = [this] {
            if (takes_invalidated_)
                outbox_.send_event("invalidated", { { "areas", json::Array { "all" } } });
            tell_memory();
        };
    return Body { { "result", json::to_string(text) }, { "variablesReference", 0 } };
}

Result<json::Object> Adapter::assign_and_show(const std::shared_ptr<const console::Scope>& scope,
    const std::string& expression, const Arguments& arguments)
{
    const source::Style style = TRY(asked_style(arguments));
    const auto place = scope->place(expression);
    CHECK(assign(*scope, place, expression, TRY(arguments.text("value"))));
    then_ = [this, place] { tell_memory(place ? &*place : nullptr); };
    const auto computed = TRY(scope->compute(expression));
    Body body = row_of(variable_of("", expression, computed, scope, style), nullptr);
    body.erase("evaluateName");
    return body;
}

Result<json::Object> Adapter::set_variable(const Arguments& arguments)
{
    const Told& told = *TRY(find_container(TRY(arguments.number("variablesReference"))));
    const std::string name = TRY(arguments.text("name"));
    const auto known = told.expressions.find(name);
    if (known == told.expressions.end())
        return failure("there is no variable `" + name + "` there");
    if (known->second.empty())
        return failure("`" + name + "` cannot be changed");
    return assign_and_show(told.container.scope, known->second, arguments);
}

Result<json::Object> Adapter::set_expression(const Arguments& arguments)
{
    const auto scope = TRY(scope_of(TRY(arguments.optional_number("frameId"))));
    return assign_and_show(scope, TRY(arguments.text("expression")), arguments);
}

Result<json::Object> Adapter::completions(const Arguments& arguments)
{
    const std::string text = TRY(arguments.text("text"));
    const int64_t column = TRY(arguments.number("column")) - (columns_from_1_ ? 1 : 0);
    const std::string line = text.substr(0, bytes_before(text, column));
    // The names of a program that runs cannot be looked at.
    const debug::Session::Look look(run_->session());
    if (!look && is_running())
        return Body { { "targets", json::Array() } };
    std::vector<std::string> found = console_->completions(line);
    // A line can also be an expression.
    for (std::string& each : console_->completions("print " + line))
        if (std::ranges::find(found, each) == found.end())
            found.push_back(std::move(each));
    json::Array targets;
    for (const std::string& each : found) {
        // What is there already of it.
        size_t typed = std::min(line.size(), each.size());
        while (!std::string_view(line).ends_with(std::string_view(each).substr(0, typed)))
            --typed;
        targets.push_back(json::Object { { "label", json::to_string(each) },
            { "start",
                units_in(std::string_view(line).substr(0, line.size() - typed)) + (columns_from_1_ ? 1 : 0) },
            { "length", units_in(std::string_view(line).substr(line.size() - typed)) } });
    }
    return Body { { "targets", std::move(targets) } };
}

} // namespace vitrine::core::dap
