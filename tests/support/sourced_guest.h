// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "debug/flow.h"
#include "debug/line_step.h"
#include "debug/session.h"
#include "debug/source_view.h"
#include "support/guest.h"
#include "support/literal_symbols.h"
#include "wasm/instruction.h"
#include "wasm/printer.h"

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace vitrine::core::test {

/// Finds the symbols that a test has written down.
class LiteralFinder final : public debug::SymbolFinder {
public:
    std::map<const Module*, std::shared_ptr<source::Symbols>> symbols {};

    std::shared_ptr<source::Symbols> symbols_of(const std::shared_ptr<const Module>& module) override
    {
        const auto found = symbols.find(module.get());
        return found == symbols.end() ? nullptr : found->second;
    }
};

/// Writes down the debug information of a module, function by function. The only file is `app.c`.
class SourceWriter {
public:
    explicit SourceWriter(std::shared_ptr<const Module> module, std::string file = "/src/app.c")
        : module_(std::move(module)), file_(symbols->add_file(std::move(file)))
    {}

    /// A function with the line of each of its instructions, in order and with the last `end`: 0
    /// for none, negative if the row is no statement. A row begins where the line changes.
    source::FunctionId lines(std::string_view function, const std::vector<int>& lines,
        source::Language language = source::Language::Wat, source::Function described = {})
    {
        const FuncIndex index = index_of(function);
        const debug::Flow flow(*module_, index);
        EXPECT_EQ(lines.size(), flow.size()) << function;
        const FuncMeta& meta = module_->meta(index);
        for (uint32_t i = 0; i < flow.size() && i < lines.size(); ++i) {
            if (i != 0 && lines[i] == lines[i - 1]) {
                symbols->rows.back().range.end = end_of(flow, meta, i);
                continue;
            }
            symbols->rows.push_back({ .range = { flow.offset(i), end_of(flow, meta, i) },
                .place = { file_, static_cast<uint32_t>(std::abs(lines[i])), 1 },
                .is_statement = lines[i] > 0 });
        }
        std::ranges::sort(symbols->rows, {}, [](const source::Row& row) { return row.range.begin; });
        if (described.name.empty())
            described.name = function;
        if (described.declared.line == 0 && !lines.empty())
            described.declared = { file_, static_cast<uint32_t>(std::abs(lines.front())), 0 };
        described.ranges = { { meta.body_offset, meta.end_offset } };
        described.language = language;
        return symbols->add_function(std::move(described));
    }

    /// A body of `name`, inlined into instructions `first` up to, but without, `last` of a
    /// function. `inside` is the block of the body around it. Returns its own.
    size_t inlined(std::string_view function, std::string name, uint32_t call_line, uint32_t first,
        uint32_t last, std::optional<size_t> inside = std::nullopt)
    {
        const FuncIndex index = index_of(function);
        const debug::Flow flow(*module_, index);
        const auto known = std::ranges::find(symbols->functions, name, &source::Function::name);
        source::FunctionId id {};
        if (known != symbols->functions.end()) {
            id = known->id;
        } else {
            const uint32_t line = call_line * 100;
            id = symbols->add_function({ .name = name, .declared = { file_, line, 0 } });
        }
        const auto outer =
            std::ranges::find(symbols->functions, std::string(function), &source::Function::name);
        const source::Range range { flow.offset(first), end_of(flow, module_->meta(index), last - 1) };
        std::ranges::find(symbols->functions, id, &source::Function::id)
            ->copies.push_back({ { range }, range.begin });
        LiteralSymbols::Block block {};
        block.kind = source::Scope::Kind::Inlined;
        block.function = id;
        block.name = std::move(name);
        block.ranges = { range };
        block.call = { file_, call_line, 3 };
        block.parent = inside.value_or(symbols->block_of(outer->id));
        return symbols->add_block(std::move(block));
    }

    /// The `nth` instruction of a function.
    CodeOffset offset(std::string_view function, uint32_t nth) const
    {
        return debug::Flow(*module_, index_of(function)).offset(nth);
    }
    FuncIndex index_of(std::string_view function) const
    {
        for (uint32_t i = module_->imported(ExternKind::Func); i < module_->functions.size(); ++i)
            if (module_->names().functions.find(i) == function)
                return FuncIndex { i };
        ADD_FAILURE() << "no function " << function;
        return FuncIndex { module_->imported(ExternKind::Func) };
    }

    const std::shared_ptr<LiteralSymbols> symbols = std::make_shared<LiteralSymbols>();

private:
    static CodeOffset end_of(const debug::Flow& flow, const FuncMeta& meta, uint32_t instruction)
    {
        return instruction + 1 < flow.size() ? flow.offset(instruction + 1) : meta.end_offset;
    }

    const std::shared_ptr<const Module> module_;
    const source::FileId file_;
};

/// A guest under a session, whose source a test writes down.
struct SourcedGuest : Guest {
    explicit SourcedGuest(EngineConfig config = { .guest_debug = true }) : Guest(config) {}

    /// Makes the instance and the session.
    SourceWriter load(std::string_view wat)
    {
        instance = &instantiate(wat);
        session = *debug::Session::create(store, thread);
        session->set_symbols(finder);
        SourceWriter writer(instance->module);
        finder->symbols[instance->module.get()] = writer.symbols;
        return writer;
    }

    /// Calls an export, and stops at its first instruction.
    std::string start(std::string_view name, std::vector<Value> arguments = {})
    {
        Function& callee = function(*instance, name);
        EXPECT_TRUE(session->start(
            [this, &callee, arguments]() -> debug::Outcome {
                auto results = invoke(thread, callee, arguments);
                if (!results)
                    return std::unexpected(std::move(results).error());
                return *results;
            },
            true));
        return wait();
    }
    std::string wait() { return text_of(*session->wait()); }
    std::string resume(debug::Resume how)
    {
        EXPECT_TRUE(session->resume(std::move(how)));
        return wait();
    }
    std::string go() { return resume({}); }
    std::string go(debug::LineStepKind kind, debug::LineStepFrom from = {})
    {
        auto step = debug::make_line_step(kind, *session, sources, std::move(from));
        EXPECT_NE(step, nullptr);
        return resume({ .step = std::move(step) });
    }
    std::string next() { return go(debug::LineStepKind::Next); }
    std::string step() { return go(debug::LineStepKind::Step); }
    std::string finish(size_t frame = 0, uint32_t level = 0)
    {
        return go(debug::LineStepKind::Finish, { .frame = frame, .level = level });
    }
    /// Runs to the `nth` instruction of a function.
    std::string go_to(const SourceWriter& writer, std::string_view name, uint32_t nth)
    {
        const auto id = session->add_breakpoint(
            { .module = instance->module, .offset = writer.offset(name, nth), .is_temporary = true });
        EXPECT_TRUE(id);
        return go();
    }

    /// `deposit:25`, for a breakpoint with ` (breakpoint 1)`, for a step with what was returned:
    /// `main:7, returned 5`. Without a line the instruction: `leaf: i32.const 1`. The end with
    /// results: `ended: 5`.
    std::string text_of(const debug::Event& event)
    {
        if (const auto* outcome = std::get_if<debug::Outcome>(&event)) {
            if (!*outcome)
                return "failed";
            std::string text = "ended:";
            for (const Value& value : **outcome)
                text += " " + value.to_text();
            return text;
        }
        const auto& reason = std::get<debug::StopReason>(event);
        std::string text = position();
        if (reason.kind != debug::StopKind::Step && reason.kind != debug::StopKind::Entry)
            text += " (" + reason.to_text() + ")";
        if (reason.results) {
            text += ", returned";
            for (const Value& value : reason.results->values)
                text += " " + value.to_text();
        }
        return text;
    }
    /// Where the stopped thread is.
    std::string position()
    {
        const auto frames = logical();
        return frames.empty() ? "nowhere" : text_of(frames.front());
    }
    /// `deposit:25 main:7`
    std::string backtrace()
    {
        std::string text;
        for (const debug::LogicalFrame& frame : logical())
            text += (text.empty() ? "" : " ") + text_of(frame);
        return text;
    }
    std::vector<debug::LogicalFrame> logical()
    {
        frames = session->frames();
        return debug::logical_frames(*finder, frames, session->stopped()->entered);
    }
    std::string text_of(const debug::LogicalFrame& logical)
    {
        const Frame& frame = frames[logical.frame];
        if (frame.is_host())
            return "host";
        if (logical.place)
            return logical.name + ":" + std::to_string(logical.place->line);
        const Module& module = frame.function->module();
        ByteReader in(module.bytes().subspan(frame.offset), frame.offset);
        return frame.function->name() + ": "
            + core::to_text(*decode_instruction(in), module, frame.function->index);
    }

    Instance* instance = nullptr;
    std::shared_ptr<LiteralFinder> finder = std::make_shared<LiteralFinder>();
    std::shared_ptr<debug::Sources> sources = std::make_shared<debug::Sources>(finder);
    std::unique_ptr<debug::Session> session;
    std::vector<Frame> frames;
};

} // namespace vitrine::core::test
