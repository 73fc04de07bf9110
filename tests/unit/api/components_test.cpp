// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "calc_component.h"
#include "world.h"

#include <vitrine/component.hpp>

#include <chrono>
#include <memory>
#include <thread>

namespace vitrine::test {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

const std::string ops = "test:calc/ops@0.1.0";
const std::string log_interface = "test:calc/host-log@0.1.0";

struct Point {
    std::int32_t x, y;
    std::string label;
};

/// Notes its own end.
struct Sink {
    Sink(std::vector<std::string>& events, std::string name) : events(events), name(std::move(name)) {}
    Sink(const Sink&) = delete;
    ~Sink() { events.push_back("end of " + name); }
    void write(std::string_view text) { events.push_back(name + ": " + std::string(text)); }

    std::vector<std::string>& events;
    std::string name;
};

Result<Component> component_of(const Engine& engine, std::string_view wat)
{
    const std::vector<std::uint8_t> bytes = core::test::wasm_of(wat);
    return Component::from_bytes(engine, std::as_bytes(std::span(bytes)));
}

/// The component and a host for it.
struct Calc {
    explicit Calc(bool guest_debug = true) : engine(Config().guest_debug(guest_debug))
    {
        linker.resource<Sink>(log_interface, "sink")
            .define(log_interface, "[constructor]sink",
                [this](std::string name) { return Own<Sink>::make(events, std::move(name)); })
            .define(log_interface, "[method]sink.write",
                [](Sink& self, std::string_view text) { self.write(text); })
            .define(log_interface, "log",
                [this](std::uint8_t level, std::string_view text) -> ComponentResult<void, std::string> {
                    if (level > 5)
                        return err("no such level");
                    events.emplace_back(text);
                    return ok();
                });
    }
    ComponentInstance instantiate() { return linker.instantiate(store, component).value(); }

    Engine engine;
    Component component = component_of(engine, calc_component).value();
    std::vector<std::string> events;
    Store store { engine };
    ComponentLinker linker { engine };
};

TEST(Components, TypedFunctions)
{
    Calc calc;
    const ComponentInstance instance = calc.instantiate();
    const auto greet = instance.typed<std::string(std::string_view)>(ops, "greet").value();
    EXPECT_EQ("hello, world", greet("world").value());
    const auto translate = instance.typed<Point(Point, std::int32_t, std::int32_t)>("translate").value();
    const Point moved = translate({ 1, 2, "p" }, 10, 20).value();
    EXPECT_EQ(11, moved.x);
    EXPECT_EQ(22, moved.y);
    EXPECT_EQ("p", moved.label);
    const auto sum =
        instance.typed<ComponentResult<std::int64_t, std::string>(std::vector<std::int64_t>)>(ops, "sum")
            .value();
    EXPECT_EQ(6, *sum({ 1, 2, 3 }).value());
    EXPECT_EQ("empty", sum({}).value().error());
}

TEST(Components, AWrongSignatureIsNamed)
{
    Calc calc;
    const ComponentInstance instance = calc.instantiate();
    EXPECT_THAT(error_of(instance.typed<void(std::uint32_t)>(ops, "greet")), HasSubstr("greet"));
    EXPECT_EQ("there is no exported function \"test:calc/ops@0.1.0#nothing\"",
        error_of(instance.typed<void()>(ops, "nothing")));
    calc.linker = ComponentLinker(calc.engine);
    calc.linker.define(log_interface, "log", [](std::uint32_t, std::string_view) {});
    EXPECT_THAT(error_of(calc.linker.instantiate(calc.store, calc.component)), HasSubstr("log"));
}

TEST(Components, MissingImportsAreListed)
{
    Calc calc;
    const auto error = error_of(ComponentLinker(calc.engine).instantiate(calc.store, calc.component));
    for (const char* name : { "unknown import", "sink", "[method]sink.write", "#log" })
        EXPECT_THAT(error, HasSubstr(name));
}

/// Imports are resolved once, and what is defined later changes nothing. Each instance is one of
/// its own, and so are the resources of each store.
TEST(Components, APreparedComponentMakesManyInstances)
{
    Calc calc;
    const PreparedComponent prepared = calc.linker.prepare(calc.component).value();
    EXPECT_EQ(calc.component, prepared.component());
    calc.linker = ComponentLinker(calc.engine);
    Store other(calc.engine);
    for (Store* const store : { &calc.store, &calc.store, &other }) {
        const ComponentInstance instance = prepared.instantiate(*store).value();
        const auto greet = instance.typed<std::string(std::string_view)>(ops, "greet").value();
        EXPECT_EQ("hello, world", greet("world").value());
        EXPECT_EQ(1, instance.debug_core_instance("main")->debug_global(0)->get().i32());
        EXPECT_TRUE(instance.typed<void(std::string)>("use-sink").value()("s").has_value());
    }
    EXPECT_THAT(calc.events,
        ElementsAre("s: sink line", "end of s", "s: sink line", "end of s", "s: sink line", "end of s"));
}

TEST(Components, PreparingFindsWhatIsWrong)
{
    Calc calc;
    EXPECT_THAT(error_of(ComponentLinker(calc.engine).prepare(calc.component)), HasSubstr("unknown import"));
    calc.linker = ComponentLinker(calc.engine);
    calc.linker.trap_unknown_functions(true).define(log_interface, "log", [](std::uint32_t) {});
    EXPECT_THAT(error_of(calc.linker.prepare(calc.component)), HasSubstr("host-log@0.1.0#log"));
    const Engine other;
    EXPECT_EQ("the component and the linker belong to different engines",
        error_of(ComponentLinker(other).prepare(calc.component)));
    Store foreign(other);
    calc.linker = ComponentLinker(calc.engine);
    calc.linker.trap_unknown_functions(true);
    EXPECT_EQ("the store and the component belong to different engines",
        error_of(calc.linker.prepare(calc.component).value().instantiate(foreign)));
}

/// Implements an interface with a resource type.
constexpr std::string_view files_component = R"((component
    (component $files
        (core module $main
            (global $ends (mut i32) (i32.const 0))
            (func (export "end") (param i32) (global.set $ends (i32.add (global.get $ends) (i32.const 1)))))
        (core instance $main (instantiate $main))
        (type $file' (resource (rep i32) (dtor (core func $main "end"))))
        (export $file "file" (type $file'))
        (core func $new (canon resource.new $file'))
        (core module $open (import "" "new" (func $new (param i32) (result i32)))
            (func (export "open") (result i32) (call $new (i32.const 7))))
        (core instance $open (instantiate $open (with "" (instance (export "new" (func $new))))))
        (func (export "open") (result (own $file)) (canon lift (core func $open "open"))))
    (instance $files (instantiate $files))
    (export "test:x/files" (instance $files))))";

/// Opens a file, lets the host look at it, and drops it.
constexpr std::string_view uses_files = R"((component
    (import "test:x/files" (instance $files
        (export "file" (type $file (sub resource)))
        (export "open" (func (result (own $file))))))
    (alias export $files "file" (type $file))
    (import "look" (func $look (param "f" (borrow $file))))
    (alias export $files "open" (func $open))
    (core func $open' (canon lower (func $open)))
    (core func $look' (canon lower (func $look)))
    (core func $drop' (canon resource.drop $file))
    (core module $main
        (import "" "open" (func $open (result i32)))
        (import "" "look" (func $look (param i32)))
        (import "" "drop" (func $drop (param i32)))
        (func (export "go") (local $file i32)
            (local.set $file (call $open))
            (call $look (local.get $file))
            (call $drop (local.get $file))))
    (core instance $main (instantiate $main (with "" (instance
        (export "open" (func $open')) (export "look" (func $look')) (export "drop" (func $drop'))))))
    (func (export "go") (canon lift (core func $main "go")))))";

/// A definition that is an instance belongs to its store, and so do its resource types: signatures
/// with them are checked there.
TEST(Components, APreparedComponentThatImportsAnInstance)
{
    const Engine engine(Config().guest_debug(true));
    Store store(engine), other(engine);
    const ComponentInstance files =
        ComponentLinker(engine).instantiate(store, component_of(engine, files_component).value()).value();
    const Component user = component_of(engine, uses_files).value();
    int looks = 0;
    ComponentLinker linker(engine);
    linker.define_instance("test:x/files", files, "test:x/files").define("", "look", [&](ComponentResource) {
        ++looks;
    });
    const PreparedComponent prepared = linker.prepare(user).value();
    EXPECT_TRUE(prepared.instantiate(store).value().typed<void()>("go").value()());
    EXPECT_TRUE(prepared.instantiate(store).value().typed<void()>("go").value()());
    EXPECT_EQ(2, looks);
    EXPECT_EQ(2, files.debug_core_instance("files/main")->debug_global(0)->get().i32());
    EXPECT_EQ("import `test:x/files` belongs to another store", error_of(prepared.instantiate(other)));
    EXPECT_EQ("import `test:x/files` belongs to another store", error_of(linker.check(other, user)));

    ComponentLinker wrong(engine);
    wrong.define_instance("test:x/files", files, "test:x/files").define("", "look", [](Sink&) {});
    EXPECT_THAT(error_of(wrong.prepare(user).value().instantiate(store)), HasSubstr("look"));
    EXPECT_THAT(error_of(wrong.check(store, user)), HasSubstr("look"));
}

TEST(Components, DynamicValues)
{
    Calc calc;
    const ComponentInstance instance = calc.instantiate();
    const ComponentFunc sum = instance.func(ops, "sum").value();
    EXPECT_EQ("func(numbers: list<s64>) -> result<s64, string>", sum.type().text);
    const auto numbers = ComponentVal::parse(sum.type().params[0].type, "[1, 2, 3]").value();
    EXPECT_EQ("ok(6)", sum.call({ numbers }).value().to_text());
    EXPECT_EQ(3u, numbers.size());
    EXPECT_EQ(2, numbers.at(1)->get<std::int64_t>().value());

    const ComponentFunc translate = instance.func("translate").value();
    const auto types = translate.type().params;
    const auto point = ComponentVal::parse(types[0].type, "{x: 1, y: -2, label: \"p\"}").value();
    const auto moved = translate
                           .call({ point, ComponentVal::make<std::int32_t>(types[1].type, 10).value(),
                               ComponentVal::parse(types[2].type, "-20").value() })
                           .value();
    EXPECT_EQ("{x: 11, y: -22, label: \"p\"}", moved.to_text());
    EXPECT_EQ("p", moved.field("label")->get<std::string>().value());
    EXPECT_THAT(error_of(sum.call({ point })), HasSubstr("numbers"));
    EXPECT_THAT(error_of(sum.call({})), HasSubstr("expected 1 argument, got 0"));
    EXPECT_THAT(error_of(ComponentVal::parse(types[0].type, "{x: 1}")), HasSubstr("y"));
}

/// Functions for any type, which make new values: also resources, whose C++ types are checked.
TEST(Components, DynamicFunctionsAndResources)
{
    Calc calc;
    calc.linker = ComponentLinker(calc.engine);
    const auto wrong_kind = std::make_shared<bool>(false);
    std::vector<std::string> types;
    calc.linker.resource<Sink>(log_interface, "sink")
        .define_untyped(log_interface, "[constructor]sink",
            [&, wrong_kind](
                ComponentCaller& caller, std::span<const ComponentVal> arguments) -> Result<ComponentVal> {
                types.push_back(caller.type().text);
                const ComponentType type = *caller.type().result;
                if (*wrong_kind)
                    return ComponentVal::make(type, Own<std::string>::make("not a sink"));
                return ComponentVal::make(
                    type, Own<Sink>::make(calc.events, arguments[0].get<std::string>().value()));
            })
        .define_untyped(log_interface, "[method]sink.write",
            [&](ComponentCaller& caller, std::span<const ComponentVal> arguments) -> Result<ComponentVal> {
                types.push_back(caller.type().text);
                EXPECT_EQ(
                    "the resource has another C++ type", error_of(arguments[0].get<Borrow<std::string>>()));
                arguments[0].get<Borrow<Sink>>().value()->write(arguments[1].get<std::string>().value());
                return ComponentVal();
            })
        .define_untyped(log_interface, "log", [](ComponentCaller& caller, std::span<const ComponentVal>) {
            return ComponentVal::parse(*caller.type().result, "err(\"no\")");
        });
    const auto use_sink = calc.instantiate().typed<void(std::string)>("use-sink").value();
    EXPECT_TRUE(use_sink("s"));
    EXPECT_THAT(calc.events, ElementsAre("s: sink line", "end of s"));
    EXPECT_THAT(types, ElementsAre("func(name: string) -> sink", "func(self: borrow<sink>, text: string)"));
    const auto log_at =
        calc.instantiate().typed<ComponentResult<void, std::string>(std::uint8_t)>("log-at").value();
    EXPECT_EQ("no", log_at(1).value().error());
    *wrong_kind = true;
    EXPECT_THAT(error_of(use_sink("s")), HasSubstr("has another type"));
}

/// The same with a resource type that has no C++ class.
TEST(Components, ResourceTypesMadeAtRunTime)
{
    Calc calc;
    calc.linker = ComponentLinker(calc.engine);
    const HostResourceType sinks, others;
    EXPECT_EQ(sinks, HostResourceType(sinks));
    EXPECT_FALSE(sinks == others);
    const auto make_sink = [&](const std::string& name) {
        return std::shared_ptr<void>(new std::string(name), [&calc](void* object) {
            const std::unique_ptr<std::string> text(static_cast<std::string*>(object));
            calc.events.push_back("end of " + *text);
        });
    };
    ComponentType own_type;
    const HostResourceType* type = &sinks;
    calc.linker.resource(log_interface, "sink", sinks)
        .define_untyped(log_interface, "[constructor]sink",
            [&](ComponentCaller& caller, std::span<const ComponentVal> arguments) {
                own_type = *caller.type().result;
                return ComponentVal::make_resource(
                    own_type, *type, make_sink(arguments[0].get<std::string>().value()));
            })
        .define_untyped(log_interface, "[method]sink.write",
            [&](ComponentCaller&, std::span<const ComponentVal> arguments) -> Result<ComponentVal> {
                EXPECT_EQ("the resource is of another type", error_of(arguments[0].resource(others)));
                EXPECT_THAT(error_of(arguments[1].resource(sinks)), HasSubstr("is no resource"));
                const auto object = arguments[0].resource(sinks).value();
                calc.events.push_back(*static_cast<const std::string*>(object.get()) + ": "
                    + arguments[1].get<std::string>().value());
                return ComponentVal();
            })
        .trap_unknown_functions(true);
    const ComponentInstance instance = calc.instantiate();
    const auto use_sink = instance.typed<void(std::string)>("use-sink").value();
    EXPECT_TRUE(use_sink("s"));
    EXPECT_THAT(calc.events, ElementsAre("s: sink line", "end of s"));
    calc.events.clear();

    // One that is never passed on ends with its value.
    {
        const auto kept = ComponentVal::make_resource(own_type, sinks, make_sink("kept")).value();
        const ComponentVal copy = kept;
        EXPECT_EQ("kept", *static_cast<const std::string*>(copy.resource(sinks).value().get()));
        EXPECT_TRUE(calc.events.empty());
    }
    EXPECT_THAT(calc.events, ElementsAre("end of kept"));
    EXPECT_EQ(
        "the object of a resource is null", error_of(ComponentVal::make_resource(own_type, sinks, nullptr)));
    EXPECT_THAT(
        error_of(ComponentVal::make_resource(ComponentType(), sinks, make_sink("t"))), HasSubstr("tuple"));

    type = &others;
    EXPECT_THAT(error_of(use_sink("s")), HasSubstr("has another type"));
}

/// A host function of any type is held to the type of the import, in all parts.
TEST(Components, DynamicFunctionsAreHeldToTheirResult)
{
    Calc calc;
    calc.linker = ComponentLinker(calc.engine);
    ComponentVal returned;
    calc.linker.resource<Sink>(log_interface, "sink").trap_unknown_functions(true);
    calc.linker.define_untyped(log_interface, "log",
        [&](ComponentCaller&, std::span<const ComponentVal>) -> Result<ComponentVal> { return returned; });
    const auto log_at = [&] {
        return calc.instantiate().typed<ComponentResult<void, std::string>(std::uint8_t)>("log-at").value()(
            1);
    };
    EXPECT_EQ("result of the host function " + log_interface
            + "#log: expected a value of the type result<_, string>, got a value of the type tuple<>",
        error_of(log_at()));
    const ComponentInstance instance = calc.instantiate();
    const auto result = *instance.func(ops, "sum")->type().result;
    returned = ComponentVal::parse(result, "err(\"no\")").value();
    EXPECT_THAT(error_of(log_at()), HasSubstr("got a value of the type result<s64, string>"));
    returned = ComponentVal::parse(*instance.func("log-at")->type().result, "err(\"no\")").value();
    EXPECT_EQ("no", log_at().value().error());
}

TEST(Components, ValuesAreMadeOfParts)
{
    Calc calc;
    const ComponentInstance instance = calc.instantiate();
    const auto types = instance.func("translate").value().type().params;
    const ComponentType& point = types[0].type;
    const auto part = [&](std::size_t index, std::string_view text) {
        return ComponentVal::parse(*point.parts()[index].type, text).value();
    };
    const std::vector fields { part(0, "1"), part(1, "-2"), part(2, "\"p\"") };
    EXPECT_EQ("{x: 1, y: -2, label: \"p\"}", ComponentVal::make_of_parts(point, fields).value().to_text());
    EXPECT_EQ(
        "expected 3 fields, got 1", error_of(ComponentVal::make_of_parts(point, std::span(fields).first(1))));
    EXPECT_EQ("field \"y\": expected a value of the type s32, got string",
        error_of(ComponentVal::make_of_parts(point, std::vector { fields[0], fields[2], fields[2] })));

    const ComponentFuncType sum = instance.func(ops, "sum").value().type();
    const ComponentType& list = sum.params[0].type;
    const auto number = [&](std::int64_t value) {
        return ComponentVal::make(*list.parts()[0].type, value).value();
    };
    const auto numbers = ComponentVal::make_of_parts(list, std::vector { number(1), number(-2) }).value();
    EXPECT_EQ("[1, -2]", numbers.to_text());
    EXPECT_EQ("ok(-1)", instance.func(ops, "sum")->call({ numbers }).value().to_text());
    EXPECT_EQ("[]", ComponentVal::make_of_parts(list, {}).value().to_text());
    EXPECT_EQ("element 1: expected a value of the type s64, got s32",
        error_of(ComponentVal::make_of_parts(list, std::vector { number(1), fields[0] })));
    EXPECT_THAT(error_of(ComponentVal::make_of_parts(*sum.result, {})), HasSubstr("is not made of parts"));

    EXPECT_EQ("ok(7)", ComponentVal::make_case(*sum.result, "ok", number(7)).value().to_text());
    EXPECT_EQ(
        "case \"ok\" has a payload, which is missing", error_of(ComponentVal::make_case(*sum.result, "ok")));
    EXPECT_EQ("case \"err\": expected a value of the type string, got s64",
        error_of(ComponentVal::make_case(*sum.result, "err", number(7))));
    EXPECT_EQ("the type `result<s64, string>` has no case \"maybe\"",
        error_of(ComponentVal::make_case(*sum.result, "maybe")));
    EXPECT_THAT(error_of(ComponentVal::make_case(list, "ok")), HasSubstr("is not made of a case"));
    const ComponentType log = *instance.func("log-at")->type().result;
    EXPECT_EQ("ok", ComponentVal::make_case(log, "ok").value().to_text());
    EXPECT_EQ("case \"ok\" has no payload", error_of(ComponentVal::make_case(log, "ok", number(1))));
}

/// Has a resource type of its own, and calls the host while it is being executed.
constexpr std::string_view lends_component = R"((component
    (import "visit" (func $visit))
    (core func $visit' (canon lower (func $visit)))
    (core module $main
        (import "" "visit" (func $visit))
        (global $ends (mut i32) (i32.const 0))
        (func (export "end") (param i32) (global.set $ends (i32.add (global.get $ends) (i32.const 1))))
        (func (export "use") (param i32) (call $visit))
        (func (export "take") (param i32 i32)))
    (core instance $main (instantiate $main (with "" (instance (export "visit" (func $visit'))))))
    (type $r' (resource (rep i32) (dtor (core func $main "end"))))
    (export $r "r" (type $r'))
    (core func $new (canon resource.new $r'))
    (core module $make
        (import "" "new" (func $new (param i32) (result i32)))
        (func (export "make") (result i32) (call $new (i32.const 7))))
    (core instance $make (instantiate $make (with "" (instance (export "new" (func $new))))))
    (func (export "make") (result (own $r)) (canon lift (core func $make "make")))
    (func (export "use") (param "r" (borrow $r)) (canon lift (core func $main "use")))
    (func (export "use-and-take") (param "r" (borrow $r)) (param "same" (own $r))
        (canon lift (core func $main "take")))))";

/// A resource that the host cannot drop now is not lost: it can be dropped later.
TEST(Components, ResourcesThatCannotBeDroppedYet)
{
    const Engine engine(Config().guest_debug(true));
    Store store(engine);
    ComponentResource lent, other;
    std::vector<std::string> errors;
    ComponentLinker linker(engine);
    linker.define("", "visit", [&] {
        errors.push_back(error_of(drop(store, lent)));
        errors.push_back(error_of(drop(store, other)));
    });
    const ComponentInstance instance =
        linker.instantiate(store, component_of(engine, lends_component).value()).value();
    const auto make = instance.typed<ComponentResource()>("make").value();
    lent = make().value();
    other = make().value();
    EXPECT_TRUE(instance.typed<void(ComponentResource)>("use").value()(lent));
    EXPECT_THAT(errors,
        ElementsAre(HasSubstr("lent to a call that has not returned"), HasSubstr("cannot enter component")));
    const auto take = instance.typed<void(ComponentResource, ComponentResource)>("use-and-take").value();
    EXPECT_THAT(error_of(take(lent, lent)), HasSubstr("lent to a call that has not returned"));
    EXPECT_EQ("", error_of(drop(store, lent)));
    EXPECT_EQ("", error_of(drop(store, other)));
    EXPECT_FALSE(lent);
    EXPECT_THAT(error_of(drop(store, other)), HasSubstr("already passed on or dropped"));
    EXPECT_EQ(2, instance.debug_core_instance("main")->debug_global(0)->get().i32());
}

/// Many lists can share their memory, so a small guest can describe a value that takes hours to
/// copy.
TEST(Components, CopyingCanBeInterrupted)
{
    const Engine engine;
    Store store(engine);
    const Component component = component_of(engine, R"((component
        (component $b
            (core module $m (memory (export "memory") 1)
                (func (export "realloc") (param i32 i32 i32 i32) (result i32) (i32.const 0))
                (func (export "take") (param i32 i32)))
            (core instance $m (instantiate $m))
            (func (export "take") (param "x" (list (list bool)))
                (canon lift (core func $m "take") (memory (core memory $m "memory"))
                    (realloc (core func $m "realloc")))))
        (instance $b (instantiate $b))
        (component $a
            (import "take" (func $take (param "x" (list (list bool)))))
            (core module $memory (memory (export "memory") 1))
            (core instance $memory (instantiate $memory))
            (core func $take' (canon lower (func $take) (memory (core memory $memory "memory"))))
            (core module $m
                (import "" "take" (func $take (param i32 i32)))
                (import "" "memory" (memory 1))
                ;; 8192 lists of 65536 elements each, all at address 0.
                (func (export "go") (local $i i32)
                    (loop $next
                        (i32.store (i32.add (local.get $i) (i32.const 4)) (i32.const 65536))
                        (br_if $next (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 8)))
                            (i32.const 65536))))
                    (loop $again (call $take (i32.const 0) (i32.const 8192)) (br $again))))
            (core instance $m (instantiate $m (with "" (instance (export "take" (func $take'))
                (export "memory" (memory $memory "memory"))))))
            (func (export "go") (canon lift (core func $m "go"))))
        (instance $a (instantiate $a (with "take" (func $b "take"))))
        (func (export "go") (alias export $a "go"))))")
                                    .value();
    const ComponentInstance instance = ComponentLinker(engine).instantiate(store, component).value();
    std::jthread other([interrupter = store.interrupter()] {
        std::this_thread::sleep_for(std::chrono::milliseconds(20));
        interrupter.interrupt();
    });
    const auto begin = std::chrono::steady_clock::now();
    const auto ended = instance.typed<void()>("go").value()();
    ASSERT_FALSE(ended);
    EXPECT_EQ(TrapKind::Interrupted, ended.error().trap()->kind);
    EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(5));
}

TEST(Components, TheHostsFunctionsAndResources)
{
    Calc calc;
    const ComponentInstance instance = calc.instantiate();
    EXPECT_TRUE(instance.typed<void(std::string)>("use-sink").value()("s").has_value());
    EXPECT_THAT(calc.events, ElementsAre("s: sink line", "end of s"));
    const auto log_at = instance.typed<ComponentResult<void, std::string>(std::uint8_t)>("log-at").value();
    EXPECT_TRUE(log_at(1).value().has_value());
    EXPECT_EQ("no such level", log_at(9).value().error());
    EXPECT_EQ("sink line", calc.events.back());
}

TEST(Components, ATrapEndsTheInstance)
{
    Calc calc;
    const ComponentInstance instance = calc.instantiate();
    const auto failed = instance.func("fail")->call();
    ASSERT_FALSE(failed);
    EXPECT_EQ(TrapKind::Unreachable, failed.error().trap()->kind);
    EXPECT_THAT(error_of(instance.func("fail")->call()), HasSubstr("cannot enter component instance"));
    // Another instance is not concerned.
    EXPECT_TRUE(calc.instantiate().typed<void(std::string)>("use-sink").value()("s").has_value());
}

/// What the product exists for: private state of a component is reached with two calls.
TEST(Components, PrivateStateOfCoreInstances)
{
    Calc calc;
    const ComponentInstance instance = calc.instantiate();
    std::vector<std::string> names;
    for (const CoreInstance& core : instance.debug_core_instances())
        names.push_back(core.name);
    EXPECT_THAT(names, ElementsAre("libc", "main"));

    const Instance main = instance.debug_core_instance("main").value();
    const Memory memory = main.debug_memory(0).value();
    std::string text(7, ' ');
    ASSERT_TRUE(memory.read(16, std::as_writable_bytes(std::span(text))));
    EXPECT_EQ("hello, ", text);
    EXPECT_EQ(0, main.debug_global(0)->get().i32());
    EXPECT_TRUE(instance.typed<std::string(std::string)>(ops, "greet").value()("x").has_value());
    EXPECT_EQ(1, main.debug_global(0)->get().i32());
    text = "HELLO, ";
    ASSERT_TRUE(memory.write(16, std::as_bytes(std::span(text))));
    EXPECT_EQ("HELLO, x", instance.typed<std::string(std::string)>(ops, "greet").value()("x").value());
}

TEST(Components, WithoutGuestDebugNothingPrivateIsReached)
{
    Calc calc(false);
    const ComponentInstance instance = calc.instantiate();
    EXPECT_TRUE(instance.debug_core_instances().empty());
    EXPECT_FALSE(instance.debug_core_instance("main"));
    EXPECT_TRUE(instance.debug_handles().empty());
    for (const CoreModule& core : calc.component.core_modules())
        EXPECT_FALSE(core.module.bytecode());
}

TEST(Components, EachCoreModuleGivesItsOwnBytes)
{
    Calc calc;
    const auto modules = calc.component.core_modules();
    ASSERT_EQ(2u, modules.size());
    EXPECT_EQ("libc", modules[0].name);
    EXPECT_EQ("main", modules[1].name);
    const std::vector<std::uint8_t> file = core::test::wasm_of(calc_component);
    for (const CoreModule& core : modules) {
        const auto bytes = core.module.bytecode().value();
        const auto offset = core.module.file_offset();
        ASSERT_LE(offset + bytes.size(), file.size());
        EXPECT_TRUE(std::ranges::equal(bytes, std::as_bytes(std::span(file)).subspan(offset, bytes.size())));
        EXPECT_EQ(std::byte { 'a' }, bytes[1]);
    }
}

/// Offsets in a core module are its own, and so two modules can have code at the same one.
TEST(Components, TwoCoreModulesAtOneOffset)
{
    const Engine engine(Config().guest_debug(true));
    const Component component = component_of(engine, R"((component
        (core module $a (func (export "f") (param i32) (result i32) local.get 0))
        (core module $b (func (export "g") (param i32) (result i32) local.get 0))
        (core instance $a (instantiate $a))
        (core instance $b (instantiate $b))
        (func (export "f") (param "x" u32) (result u32) (canon lift (core func $a "f")))
        (func (export "g") (param "x" u32) (result u32) (canon lift (core func $b "g")))))")
                                    .value();
    const auto modules = component.core_modules();
    const std::uint32_t offset = modules[0].module.functions()[0].offset;
    ASSERT_EQ(offset, modules[1].module.functions()[0].offset);
    Store store(engine);
    const ComponentInstance instance = ComponentLinker(engine).instantiate(store, component).value();
    debug::Session session(store);
    ASSERT_TRUE(session.add_breakpoint({ .module = modules[1].module, .offset = offset }));
    std::vector<std::uint32_t> results;
    const auto call = [&](const char* name) {
        return session.run([&, name]() -> Result<std::vector<Val>> {
            auto result = instance.typed<std::uint32_t(std::uint32_t)>(name).value()(7);
            if (!result)
                return result.error();
            results.push_back(*result);
            return std::vector<Val> {};
        });
    };
    EXPECT_TRUE(exited(call("f")));
    debug::Stopped stop = stopped(call("g"));
    EXPECT_EQ(debug::StopKind::Breakpoint, stop.reason().kind);
    EXPECT_TRUE(exited(session.resume(std::move(stop))));
    EXPECT_THAT(results, ElementsAre(7u, 7u));
}

TEST(Components, OfAnotherEngineAreRefused)
{
    Calc calc;
    const Engine other;
    const Component foreign = component_of(other, calc_component).value();
    EXPECT_EQ("the component and the linker belong to different engines",
        error_of(calc.linker.instantiate(calc.store, foreign)));
}

TEST(Components, OfAStoreThatIsGone)
{
    std::optional<ComponentInstance> instance;
    std::optional<ComponentFunc> greet;
    {
        Calc calc;
        instance = calc.instantiate();
        greet = instance->func(ops, "greet");
    }
    EXPECT_FALSE(instance->func(ops, "greet"));
    EXPECT_FALSE(greet->call());
    EXPECT_TRUE(instance->debug_core_instances().empty());
}

TEST(Components, ImportsAndExports)
{
    Calc calc;
    std::vector<std::string> names;
    for (const ComponentExtern& item : calc.component.exports())
        names.push_back(item.kind + " " + item.name);
    EXPECT_THAT(names,
        ElementsAre("type point", "instance test:calc/ops@0.1.0", "func translate", "func use-sink",
            "func log-at", "func fail"));
    ASSERT_EQ(1u, calc.component.imports().size());
    EXPECT_EQ(log_interface, calc.component.imports()[0].name);
    EXPECT_THAT(calc.component.to_text(), HasSubstr("import"));
}

} // namespace
} // namespace vitrine::test
