// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Takes any text as an expression, an assignment, a place or a log message with names of the
// source, depending on its first byte. The second byte is the length of a location expression,
// which comes next: all variables that begin with `v` have it. Errors must have a position in the
// text, and values must be shown.

#include "engine/engine.h"
#include "eval/message.h"
#include "exec/invoke.h"
#include "runtime/linker.h"
#include "source/render.h"
#include "support/literal_symbols.h"
#include "wasm/validator.h"

#include <string_view>

using namespace vitrine::core;
using eval::Scope;
using test::LiteralSymbols;
using Kind = source::Type::Kind;

namespace {

// clang-format off
/*
(module
  (import "" "stop" (func $stop))
  (memory 1)
  (table 1 funcref)
  (global $sp (mut i32) (i32.const 64))
  (data (i32.const 64) "\40\00\00\00\08\00\00\00text\00")
  (func $run (export "run") (param i32) (local i32 i64 f32 f64)
    i32.const 64 local.set 1
    i32.const 7 i64.const 8
    call $stop
    drop drop))
*/
constexpr uint8_t module_bytes[] = {
    0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00, 0x01, 0x08, 0x02, 0x60, 0x00, 0x00, 0x60, 0x01, 0x7f,
    0x00, 0x02, 0x09, 0x01, 0x00, 0x04, 0x73, 0x74, 0x6f, 0x70, 0x00, 0x00, 0x03, 0x02, 0x01, 0x01, 0x04,
    0x04, 0x01, 0x70, 0x00, 0x01, 0x05, 0x03, 0x01, 0x00, 0x01, 0x06, 0x07, 0x01, 0x7f, 0x01, 0x41, 0xc0,
    0x00, 0x0b, 0x07, 0x07, 0x01, 0x03, 0x72, 0x75, 0x6e, 0x00, 0x01, 0x0a, 0x19, 0x01, 0x17, 0x04, 0x01,
    0x7f, 0x01, 0x7e, 0x01, 0x7d, 0x01, 0x7c, 0x41, 0xc0, 0x00, 0x21, 0x01, 0x41, 0x07, 0x42, 0x08, 0x10,
    0x00, 0x1a, 0x1a, 0x0b, 0x0b, 0x14, 0x01, 0x00, 0x41, 0xc0, 0x00, 0x0b, 0x0d, 0x40, 0x00, 0x00, 0x00,
    0x08, 0x00, 0x00, 0x00, 0x74, 0x65, 0x78, 0x74, 0x00 };
// clang-format on

/// Debug information with a variable of each kind of type, some of which are malformed.
std::shared_ptr<LiteralSymbols> make_symbols(const source::Expression& location)
{
    auto symbols = std::make_shared<LiteralSymbols>();
    const auto file = symbols->add_file("/src/a.c");
    const auto integer = symbols->add_basic("int", Kind::Signed, 4);
    const auto wide = symbols->add_basic("unsigned long long", Kind::Unsigned, 8);
    const auto character = symbols->add_basic("char", Kind::Character, 1);
    const auto real = symbols->add_basic("float", Kind::Float, 4);
    const auto precise = symbols->add_basic("double", Kind::Float, 8);
    const auto pointer = symbols->add_pointer(integer);
    const auto text = symbols->add_pointer(character);
    const auto array = symbols->add_array(integer, { 2, 3 });
    const auto color = symbols->add_type(
        { .kind = Kind::Enum, .name = "Color", .size = 1, .enumerators = { { "RED", 1 }, { "BLUE", 2 } } });
    const auto structure = symbols->add_struct("node", 24,
        { { "a", integer, 0 }, { "t", text, 4 },
            { .name = "b", .type = integer, .offset = 8, .bit_offset = 5, .bit_size = 30 }, { "f", real, 12 },
            { "g", array, 0 } });
    const auto next = symbols->add_pointer(structure);
    symbols->types[static_cast<size_t>(structure) - 1].members.push_back({ "next", next, 0 });
    const auto circle = symbols->add_type({ .kind = Kind::Typedef, .name = "circle" });
    symbols->types.back().target = circle;
    const auto huge = symbols->add_type({ .kind = Kind::Struct,
        .name = "huge",
        .size = UINT64_MAX,
        .members = { { "", circle, UINT64_MAX }, { "far", integer, UINT64_MAX - 7 },
            { .name = "bits", .type = integer, .offset = 1, .bit_offset = 9, .bit_size = 70 } } });
    const auto reference = symbols->add_type({ .kind = Kind::Reference, .size = 4, .target = structure });
    const auto function = symbols->add_function(
        { .name = "a::run", .ranges = { { 0, 1000 } }, .frame_base = test::in_wasm(0, 1) });
    const size_t block = symbols->block_of(function);
    const std::pair<const char*, source::TypeId> kinds[] = { { "i", integer }, { "w", wide },
        { "c", character }, { "f", real }, { "d", precise }, { "p", pointer }, { "t", text }, { "l", array },
        { "e", color }, { "s", structure }, { "n", next }, { "o", circle }, { "h", huge },
        { "r", reference } };
    for (const auto& [name, type] : kinds) {
        symbols->add_local(block,
            { .name = name,
                .type = type,
                .declared = { file, 1 },
                .locations = LiteralSymbols::everywhere(test::at_frame(0)) });
        symbols->add_local(block,
            { .name = std::string("v") + name,
                .type = type,
                .declared = { file, 1 },
                .locations = LiteralSymbols::everywhere(location) });
        symbols->add_global({ .kind = source::Variable::Kind::Global,
            .name = std::string("g::") + name,
            .type = type,
            .declared = { file, 1 },
            .locations = LiteralSymbols::everywhere(test::at_address(64)) });
    }
    return symbols;
}

/// A guest whose function `run` has called `stop`, which never returns.
struct Guest {
    Guest()
    {
        auto module = load_module({ std::begin(module_bytes), std::end(module_bytes) }, engine->types);
        ASSERT(module);
        Linker linker;
        ASSERT(linker.define("", "stop",
            std::make_shared<const HostFunction>(
                HostFunction { "", "stop", {}, [](HostCall&) -> HostOutcome { return Suspended {}; } })));
        auto instance = instantiate(thread, linker, *module);
        ASSERT(instance);
        const Value arguments[] = { Value::i32(7) };
        const CallEnd end =
            start_call(thread, *std::get<Function*>(*(*instance)->find_export("run")), arguments);
        ASSERT(std::holds_alternative<Suspended>(end));
        for (const Frame& each : frames_of(thread))
            if (!each.is_host())
                frame = each;
    }
    ~Guest() { cancel_call(thread); }
    Guest(const Guest&) = delete;
    Guest& operator=(const Guest&) = delete;

    std::shared_ptr<Engine> engine =
        std::make_shared<Engine>(EngineConfig { .guest_debug = true, .max_stack_bytes = 1 << 16 });
    GuestStore guest { engine };
    Thread& thread = guest.thread;
    Frame frame;
};

void check_error(const Error& error, std::string_view text)
{
    ASSERT(!error.message.empty());
    ASSERT(error.offset && *error.offset <= text.size());
}

void show_value(const Frame& frame, std::string_view text, const eval::SourceContext& source)
{
    const auto result = eval::evaluate_source(frame, text, source);
    if (!result)
        return check_error(result.error(), text);
    if (result->value) {
        eval::MemoryReader reader = result->reader(*frame.function->instance);
        ASSERT(!source::render(reader, *result->value).empty());
    }
    // A condition and the guard that is made of it agree.
    const auto condition = eval::Expression::compile_condition(text, *Scope::of(frame, source));
    if (!condition)
        return;
    const Guard guard = condition->guard();
    const auto is_true = condition->is_true(frame);
    if (!guard.empty())
        ASSERT(may_hold(guard, *frame.function->instance, frame.locals()) == (!is_true || *is_true));
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size)
{
    static const Guest guest;
    if (size < 2 || data[1] > size - 2)
        return 0;
    const eval::SourceContext source { .symbols = make_symbols({ data + 2, data + 2 + data[1] }) };
    const std::string_view text = text_of({ data + 2 + data[1], size - 2 - data[1] });
    const Frame& frame = guest.frame;
    if (data[0] == '=') {
        if (const auto done = eval::assign(frame, text, source); !done)
            check_error(done.error(), text);
    } else if (data[0] == '&') {
        if (const auto place = eval::find_place(frame, text, source); !place)
            check_error(place.error(), text);
    } else if (data[0] == '{') {
        const auto message = eval::LogMessage::compile(text, *Scope::of(frame, source));
        if (message)
            (void)message->text(frame);
        else
            check_error(message.error(), text);
    } else
        show_value(frame, text, source);
    return 0;
}
