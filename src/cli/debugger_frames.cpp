// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "cli/debugger.h"
#include "cli/place.h"

#include "api/session_body.h"
#include "debug/listing.h"
#include "eval/expression.h"
#include "eval/format.h"
#include "wasm/printer.h"

#include <algorithm>

namespace vitrine::cli {

namespace {

constexpr uint64_t lines_around = 5;

/// What is said of a frame in every door; nothing of one whose guest has gone on.
template<class Say> auto of_frame(const debug::Frame& frame, Say say)
{
    const core::debug::Session::Look look(*detail::Access::session(frame)->session);
    using Said = decltype(say(*detail::Access::core_frame(frame)));
    return frame.is_valid() ? say(*detail::Access::core_frame(frame)) : Said {};
}

/// The lines of a frame, or what is written when it has none.
Result<void> print_lines(Debugger& debugger, const Words& words,
    std::vector<std::string> (*lines_of)(const core::Frame&), std::string_view none)
{
    const auto frame = TRY(debugger.guest().frame());
    CHECK(words.end());
    const std::vector<std::string> lines = of_frame(frame, lines_of);
    for (const std::string& line : lines)
        debugger.write(line);
    if (lines.empty())
        debugger.write(none);
    return {};
}

void print_frames(Debugger& debugger, std::span<const debug::Frame> frames, bool has_selected)
{
    uint32_t activation = frames.empty() ? 0 : frames.front().activation();
    for (size_t i = 0; i < frames.size(); ++i) {
        if (frames[i].activation() != activation)
            debugger.write("   -- entered by the host or the debugger");
        activation = frames[i].activation();
        const bool is_selected = has_selected && i == debugger.guest().frame_number();
        debugger.write(fmt::format("{} #{} {}", is_selected ? "*" : " ", i, position_text(frames[i])),
            is_selected ? Debugger::Style::Mark : Debugger::Style::Plain);
    }
    if (frames.empty())
        debugger.write("  no frames");
}

Result<void> show_frame(Debugger& debugger)
{
    const auto frame = TRY(debugger.guest().frame());
    debugger.print("#{} {}", debugger.guest().frame_number(), position_text(frame));
    return {};
}

Result<void> move(Debugger& debugger, Words& words, bool is_up)
{
    const auto count = TRY(words.at_end() ? 1 : words.number("a number of frames"));
    const auto frames = TRY(debugger.guest().frames());
    const size_t at = debugger.guest().frame_number();
    if (is_up && (frames.empty() || at + 1 >= frames.size()))
        return Error("this is the outermost frame");
    if (!is_up && at == 0)
        return Error("this is the innermost frame");
    const size_t steps = std::min<uint64_t>(count, is_up ? frames.size() - 1 - at : at);
    CHECK(debugger.guest().select_frame(is_up ? at + steps : at - steps));
    return show_frame(debugger);
}

/// A line of a disassembly, with the offset in front of it.
struct CodeLine {
    uint32_t offset;
    std::string text;
};

std::vector<CodeLine> code_lines(const Module& module, uint32_t function)
{
    std::vector<CodeLine> lines;
    const std::string all = core::disassemble(inner(module), { function });
    for (size_t at = 0; at < all.size();) {
        const size_t end = std::min(all.find('\n', at), all.size());
        std::string line = all.substr(at, end - at);
        lines.push_back({ static_cast<uint32_t>(std::stoul(line, nullptr, 16)), std::move(line) });
        at = end + 1;
    }
    return lines;
}

/// `*` where a breakpoint stops, `-` where one is disabled.
char mark_at(const Debuggee& guest, const Module& module, uint32_t offset)
{
    char mark = ' ';
    for (const BreakpointRow& row : guest.breakpoints())
        if (row.offset == offset && row.spec.module == module && mark != '*')
            mark = row.spec.is_enabled ? '*' : '-';
    return mark;
}

/// What `list` shows: code around a place.
struct CodeRange {
    Module module;
    uint32_t place;
    uint64_t around;
};

Result<CodeRange> take_range(Debugger& debugger, Words& words)
{
    std::optional<CodePlace> place;
    const std::string_view first = words.rest();
    const bool is_count = first.find_first_not_of("0123456789") == std::string_view::npos;
    if (!is_count) {
        const auto found = TRY(find_code(debugger.guest(), words.next()));
        place = found.front();
    }
    uint64_t around = lines_around;
    if (!words.at_end()) {
        const auto count = TRY(words.number("a number of lines"));
        around = count / 2;
    }
    CHECK(words.end());
    if (place)
        return CodeRange { place->module, place->offset, around };
    const auto frame = TRY(debugger.guest().frame());
    if (frame.is_host())
        return Error("a host function has no code here; `up` selects its caller");
    return CodeRange { *frame.module(), frame.offset(), around };
}

} // namespace

namespace verbs {

Result<void> backtrace(Debugger& debugger, Words& words)
{
    const bool is_all = words.take("all");
    CHECK(words.end());
    const auto frames = TRY(debugger.guest().frames());
    if (!is_all)
        return print_frames(debugger, frames, true), Result<void>();
    const debug::Stopped& stopped = *debugger.guest().stopped();
    for (const debug::GuestThread& thread : stopped.threads()) {
        debugger.print("thread {}:", thread.id());
        print_frames(debugger, thread.frames(), false);
    }
    return {};
}

Result<void> select_frame(Debugger& debugger, Words& words)
{
    if (!words.at_end()) {
        const auto number = TRY(words.number("a frame's number"));
        CHECK(words.end());
        CHECK(debugger.guest().select_frame(number));
    }
    return show_frame(debugger);
}

Result<void> up(Debugger& debugger, Words& words) { return move(debugger, words, true); }

Result<void> down(Debugger& debugger, Words& words) { return move(debugger, words, false); }

Result<void> show_locals(Debugger& debugger, Words& words)
{
    return print_lines(debugger, words, core::debug::local_lines, "no locals");
}

Result<void> show_operands(Debugger& debugger, Words& words)
{
    return print_lines(debugger, words, core::debug::operand_lines, "no operands");
}

Result<void> print(Debugger& debugger, Words& words)
{
    const auto scope = TRY(debugger.scope());
    char format = 0;
    std::string_view text = words.rest();
    if (text.starts_with('/')) {
        const auto parsed = core::eval::parse_format(words.next());
        if (!parsed)
            return Error(parsed.error().message);
        format = *parsed;
        text = words.rest();
    }
    if (text.empty())
        return Error("expected an expression");
    if (format == 0) {
        const auto shown = scope.text_of(text);
        if (!shown)
            return with_mark(shown.error(), text);
        debugger.write(*shown);
        return {};
    }
    const auto value = scope.evaluate(text);
    if (!value)
        return with_mark(value.error(), text);
    using detail::Access;
    const auto inside = TRY(Access::value(Access::link(scope.instance), *value, Access::type(value->kind())));
    const auto shown = core::eval::formatted(inside, format);
    if (!shown)
        return Error(shown.error().message);
    debugger.write(*shown);
    return {};
}

Result<void> list(Debugger& debugger, Words& words)
{
    const auto range = TRY(take_range(debugger, words));
    const auto [module, place, around] = range;
    const auto function = module.function_at(place);
    if (!function)
        return Error("there is no code here");
    const auto frame = debugger.guest().frame();
    const bool is_frames = frame && !frame->is_host() && frame->module() == module;
    const std::vector<CodeLine> lines = code_lines(module, function->index);
    const auto middle =
        std::ranges::find_if(lines, [&](const CodeLine& line) { return line.offset >= place; });
    const auto at = static_cast<size_t>(middle - lines.begin());
    // The first line is the function's head.
    for (size_t i = at > around ? at - around : 0; i < std::min(lines.size(), at + around + 1); ++i) {
        const bool is_here = is_frames && i > 0 && lines[i].offset == frame->offset();
        debugger.write(fmt::format("{}{} {}", is_here ? "=>" : "  ",
                           i > 0 ? mark_at(debugger.guest(), module, lines[i].offset) : ' ', lines[i].text),
            is_here ? Debugger::Style::Mark : Debugger::Style::Plain);
    }
    return {};
}

Result<void> show_threads(Debugger& debugger, Words& words)
{
    CHECK(words.end());
    auto* stopped = debugger.guest().stopped();
    if (!stopped)
        return debugger.guest().not_stopped();
    const uint32_t selected = debugger.guest().thread_number();
    for (const debug::GuestThread& thread : stopped->threads()) {
        const std::vector<debug::Frame> frames = thread.frames();
        debugger.print("{} thread {}: {}", thread.id() == selected ? "*" : " ", thread.id(),
            frames.empty() ? "no frames" : position_text(frames.front()));
    }
    return {};
}

Result<void> select_thread(Debugger& debugger, Words& words)
{
    const auto id = TRY(words.number("a thread's number"));
    CHECK(words.end());
    if (auto selected =
            debugger.guest().select_thread(static_cast<uint32_t>(std::min<uint64_t>(id, UINT32_MAX)));
        !selected)
        return selected;
    return show_frame(debugger);
}

} // namespace verbs

} // namespace vitrine::cli
