// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Line steps of random programs with random lines end where single steps say that they end.
#include "debug/line_step.h"

#include "exec/instrument.h"
#include "support/sourced_guest.h"

#include <gtest/gtest.h>

#include <array>
#include <random>

namespace vitrine::core::debug {
namespace {

using test::SourcedGuest;
using test::SourceWriter;
using Kind = LineStepKind;

constexpr int function_count = 4;

/// Functions that call each other, with blocks, loops, exceptions and tail calls. A global counts
/// down with each call and iteration, so that all of it ends.
class Program {
public:
    explicit Program(uint32_t seed) : random_(seed)
    {
        wat = "(module (tag $error) (global $fuel (export \"fuel\") (mut i32) (i32.const 40))\n";
        for (int i = 0; i < function_count; ++i) {
            wat += "(func $f" + std::to_string(i) + " (export \"f" + std::to_string(i)
                + "\") (param $x i32) (result i32)\n"
                  "(global.set $fuel (i32.sub (global.get $fuel) (i32.const 1)))\n"
                  "(if (i32.le_s (global.get $fuel) (i32.const 0)) (then (return (local.get $x))))\n";
            statements(3);
            if (below(4) == 0)
                wat += "(return_call " + callee() + " (local.get $x))";
            wat += "(local.get $x))\n";
        }
        wat += ")";
    }

    uint32_t below(uint32_t limit) { return std::uniform_int_distribution<uint32_t>(0, limit - 1)(random_); }

    std::string wat;

private:
    std::string callee() { return "$f" + std::to_string(below(function_count)); }

    void statements(int depth)
    {
        for (uint32_t count = 1 + below(4); count != 0; --count)
            statement(depth);
    }

    void statement(int depth)
    {
        const std::string label = "$l" + std::to_string(next_label_++);
        switch (depth == 0 ? below(3) : below(8)) {
        case 0: wat += "nop\n"; return;
        case 1:
            wat += "(local.set $x (i32.add (local.get $x) (i32.const " + std::to_string(below(5)) + ")))\n";
            return;
        case 2: wat += "(local.set $x (call " + callee() + " (local.get $x)))\n"; return;
        case 3:
            wat += "(if (i32.and (local.get $x) (i32.const 1)) (then\n";
            statements(depth - 1);
            wat += ") (else\n";
            statements(depth - 1);
            wat += "))\n";
            return;
        case 4:
            wat += "(block " + label + "\n";
            statements(depth - 1);
            wat += "(br_if " + label + " (i32.and (local.get $x) (i32.const 2)))\n";
            statements(depth - 1);
            wat += ")\n";
            return;
        case 5:
            wat += "(loop " + label + "\n";
            statements(depth - 1);
            wat += "(global.set $fuel (i32.sub (global.get $fuel) (i32.const 1)))\n"
                   "(br_if "
                + label + " (i32.gt_s (global.get $fuel) (i32.const 20))))\n";
            return;
        case 6:
            wat += "(block " + label + " (try_table (catch_all " + label + ")\n";
            statements(depth - 1);
            wat += "))\n";
            return;
        default:
            wat += "(if (i32.eq (i32.and (local.get $x) (i32.const 7)) (i32.const 3)) (then throw $error))\n";
        }
    }

    std::mt19937 random_;
    int next_label_ = 0;
};

/// Lines that change often, code without a line, rows that are no statements, functions without any
/// lines, and inlined bodies inside of each other.
void write_lines(SourceWriter& writer, Program& program, const Module& module)
{
    for (int i = 0; i < function_count; ++i) {
        const std::string name = "f" + std::to_string(i);
        const uint32_t size = Flow(module, writer.index_of(name)).size();
        if (program.below(6) == 0)
            continue;
        std::vector<int> lines;
        int line = 1;
        for (uint32_t k = 0; k < size; ++k) {
            if (program.below(4) == 0)
                line = static_cast<int>(program.below(6)) * (program.below(5) == 0 ? -1 : 1);
            lines.push_back(line);
        }
        writer.lines(name, lines);
        uint32_t first = 0, last = size;
        std::optional<size_t> inside;
        while (program.below(3) != 0 && last - first > 4) {
            first += program.below((last - first) / 2);
            last -= program.below((last - first) / 2);
            inside = writer.inlined(
                name, name + "_body" + std::to_string(first), 1 + program.below(6), first, last, inside);
        }
    }
}

/// Where a thread is. With the fuel, that is hardly ever the same at two times.
struct State {
    size_t depth;
    const core::Function* function;
    CodeOffset offset;
    uint32_t fuel;
    /// The instruction before has thrown an exception.
    bool is_caught = false;

    std::string text() const
    {
        return function->name() + "@" + std::to_string(offset) + " depth " + std::to_string(depth) + " fuel "
            + std::to_string(fuel);
    }
};

/// Steps single instructions up to one of them, then takes a line step.
class Driver final : public Probe {
public:
    Driver(SourcedGuest& guest, size_t begin, Kind kind)
        : guest_(guest), marks_(guest.thread, std::make_shared<MarksOfStore>()), begin_(begin), kind_(kind)
    {
        guest.thread.probes.set(ProbeRole::Session, this);
        set_stepping(guest.thread, true);
    }
    ~Driver() override
    {
        set_stepping(guest_.thread, false);
        guest_.thread.probes.set(ProbeRole::Session, nullptr);
    }
    Driver(const Driver&) = delete;
    Driver& operator=(const Driver&) = delete;

    Wish fire(Thread& thread, Cause cause) override
    {
        if (cause == Cause::Catch)
            is_caught_ = true;
        const bool is_report = cause == Cause::Mark || cause == Cause::Step || cause == Cause::Catch;
        if (!is_report || end)
            return Wish::Continue;
        if (step_) {
            take(step_->at(cause, *innermost_frame(thread)));
        } else if (cause != Cause::Catch) {
            trace.push_back(state());
            if (trace.size() - 1 == begin_)
                begin(thread);
        }
        return Wish::Continue;
    }

    std::vector<State> trace;
    std::optional<State> end;
    uint32_t entered = 0;

private:
    State state()
    {
        const Frame frame = *innermost_frame(guest_.thread);
        const auto fuel = std::get<Global*>(*guest_.instance->find_export("fuel"))->get().low;
        return { depth_of(guest_.thread), frame.function, frame.offset, static_cast<uint32_t>(fuel),
            std::exchange(is_caught_, false) };
    }
    void begin(Thread& thread)
    {
        step_ = make_line_step(kind_, frames_of(thread, 4), 0, guest_.sources, {});
        if (const auto at_once = step_->end_at_once())
            take(*at_once);
        else
            take(step_->begin(frames_for_step(thread), false));
    }
    void take(StepAnswer answer)
    {
        if (const auto* ended = std::get_if<StepEnd>(&answer)) {
            end = state();
            entered = ended->entered;
            follow({});
        } else if (const auto* plan = std::get_if<StepPlan>(&answer)) {
            follow(*plan);
        }
    }
    void follow(const StepPlan& plan)
    {
        marks_.clear_passing();
        for (const StepMark& mark : plan.marks)
            marks_.add_passing(mark.place, mark.frame);
        set_stepping(guest_.thread, plan.is_single);
    }

    SourcedGuest& guest_;
    Marks marks_;
    const size_t begin_;
    const Kind kind_;
    std::shared_ptr<Step> step_;
    bool is_caught_ = false;
};

/// Says where a step ends by looking at each instruction that was executed.
class Oracle {
public:
    Oracle(SourcedGuest& guest, const std::vector<State>& trace, size_t begin, Kind kind)
        : guest_(guest), trace_(trace), kind_(kind), at_(begin)
    {
        settle();
        begins_without_lines_ = !lines_;
        if (begins_without_lines_)
            lines_ = guest_.sources->instructions_of(*function_);
        is_leaving_ = false;
        place_ = here().place;
        body_ = here().body;
    }

    /// None if the guest ends before. `entered` is how many bodies that begin there were entered.
    std::optional<State> end(uint32_t& entered)
    {
        entered = 0;
        if (kind_ == Kind::Step && lines_ && lines_->beginning_at(index(at_)) != 0) {
            entered = 1;
            return trace_[at_];
        }
        for (++at_; at_ < trace_.size(); ++at_)
            if (const auto ends = look()) {
                entered = *ends;
                return trace_[at_];
            }
        return std::nullopt;
    }

private:
    const State& now() const { return trace_[at_]; }
    uint32_t index(size_t at) const { return *lines_->flow().find(trace_[at].offset); }
    CodeLines::Position here() const
    {
        return lines_ ? lines_->position(index(at_)) : CodeLines::Position {};
    }

    /// The step is in the function of the current state from now on.
    void settle()
    {
        depth_ = now().depth;
        function_ = now().function;
        lines_ = guest_.sources->lines_of(*function_);
        place_.reset();
        body_ = lines_ ? here().body : CodeLines::function_body;
        from_ = at_;
        is_leaving_ = lines_ == nullptr;
    }

    bool is_call(size_t at) const
    {
        const Flow flow(*guest_.instance->module, trace_[at].function->index);
        return flow.is_call(*flow.find(trace_[at].offset));
    }

    bool is_tail_call(size_t at) const
    {
        const Flow flow(*guest_.instance->module, trace_[at].function->index);
        return flow.is_tail_call(*flow.find(trace_[at].offset));
    }

    bool is_entered(const Function& function) const
    {
        return begins_without_lines_ || guest_.sources->lines_of(function);
    }

    std::optional<uint32_t> look()
    {
        const State& state = now();
        if (state.depth > depth_) {
            const bool enters = kind_ == Kind::Step && !is_leaving_ && at_ == from_ + 1
                && state.depth == depth_ + 1 && is_call(from_) && is_entered(*state.function);
            return enters ? std::optional(0u) : std::nullopt;
        }
        if (state.is_caught && !(state.depth == depth_ && is_leaving_))
            return look_at_handler();
        if (state.depth < depth_) {
            // The function has returned.
            settle();
            return lines_ || begins_without_lines_ ? std::optional(0u) : std::nullopt;
        }
        if (state.function != function_ || is_tail_call(from_)) {
            // A tail call has replaced it.
            const bool enters = kind_ == Kind::Step && !is_leaving_ && is_entered(*state.function);
            if (enters)
                return 0;
            if (kind_ == Kind::Step)
                is_leaving_ = true;
            return std::nullopt;
        }
        if (is_leaving_)
            return std::nullopt;
        const auto ends = target(index(from_), index(at_));
        from_ = at_;
        return ends;
    }

    std::optional<uint32_t> look_at_handler()
    {
        const bool is_home = now().depth == depth_ && now().function == function_;
        if (!is_home) {
            settle();
            if (!lines_)
                return begins_without_lines_ ? std::optional(0u) : std::nullopt;
            return lines_->is_statement(index(at_)) ? std::optional(0u) : std::nullopt;
        }
        const auto position = here();
        const bool is_same = position.body == body_ && position.place && is_line(*position.place);
        if (!is_same && lines_->is_statement(index(at_)))
            return 0;
        if (!is_same)
            place_.reset();
        from_ = at_;
        return std::nullopt;
    }

    bool is_line(const source::Place& place) const { return place_ && place_->line == place.line; }

    /// Whether the step ends when the function goes on from one instruction to another.
    std::optional<uint32_t> target(uint32_t from, uint32_t to) const
    {
        if (!lines_->is_statement(to))
            return std::nullopt;
        uint32_t entered = 0;
        const uint32_t beginning = lines_->beginning_at(to);
        while (entered < beginning
            && lines_->contains(lines_->position(to, entered + 1).body, lines_->inside(from).body))
            ++entered;
        const auto position = lines_->position(to, entered);
        const bool is_deeper = position.body != body_ && lines_->contains(body_, position.body);
        if (position.body == body_) {
            if (position.place && !is_line(*position.place))
                return entered;
            return kind_ == Kind::Step && entered < beginning ? std::optional(entered + 1) : std::nullopt;
        }
        if (!position.place || (is_deeper && kind_ != Kind::Step))
            return std::nullopt;
        return entered;
    }

    SourcedGuest& guest_;
    const std::vector<State>& trace_;
    const Kind kind_;
    size_t at_;
    size_t depth_ = 0;
    const core::Function* function_ = nullptr;
    std::shared_ptr<const CodeLines> lines_;
    std::optional<source::Place> place_;
    CodeLines::Body body_ = CodeLines::function_body;
    /// The last state in this frame.
    size_t from_ = 0;
    bool is_leaving_ = false;
    bool begins_without_lines_ = false;
};

void check(uint32_t seed, TierPolicy tier)
{
    Program program(seed);
    SourcedGuest guest({ .guest_debug = true, .tier = tier, .tier_threshold = 1, .tier_seed = seed });
    guest.instance = &guest.instantiate(program.wat);
    const Module& module = *guest.instance->module;
    SourceWriter writer(guest.instance->module);
    write_lines(writer, program, module);
    guest.finder->symbols[&module] = writer.symbols;
    const auto run = [&](size_t begin, Kind kind) {
        auto* const fuel = std::get<Global*>(*guest.instance->find_export("fuel"));
        *fuel->writable_slots() = 40;
        auto driver = std::make_unique<Driver>(guest, begin, kind);
        (void)guest.call(*guest.instance, "f0", { Value::i32(static_cast<int32_t>(seed % 8)) });
        return driver;
    };
    const std::vector<State> trace = run(SIZE_MAX, Kind::Next)->trace;
    ASSERT_FALSE(trace.empty());
    for (int i = 0; i < 40; ++i) {
        const size_t begin = program.below(static_cast<uint32_t>(trace.size()));
        for (const Kind kind : { Kind::Next, Kind::Step }) {
            uint32_t entered = 0;
            const auto expected = Oracle(guest, trace, begin, kind).end(entered);
            const auto driver = run(begin, kind);
            SCOPED_TRACE(
                (kind == Kind::Next ? "next" : "step") + std::string(" from ") + trace[begin].text());
            ASSERT_EQ(driver->end ? driver->end->text() : "the end", expected ? expected->text() : "the end");
            if (expected) {
                ASSERT_EQ(driver->entered, entered);
            }
        }
    }
}

TEST(LineStepsAtRandom, EndWhereSingleStepsSay)
{
    constexpr std::array tiers { TierPolicy::Interpreter, TierPolicy::Auto, TierPolicy::Compiled,
        TierPolicy::Mixed };
    for (uint32_t seed = 1; seed <= 30 && !testing::Test::HasFatalFailure(); ++seed) {
        SCOPED_TRACE("seed " + std::to_string(seed));
        check(seed, tiers[seed % tiers.size()]);
    }
}

} // namespace
} // namespace vitrine::core::debug
