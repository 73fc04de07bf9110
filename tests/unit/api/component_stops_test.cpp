// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Debug sessions on components: stops wherever a component, or the boundary between two, executes
// guest code.
#include "world.h"

#include <vitrine/component.hpp>

#include <array>
#include <chrono>
#include <thread>

namespace vitrine::test {
namespace {

using debug::Session;
using debug::StopKind;
using debug::Stopped;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

/// A place where guest code runs. Its function first calls `$at` of its module with the number,
/// which notes the number, loops while it is `$spin`, and traps if it is `$trap`.
struct Place {
    std::int32_t number;
    std::string_view instance;
    std::string_view module;
    std::string_view function;
};

void PrintTo(const Place& place, std::ostream* out) { *out << place.function; }

constexpr Place start { 1, "calc/main", "main", "begin" };
constexpr Place realloc_of_callee { 2, "calc/main", "main", "realloc" };
constexpr Place callee { 3, "calc/main", "main", "greet" };
constexpr Place post_return { 4, "calc/main", "main", "after" };
constexpr Place destructor { 5, "calc/main", "main", "destroy" };
constexpr Place realloc_of_caller { 6, "front/libc", "libc", "allocate" };
constexpr Place adapter { 7, "front/wit-component:adapter:test", "wit-component:adapter:test", "adapt" };
constexpr Place caller { 8, "front/app", "app", "go" };

/// In the order in which a call of `go` gets there.
constexpr std::array places_of_go { caller, adapter, realloc_of_callee, callee, realloc_of_caller,
    post_return, destructor };

constexpr std::uint32_t spin = 0, trap = 1;

/// Two components, one of which calls the other. `AT` stands for what all modules share.
constexpr std::string_view two_components = R"((component
  (component $calc
    (core module $main
      AT
      (memory (export "memory") 1)
      (data (i32.const 16) "hello, ")
      (func $begin (call $at (i32.const 1)))
      (start $begin)
      (func $realloc (export "realloc") (param i32 i32 i32 i32) (result i32)
        (call $at (i32.const 2))
        (i32.const 1024))
      (func $greet (export "greet") (param $name i32) (param $size i32) (result i32)
        (call $at (i32.const 3))
        (memory.copy (i32.const 23) (local.get $name) (local.get $size))
        (i32.store (i32.const 0) (i32.const 16))
        (i32.store (i32.const 4) (i32.add (i32.const 7) (local.get $size)))
        (i32.const 0))
      (func $after (export "after") (param i32) (call $at (i32.const 4)))
      (func $destroy (export "destroy") (param $rep i32) (call $at (i32.const 5)))
      (func $use (export "use") (param i32 i32 i32)))
    (core instance $main (instantiate $main))
    (type $file' (resource (rep i32) (dtor (core func $main "destroy"))))
    (export $file "file" (type $file'))
    (core func $new (canon resource.new $file'))
    (core module $open
      (import "" "new" (func $new (param i32) (result i32)))
      (func $open (export "open") (result i32) (call $new (i32.const 7))))
    (core instance $open (instantiate $open (with "" (instance (export "new" (func $new))))))
    (func (export "open") (result (own $file)) (canon lift (core func $open "open")))
    (func (export "greet") (param "name" string) (result string)
      (canon lift (core func $main "greet") (memory (core memory $main "memory"))
        (realloc (core func $main "realloc")) (post-return (core func $main "after")))))
  (instance $calc (instantiate $calc))
  (alias export $calc "file" (type $file))
  (component $front
    (import "file" (type $file (sub resource)))
    (import "open" (func $open (result (own $file))))
    (import "greet" (func $greet (param "name" string) (result string)))
    (core module $libc
      AT
      (memory (export "memory") 1)
      (data (i32.const 64) "bob")
      (func $allocate (export "realloc") (param i32 i32 i32 i32) (result i32)
        (call $at (i32.const 6))
        (i32.const 256)))
    (core instance $libc (instantiate $libc))
    (core func $greet' (canon lower (func $greet) (memory (core memory $libc "memory"))
      (realloc (core func $libc "realloc"))))
    (core func $open' (canon lower (func $open)))
    (core func $drop (canon resource.drop $file))
    (core module $wit-component:adapter:test
      (import "" "greet" (func $greet (param i32 i32 i32)))
      AT
      (func $adapt (export "greet") (param i32 i32 i32)
        (call $at (i32.const 7))
        (call $greet (local.get 0) (local.get 1) (local.get 2))))
    (core instance $wit-component:adapter:test (instantiate $wit-component:adapter:test
      (with "" (instance (export "greet" (func $greet'))))))
    (core module $app
      (import "" "greet" (func $greet (param i32 i32 i32)))
      (import "" "open" (func $open (result i32)))
      (import "" "drop" (func $drop (param i32)))
      (import "" "memory" (memory 1))
      AT
      (func $go (export "go") (result i32) (local $file i32)
        (call $at (i32.const 8))
        (local.set $file (call $open))
        (call $greet (i32.const 64) (i32.const 3) (i32.const 128))
        (call $drop (local.get $file))
        (i32.load (i32.const 132))))
    (core instance $app (instantiate $app (with "" (instance
      (export "greet" (func $wit-component:adapter:test "greet")) (export "open" (func $open'))
      (export "drop" (func $drop)) (export "memory" (memory $libc "memory"))))))
    (func (export "go") (result u32) (canon lift (core func $app "go"))))
  (instance $front (instantiate $front (with "file" (type $file)) (with "open" (func $calc "open"))
    (with "greet" (func $calc "greet"))))
  (func (export "go") (alias export $front "go"))
  (func (export "greet") (alias export $calc "greet"))))";

std::string text_with(std::int32_t spins_at_start, std::int32_t traps_at_start)
{
    const std::string at = "(global $spin (mut i32) (i32.const " + std::to_string(spins_at_start)
        + ")) (global $trap (mut i32) (i32.const " + std::to_string(traps_at_start) + "))" + R"(
      (global $visited (mut i32) (i32.const 0))
      (func $at (param $number i32)
        (global.set $visited (local.get $number))
        (loop $again (br_if $again (i32.eq (global.get $spin) (local.get $number))))
        (if (i32.eq (global.get $trap) (local.get $number)) (then unreachable))))";
    std::string text(two_components);
    for (size_t place = text.find("AT\n"); place != std::string::npos; place = text.find("AT\n"))
        text.replace(place, 2, at);
    return text;
}

/// The components under a session.
struct Debuggee {
    explicit Debuggee(std::int32_t spins_at_start = 0, std::int32_t traps_at_start = 0)
        : component(component_of(text_with(spins_at_start, traps_at_start)))
    {}

    Component component_of(const std::string& text) const
    {
        const std::vector<std::uint8_t> bytes = core::test::wasm_of(text);
        return Component::from_bytes(engine, std::as_bytes(std::span(bytes))).value();
    }
    debug::Event instantiate() { return session.instantiate(ComponentLinker(engine), component); }
    /// Makes an instance without a stop.
    void make()
    {
        ASSERT_TRUE(exited(instantiate()));
        instance = session.component_instance();
    }

    ComponentFunc func(std::string_view name) const { return instance->func(name).value(); }
    debug::Event go() { return session.call(func("go"), {}); }
    Module module(std::string_view name) const
    {
        for (const CoreModule& core : component.core_modules())
            if (core.name == name)
                return core.module;
        throw std::logic_error("no module");
    }
    FuncInfo function(const Place& place) const
    {
        for (const FuncInfo& info : module(place.module).functions())
            if (info.name == place.function)
                return info;
        throw std::logic_error("no function");
    }
    std::uint32_t break_at(const Place& place)
    {
        return session.add_breakpoint({ .module = module(place.module), .offset = function(place).offset })
            .value();
    }
    Instance core(const Place& place) const { return instance->debug_core_instance(place.instance).value(); }
    void set(const Place& place, std::uint32_t global, std::int32_t value) const
    {
        ASSERT_TRUE(core(place).debug_global(global)->set(Val::i32(value)));
    }

    /// A stop at a place, reached through a breakpoint there.
    Stopped stop_at(const Place& place)
    {
        const std::uint32_t id = break_at(place);
        Stopped stop = stopped(place.number == start.number ? instantiate() : go());
        EXPECT_EQ("breakpoint " + std::to_string(id), stop.reason().to_text());
        EXPECT_TRUE(session.remove_breakpoint(id));
        return stop;
    }
    /// Resumes to the end, which must be a good one.
    void finish(Stopped stop)
    {
        const auto ended = exited(session.resume(std::move(stop)));
        EXPECT_TRUE(ended) << error_of(ended);
        if (!instance) {
            instance = session.component_instance();
            ASSERT_TRUE(instance);
        } else {
            EXPECT_EQ("10", session.component_result()->to_text());
        }
    }
    /// Everything is as if nothing had happened: the functions can be called, and hold nothing.
    void expect_unharmed()
    {
        for (const Place& place : places_of_go)
            set(place, trap, 0);
        ASSERT_TRUE(exited(go()));
        EXPECT_EQ("10", session.component_result()->to_text());
        for (const ComponentInstance& nested : instance->debug_instances())
            EXPECT_TRUE(nested.debug_handles().empty());
    }

    Engine engine { Config().guest_debug(true) };
    Component component;
    Store store { engine };
    Session session { store };
    std::optional<ComponentInstance> instance;
};

std::string text_of(const Stopped& stop)
{
    std::string text;
    for (const debug::Frame& frame : stop.frames())
        text += (text.empty() ? "" : " < ") + frame.function().name();
    return text;
}

class ComponentStops : public testing::TestWithParam<Place> {
protected:
    ComponentStops()
    {
        if (!is_start())
            guest_.make();
    }
    const Place& place() const { return GetParam(); }
    bool is_start() const { return place().number == start.number; }

    Debuggee guest_;
};

TEST_P(ComponentStops, BreakpointAndSteps)
{
    Stopped stop = guest_.stop_at(place());
    EXPECT_EQ(place().function, stop.frames().front().function().name());
    const std::uint32_t offset = stop.frames().front().offset();
    // `i32.const`, then the call.
    stop = stopped(guest_.session.step(std::move(stop)));
    EXPECT_EQ("step", stop.reason().to_text());
    EXPECT_EQ(offset + 2, stop.frames().front().offset());
    stop = stopped(guest_.session.step(std::move(stop)));
    EXPECT_EQ("at", stop.frames().front().function().name());
    EXPECT_EQ(place().function, stop.frames()[1].function().name());
    stop = stopped(guest_.session.step_out(std::move(stop)));
    EXPECT_EQ(place().function, stop.frames().front().function().name());
    EXPECT_EQ(offset + 4, stop.frames().front().offset());
    guest_.finish(std::move(stop));
}

/// A step over a call, and every later step to the end of the guest, one at a time.
TEST_P(ComponentStops, StepsToTheEnd)
{
    debug::Event event = guest_.stop_at(place());
    size_t steps = 0;
    while (auto* stop = std::get_if<Stopped>(&event)) {
        EXPECT_EQ("step", steps == 0 ? "step" : stop->reason().to_text());
        ASSERT_LT(++steps, 1000u);
        event = steps % 2 == 0 ? guest_.session.step(std::move(*stop))
                               : guest_.session.step_over(std::move(*stop));
    }
    EXPECT_TRUE(exited(std::move(event)));
}

/// `finish` stops in the caller of the function. For what the boundary calls, that is the guest
/// function that made the call of the component. After `realloc` for arguments, it is the function
/// that gets the arguments.
TEST_P(ComponentStops, StepOut)
{
    Stopped stop = guest_.stop_at(place());
    debug::Event event = guest_.session.step_out(std::move(stop));
    if (is_start() || place().number == caller.number) {
        EXPECT_TRUE(exited(std::move(event)));
        return;
    }
    stop = stopped(std::move(event));
    EXPECT_EQ("step", stop.reason().to_text());
    switch (place().number) {
    case realloc_of_callee.number:
        EXPECT_THAT(text_of(stop), testing::StartsWith("greet < "));
        // Behind the locals, which it does not have.
        EXPECT_EQ(guest_.function(callee).offset + 1, stop.frames().front().offset());
        break;
    case callee.number:
    case realloc_of_caller.number:
    case post_return.number: EXPECT_THAT(text_of(stop), testing::StartsWith("adapt < ")); break;
    default: EXPECT_THAT(text_of(stop), testing::StartsWith("go < ")); break;
    }
    guest_.finish(std::move(stop));
}

TEST_P(ComponentStops, Interrupt)
{
    if (is_start())
        return;
    guest_.set(place(), spin, place().number);
    std::jthread other([&](const std::stop_token& stop) {
        while (!stop.stop_requested()) {
            std::this_thread::sleep_for(std::chrono::milliseconds(1));
            guest_.session.interrupt();
        }
    });
    Stopped stop = stopped(guest_.go());
    while (stop.frames().size() < 2 || stop.frames()[1].function().name() != place().function)
        stop = stopped(guest_.session.resume(std::move(stop)));
    other.request_stop();
    other.join();
    EXPECT_EQ("interrupt", stop.reason().to_text());
    guest_.set(place(), spin, 0);
    guest_.finish(std::move(stop));
}

TEST_P(ComponentStops, Kill)
{
    Stopped stop = guest_.stop_at(place());
    const auto ended = exited(guest_.session.kill(std::move(stop)));
    ASSERT_FALSE(ended);
    EXPECT_EQ(TrapKind::Killed, ended.error().trap()->kind);
    // The session and the store live on.
    Debuggee other;
    EXPECT_TRUE(exited(guest_.instantiate()));
    guest_.instance = guest_.session.component_instance();
    guest_.expect_unharmed();
}

TEST_P(ComponentStops, Watchpoint)
{
    if (is_start())
        return;
    Stopped stop = guest_.stop_at(caller);
    const Global visited = *guest_.core(place()).debug_global(2);
    ASSERT_TRUE(guest_.session.add_watchpoint({ .what = visited }));
    while (visited.get() != Val::i32(place().number))
        stop = stopped(guest_.session.resume(std::move(stop)));
    EXPECT_EQ(StopKind::Watchpoint, stop.reason().kind);
    EXPECT_EQ(place().number, stop.reason().watch->new_value.i32());
    EXPECT_EQ(place().function, stop.frames()[1].function().name());
    for (const debug::Watchpoint& watch : guest_.session.watchpoints())
        EXPECT_TRUE(guest_.session.remove_watchpoint(watch.id));
    guest_.finish(std::move(stop));
}

/// A trap is a stop, with the frames that led to it on both sides of the boundary.
TEST_P(ComponentStops, Trap)
{
    if (is_start())
        return;
    guest_.set(place(), trap, place().number);
    Stopped stop = stopped(guest_.go());
    EXPECT_EQ("trap: unreachable", stop.reason().to_text());
    EXPECT_EQ(place().function, stop.frames()[1].function().name());
    EXPECT_THAT(text_of(stop), HasSubstr("go"));
    const auto ended = exited(guest_.session.resume(std::move(stop)));
    EXPECT_EQ(TrapKind::Unreachable, ended.error().trap()->kind);
    EXPECT_THAT(error_of(exited(guest_.session.resume(stopped(guest_.go())))),
        HasSubstr("cannot enter component instance"));
}

/// A call by the debugger that traps somewhere in a component leaves no mark: not on the component,
/// and not on the program that stands at a place of another one.
TEST_P(ComponentStops, TheDebuggersOwnCallTraps)
{
    Debuggee& program = guest_;
    Stopped stop = program.stop_at(place());
    // A second instance of the component, which nobody has entered.
    if (is_start())
        return program.finish(std::move(stop));
    EXPECT_TRUE(stop.frames().size() > 1);
    const Func destroy = *program.core(destructor).debug_function(program.function(destructor).index);
    program.set(destructor, trap, destructor.number);
    stop = stopped(program.session.call(std::move(stop), destroy, { Val::i32(1) }));
    EXPECT_EQ("trap: unreachable", stop.reason().to_text());
    stop = stopped(program.session.resume(std::move(stop)));
    EXPECT_EQ(StopKind::CallEnd, stop.reason().kind);
    EXPECT_FALSE(*stop.reason().results);
    EXPECT_EQ(place().function, stop.frames().front().function().name());
    // A function of the component that is being executed cannot be entered.
    stop = stopped(program.session.call(std::move(stop), program.func("go"), {}));
    EXPECT_EQ("trap: cannot enter component instance", stop.reason().to_text());
    stop = stopped(program.session.resume(std::move(stop)));
    EXPECT_FALSE(*stop.reason().results);
    EXPECT_FALSE(program.session.component_result());
    program.set(destructor, trap, 0);
    program.finish(std::move(stop));
    program.expect_unharmed();
}

INSTANTIATE_TEST_SUITE_P(Places, ComponentStops,
    testing::Values(
        start, realloc_of_callee, callee, post_return, destructor, realloc_of_caller, adapter, caller),
    [](const testing::TestParamInfo<Place>& info) { return std::string(info.param.function); });

/// The program has stopped in one component, and the debugger calls another one, which traps at a
/// place.
class OwnCalls : public testing::TestWithParam<Place> {};

TEST_P(OwnCalls, ThatTrapLeaveNoMark)
{
    Debuggee guest;
    guest.make();
    const ComponentInstance program = *guest.instance;
    guest.make();
    const Place& place = GetParam();
    guest.set(place, trap, place.number);
    const std::uint32_t id = guest.break_at(caller);
    Stopped stop = stopped(guest.session.call(program.func("go").value(), {}));
    ASSERT_TRUE(guest.session.remove_breakpoint(id));
    for (int i = 0; i < 3; ++i) {
        stop = stopped(guest.session.call(std::move(stop), guest.func("go"), {}));
        EXPECT_EQ("trap: unreachable", stop.reason().to_text());
        EXPECT_EQ(place.function, stop.frames()[1].function().name());
        stop = stopped(guest.session.resume(std::move(stop)));
        EXPECT_EQ(StopKind::CallEnd, stop.reason().kind);
        EXPECT_FALSE(*stop.reason().results);
    }
    for (const Place& other : places_of_go)
        guest.set(other, trap, 0);
    stop = stopped(guest.session.call(std::move(stop), guest.func("go"), {}));
    EXPECT_EQ(StopKind::CallEnd, stop.reason().kind);
    EXPECT_EQ("10", guest.session.component_result()->to_text());
    EXPECT_TRUE(exited(guest.session.resume(std::move(stop))));
    EXPECT_EQ("10", guest.session.component_result()->to_text());
}

INSTANTIATE_TEST_SUITE_P(Places, OwnCalls, testing::ValuesIn(places_of_go),
    [](const testing::TestParamInfo<Place>& info) { return std::string(info.param.function); });

TEST(ComponentSessions, AStartFunctionThatTraps)
{
    Debuggee guest(0, start.number);
    Stopped stop = stopped(guest.instantiate());
    EXPECT_EQ("trap: unreachable", stop.reason().to_text());
    EXPECT_THAT(text_of(stop), HasSubstr("at < begin"));
    EXPECT_EQ(TrapKind::Unreachable, exited(guest.session.resume(std::move(stop))).error().trap()->kind);
    EXPECT_FALSE(guest.session.component_instance());
}

TEST(ComponentSessions, AStartFunctionIsInterrupted)
{
    Debuggee guest(start.number);
    std::jthread other([&](const std::stop_token& stop) {
        while (!stop.stop_requested()) {
            std::this_thread::sleep_for(std::chrono::milliseconds(1));
            guest.session.interrupt();
        }
    });
    Stopped stop = stopped(guest.instantiate());
    while (stop.frames().empty() || stop.frames().front().function().name() != "at")
        stop = stopped(guest.session.resume(std::move(stop)));
    other.request_stop();
    other.join();
    EXPECT_EQ("interrupt", stop.reason().to_text());
    ASSERT_TRUE(stop.frames().front().assign("$spin = 0"));
    EXPECT_TRUE(exited(guest.session.resume(std::move(stop))));
    EXPECT_TRUE(guest.session.component_instance());
}

/// A call that allocates twice, in a `realloc` that calls the callee itself, and catches an
/// exception of its own.
TEST(ComponentSessions, StepOutOfReallocToItsCallee)
{
    const std::vector<std::uint8_t> bytes = core::test::wasm_of(R"((component
      (core module $main
        (memory (export "memory") 1)
        (tag $oops)
        (func $realloc (export "realloc") (param i32 i32 i32 i32) (result i32)
          (drop (call $both (i32.const 0) (i32.const 1) (i32.const 0) (i32.const 1)))
          (block $caught (try_table (catch $oops $caught) (throw $oops)))
          (i32.const 1024))
        (func $both (export "both") (param i32 i32 i32 i32) (result i32)
          (i32.add (local.get 1) (local.get 3))))
      (core instance $main (instantiate $main))
      (func (export "both") (param "a" string) (param "b" string) (result u32)
        (canon lift (core func $main "both") (memory (core memory $main "memory"))
          (realloc (core func $main "realloc"))))))");
    const Engine engine(Config().guest_debug(true));
    const Component component = Component::from_bytes(engine, std::as_bytes(std::span(bytes))).value();
    Store store(engine);
    Session session(store);
    ASSERT_TRUE(exited(session.instantiate(ComponentLinker(engine), component)));
    const ComponentFunc both = session.component_instance()->func("both").value();
    const auto text = ComponentVal::parse(both.type().params[0].type, "\"you\"").value();
    Stopped stop = stopped(session.call(both, { text, text }, true));
    EXPECT_EQ("realloc", text_of(stop).substr(0, 7));
    stop = stopped(session.step_out(std::move(stop)));
    EXPECT_EQ("step", stop.reason().to_text());
    EXPECT_THAT(text_of(stop), testing::StartsWith("both < "));
    EXPECT_EQ(3, stop.frames().front().locals()[3].value.i32());
    EXPECT_TRUE(exited(session.resume(std::move(stop))));
    EXPECT_EQ("6", session.component_result()->to_text());
}

TEST(ComponentSessions, StopAtEntry)
{
    Debuggee guest;
    Stopped stop = stopped(
        guest.session.instantiate(ComponentLinker(guest.engine).prepare(guest.component).value(), true));
    EXPECT_EQ("entry", stop.reason().to_text());
    EXPECT_EQ("begin", text_of(stop));
    guest.finish(std::move(stop));
    stop = stopped(guest.session.call(guest.func("go"), {}, true));
    EXPECT_EQ("entry", stop.reason().to_text());
    EXPECT_THAT(text_of(stop), testing::StartsWith("go"));
    guest.finish(std::move(stop));
}

TEST(ComponentSessions, ArgumentsAndResults)
{
    Debuggee guest;
    guest.make();
    EXPECT_FALSE(guest.session.component_result());
    const ComponentFunc greet = guest.func("greet");
    const auto name = ComponentVal::parse(greet.type().params[0].type, "\"you\"").value();
    EXPECT_THAT(*exited(guest.session.call(greet, { name })), IsEmpty());
    EXPECT_EQ("\"hello, you\"", guest.session.component_result()->to_text());
    EXPECT_THAT(error_of(exited(guest.session.call(greet, {}))), HasSubstr("expected 1 argument, got 0"));
    EXPECT_FALSE(guest.session.component_result());

    Debuggee other;
    other.make();
    EXPECT_EQ("the function does not belong to the session's store",
        error_of(exited(guest.session.call(other.func("go"), {}))));
    Stopped stop = guest.stop_at(caller);
    stop = stopped(guest.session.call(std::move(stop), greet, { name }));
    EXPECT_EQ("trap: cannot enter component instance", stop.reason().to_text())
        << "the instance that contains `calc` is being executed";
}

/// `StopsOn::component` stops at the first instruction of each function of a component that is
/// called, by a component or by the host.
TEST(ComponentSessions, StopAtCallsOfComponents)
{
    Debuggee guest;
    ASSERT_TRUE(guest.session.stop_on({ .component = true }));
    guest.make();
    debug::Event event = guest.go();
    std::vector<std::string> stops;
    while (auto* stop = std::get_if<Stopped>(&event)) {
        EXPECT_EQ(StopKind::ComponentCall, stop->reason().kind);
        stops.push_back(stop->reason().to_text() + " in " + stop->frames().front().function().name());
        event = guest.session.resume(std::move(*stop));
    }
    EXPECT_THAT(stops, ElementsAre("call of go in go", "call of open in open", "call of greet in greet"));
    EXPECT_TRUE(exited(std::move(event)));
    EXPECT_EQ("10", guest.session.component_result()->to_text());
    ASSERT_TRUE(guest.session.stop_on({}));
    EXPECT_TRUE(exited(guest.go()));
}

/// The embedder runs the guest, and a handler decides at each stop. A call that it makes nests.
TEST(ComponentSessions, AHandlersOwnCallTraps)
{
    const Engine engine(Config().guest_debug(true));
    Store store(engine);
    const std::vector<std::uint8_t> bytes = core::test::wasm_of(text_with(0, 0));
    const Component component = Component::from_bytes(engine, std::as_bytes(std::span(bytes))).value();
    const ComponentLinker linker(engine);
    const ComponentInstance program = linker.instantiate(store, component).value();
    const ComponentInstance other = linker.instantiate(store, component).value();
    const Global other_trap = *other.debug_core_instance(callee.instance)->debug_global(trap);
    ASSERT_TRUE(other_trap.set(Val::i32(callee.number)));
    const auto go = other.typed<std::uint32_t()>("go").value();
    std::vector<std::string> ends;
    Session session(store, [&](Stopped& stop) {
        if (stop.reason().kind != StopKind::ComponentCall || !ends.empty())
            return debug::Resume::go();
        ends.emplace_back("begins");
        ends.push_back(error_of(go()));
        EXPECT_TRUE(other_trap.set(Val::i32(0)));
        ends.push_back(error_of(go()));
        return debug::Resume::go();
    });
    ASSERT_TRUE(session.stop_on({ .component = true }));
    EXPECT_EQ(10u, program.typed<std::uint32_t()>("go").value()().value());
    EXPECT_THAT(ends, ElementsAre("begins", HasSubstr("unreachable"), ""));
}

} // namespace
} // namespace vitrine::test
