// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Threads, frames, and the code around them.
#include "console/places.h"
#include "console/verbs.h"

#include "base/number.h"
#include "base/text.h"
#include "debug/listing.h"
#include "wasm/printer.h"

#include <algorithm>

namespace vitrine::core::console {

namespace {

/// The name of a frame's module, if a tool has generated it to connect others: adapters and shims.
std::string_view generated_module(const Frame& frame)
{
    if (frame.is_host() || !frame.function->instance)
        return {};
    const std::string_view name = frame.function->module().names().module;
    return name.starts_with("wit-component") ? name : std::string_view();
}

/// The variables of the source; the function's locals if it has no debug information.
void write_locals(Console& console, const Row& row, const std::string& indent)
{
    if (row.logical->scopes.empty()) {
        for (const std::string& line : debug::local_lines(*row.frame))
            console.write(indent + line);
        return;
    }
    for (const VariableLine& line : variable_lines(console.sources(), row, {}))
        console.write(indent + line.name + " = " + line.value);
}

/// `3 more frames`
std::string frames_text(size_t count, std::string_view which = "")
{
    return std::to_string(count) + std::string(which) + (count == 1 ? " frame" : " frames");
}

/// What a backtrace has.
struct Backtrace {
    std::optional<size_t> selected {};
    /// Frames of generated modules become one line.
    bool folds = false;
    /// With the locals of each frame.
    bool has_locals = false;
    /// The innermost frames up to here, or with a minus the outermost ones.
    std::optional<uint64_t> count {};
    bool is_outermost = false;
};

void write_frames(Console& console, uint32_t thread, std::span<const Frame> frames, const Backtrace& what)
{
    const auto& [selected, folds, has_locals, count, is_outermost] = what;
    const bool is_innermost = count && !is_outermost;
    // The frames that are not shown need no debug information.
    const std::vector<debug::LogicalFrame> rows =
        rows_of(console.session(), thread, frames, is_innermost ? *count : SIZE_MAX);
    const size_t shown = std::min<uint64_t>(count.value_or(rows.size()), rows.size());
    const size_t first = is_outermost ? rows.size() - shown : 0;
    if (first > 0)
        console.write("  ... " + frames_text(first, " inner"));
    const auto frame_of = [&](size_t row) -> const Frame& { return frames[rows[row].frame]; };
    uint32_t activation = shown == 0 ? 0 : frame_of(first).activation;
    for (size_t i = first; i < first + shown; ++i) {
        const Frame& frame = frame_of(i);
        if (frame.activation != activation)
            console.write("   -- entered by the host or the debugger");
        activation = frame.activation;
        const std::string_view generated = folds ? generated_module(frame) : std::string_view();
        size_t end = i;
        while (!generated.empty() && end < first + shown && end != selected
            && frame_of(end).activation == activation && generated_module(frame_of(end)) == generated)
            ++end;
        if (end > i) {
            console.write("  ... " + frames_text(end - i) + " of " + printable(generated));
            i = end - 1;
            continue;
        }
        const bool is_selected = i == selected;
        console.write((is_selected ? "* #" : "  #") + std::to_string(i) + " "
                + console.position_text(Row { &frame, &rows[i] }),
            is_selected ? Style::Selected : Style::Plain);
        if (has_locals && !frame.is_host())
            write_locals(console, { &frame, &rows[i] }, "        ");
    }
    const size_t end = first + shown;
    const size_t last = end == 0 ? 0 : rows[end - 1].frame + 1;
    if (end < rows.size() || last < frames.size())
        console.write("  ... " + frames_text(std::max(frames.size() - last, rows.size() - end), " more"));
    if (frames.empty())
        console.write("  no frames");
}

/// The selected frame.
struct Selected {
    Frame frame;
    debug::LogicalFrame logical;
    Row row() const { return { &frame, &logical }; }
};

Result<Selected> selected_frame(const Console& console)
{
    return Selected { TRY(console.scope().frame()), TRY(console.scope().row()) };
}

Result<void> show_frame(Console& console)
{
    const Selected selected = TRY(selected_frame(console));
    console.write(
        "#" + std::to_string(console.scope().frame_number) + " " + console.position_text(selected.row()));
    for (const Line& line : console.line_of(selected.row(), 0, 0))
        console.write(line);
    return {};
}

/// How many frames the user can number. Counts them only if there are not more than `at_least`.
size_t row_count(Console& console, uint64_t at_least)
{
    const Scope& scope = console.scope();
    if (at_least < scope.frames.size())
        return std::max<size_t>(scope.frames.size(), scope.rows.size());
    return rows_of(console.session(), scope.thread, scope.frames).size();
}

/// Selects a frame, and with it its instance.
Result<void> select_frame_number(Console& console, uint64_t number)
{
    const size_t count = row_count(console, number);
    if (number >= count)
        return failure("there is no frame " + std::to_string(number) + ": the number of frames is "
            + std::to_string(count));
    Selection selection = console.selection();
    selection.frame = number;
    selection.instance = nullptr;
    selection.module = nullptr;
    console.select(selection);
    return show_frame(console);
}

Result<void> move(Console& console, Words& words, bool is_up)
{
    const uint64_t count = words.at_end() ? 1 : TRY(words.number("a number of frames"));
    CHECK(words.end());
    const size_t at = console.scope().frame_number,
                 size = row_count(console, at + std::min<uint64_t>(count, UINT32_MAX));
    if (is_up && at + 1 >= size)
        return failure("this is the outermost frame");
    if (!is_up && at == 0)
        return failure("this is the innermost frame");
    const size_t steps = std::min<uint64_t>(count, is_up ? size - 1 - at : at);
    return select_frame_number(console, is_up ? at + steps : at - steps);
}

/// The lines of a frame, or `none` if it has none.
Result<void> write_values(Console& console, const Words& words,
    std::vector<std::string> (*lines_of)(const Frame&), std::string_view none)
{
    CHECK(words.end());
    const Frame frame = TRY(console.scope().frame());
    const std::vector<std::string> lines = frame.is_host() ? std::vector<std::string>() : lines_of(frame);
    for (const std::string& line : lines)
        console.write(line);
    if (lines.empty())
        console.write(none);
    return {};
}

/// Where a frame or the words are.
Result<CodePlace> take_place(Console& console, Words& words)
{
    if (!words.at_end()) {
        const std::string_view text = words.next();
        if (const auto number = parse_unsigned(text))
            if (auto place = console.target().find_address(*number))
                return *std::move(place);
        if (!console.scope().module)
            return failure("there is no module yet");
        return TRY(find_places(
                       console.target().modules(), console.scope().module, text, console.target().demangle()))
            .front();
    }
    CHECK(console.target().check(Needs::Stopped, "list"));
    const Frame frame = TRY(console.scope().frame());
    if (frame.is_host())
        return failure("a host function has no code here; `up` selects its caller");
    return CodePlace { frame.function->instance->module, frame.offset, frame.function->instance };
}

/// A line of a disassembly, with the offset at its front.
struct CodeLine {
    CodeOffset offset;
    std::string_view text;
};

std::vector<CodeLine> lines_of(std::string_view text)
{
    std::vector<CodeLine> lines;
    while (!text.empty()) {
        const size_t end = std::min(text.find('\n'), text.size());
        const std::string_view line = text.substr(0, end);
        lines.push_back({ static_cast<CodeOffset>(std::stoul(std::string(line), nullptr, 16)), line });
        text.remove_prefix(std::min(end + 1, text.size()));
    }
    return lines;
}

/// `*` at a breakpoint, `-` at one that is disabled.
char mark_at(std::span<const debug::Breakpoint> breakpoints, const Module& module, CodeOffset offset)
{
    char mark = ' ';
    for (const debug::Breakpoint& row : breakpoints)
        if (row.offset == offset && row.spec.module.get() == &module && mark != '*')
            mark = row.spec.is_enabled ? '*' : '-';
    return mark;
}

/// The instructions of the function at a place: `around` of them in front of it and behind it.
Result<void> write_code(Console& console, const CodePlace& place, uint64_t around)
{
    const Module& module = *place.module;
    const std::string text = TRY(debug::code_text(module, place.offset));
    const std::vector<CodeLine> lines = lines_of(text);
    const auto frame = console.scope().frame();
    const bool is_of_frame = frame && !frame->is_host() && &frame->function->module() == &module;
    const auto middle =
        std::ranges::find_if(lines, [&](const CodeLine& line) { return line.offset >= place.offset; });
    const auto at = static_cast<uint64_t>(middle - lines.begin());
    const uint64_t end = around < lines.size() - at ? at + around + 1 : lines.size();
    const std::vector<debug::Breakpoint> breakpoints = console.stops().session_breakpoints();
    // The first line is the function's head.
    for (uint64_t i = at > around ? at - around : 0; i < end; ++i) {
        const CodeLine& line = lines[i];
        const bool is_here = is_of_frame && i > 0 && line.offset == frame->offset;
        const char mark = i > 0 ? mark_at(breakpoints, module, line.offset) : ' ';
        console.write((is_here ? "=>" : "  ") + std::string(1, mark) + " " + std::string(line.text),
            is_here ? Style::Selected : Style::Plain);
    }
    return {};
}

/// `thread apply all bt`, `thread apply 1 2 print $n`: does a line as if each thread in turn were
/// the selected one.
Result<void> apply_to_threads(Console& console)
{
    // The scope at the end of the line is one of its command.
    Words words(console.said());
    words.take("apply");
    const std::vector<debug::ThreadInfo> threads = console.session().threads();
    std::vector<uint32_t> ids;
    if (words.take("all")) {
        for (const debug::ThreadInfo& thread : threads)
            ids.push_back(thread.id);
    } else {
        while (const auto id = parse_unsigned(words.peek())) {
            if (std::ranges::find(threads, *id, &debug::ThreadInfo::id) == threads.end())
                return failure("there is no thread " + std::string(words.peek()));
            ids.push_back(static_cast<uint32_t>(*id));
            words.next();
        }
    }
    if (ids.empty() || words.at_end())
        return failure("expected `all` or numbers of threads, and a command");
    const std::string line(words.rest());
    const Selection selected = console.selection();
    for (const uint32_t id : ids) {
        console.write("thread " + std::to_string(id) + ":");
        console.select({ .thread = id, .session = selected.session, .resumes = selected.resumes });
        if (!console.perform_part(line))
            break;
    }
    console.select(selected);
    return {};
}

} // namespace

namespace verbs {

Result<void> backtrace(Console& console, Words& words)
{
    Backtrace what { .selected = console.scope().frame_number, .folds = true };
    const bool is_full_first = words.take("full");
    const bool is_all = words.take("all");
    if (!is_all && !words.at_end() && words.peek() != "full") {
        what.is_outermost = words.peek().starts_with('-');
        Words number(words.next().substr(what.is_outermost ? 1 : 0));
        what.count = TRY(number.number("`full`, `all` or a number of frames"));
    }
    what.has_locals = is_full_first || words.take("full");
    CHECK(words.end());
    if (!is_all) {
        write_frames(console, console.scope().thread, console.scope().frames, what);
        return {};
    }
    for (const debug::ThreadInfo& thread : console.session().threads()) {
        console.write("thread " + std::to_string(thread.id) + ":");
        write_frames(
            console, thread.id, console.target().frames(thread.id), { .has_locals = what.has_locals });
    }
    return {};
}

Result<void> select_frame(Console& console, Words& words)
{
    if (words.at_end())
        return show_frame(console);
    const uint64_t number = TRY(words.number("a frame's number"));
    CHECK(words.end());
    return select_frame_number(console, number);
}

Result<void> up(Console& console, Words& words) { return move(console, words, true); }

Result<void> down(Console& console, Words& words) { return move(console, words, false); }

Result<void> show_locals(Console& console, Words& words)
{
    return write_values(console, words, debug::local_lines, "no locals");
}

Result<void> show_operands(Console& console, Words& words)
{
    return write_values(console, words, debug::operand_lines, "no operands");
}

Result<void> list(Console& console, Words& words)
{
    const bool is_code = words.take("/wat");
    if (!is_code && TRY(list_source(console, words)))
        return {};
    const uint64_t usual = Settings::limit(console.settings().listsize) / 2;
    const bool is_count = words.rest().find_first_not_of("0123456789") == std::string_view::npos;
    Words none("");
    const CodePlace place = TRY(take_place(console, is_count ? none : words));
    const uint64_t around = words.at_end() ? usual : TRY(words.number("a number of lines")) / 2;
    CHECK(words.end());
    return write_code(console, place, around);
}

Result<void> show_code(Console& console, Words& words)
{
    const CodePlace place = TRY(take_place(console, words));
    CHECK(words.end());
    return write_code(console, place, UINT64_MAX);
}

Result<void> show_threads(Console& console, Words& words)
{
    CHECK(words.end());
    for (const debug::ThreadInfo& thread : console.session().threads()) {
        const std::vector<Frame> frames = console.target().frames(thread.id);
        console.write((thread.id == console.scope().thread ? "* thread " : "  thread ")
            + std::to_string(thread.id) + ": "
            + (frames.empty() ? "no frames" : console.position_text(frames.front())));
    }
    return {};
}

Result<void> select_thread(Console& console, Words& words)
{
    if (words.peek() == "apply")
        return apply_to_threads(console);
    const uint64_t id = TRY(words.number("a thread's number"));
    CHECK(words.end());
    const auto threads = console.session().threads();
    if (std::ranges::find(threads, id, &debug::ThreadInfo::id) == threads.end())
        return failure("there is no thread " + std::to_string(id));
    Selection selection = console.selection();
    selection.thread = static_cast<uint32_t>(id);
    selection.frame = 0;
    selection.instance = nullptr;
    selection.module = nullptr;
    console.target().select_thread(selection.thread);
    console.select(selection);
    return show_frame(console);
}

} // namespace verbs

} // namespace vitrine::core::console
