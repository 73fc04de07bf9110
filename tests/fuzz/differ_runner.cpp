// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Our side of tools/differ.py, which compares with another runtime, and our tiers with each other
// (VITRINE_TIER chooses one). Reads lines `MODE FILE` and writes a line of JSON for each.
//
// `validate`: whether the module is valid. `run`: instantiates it without imports, calls its
// exported functions with zeros and edge values, and writes the results: each call with its
// arguments, so that the other runtime can repeat it, the values of globals and tables, and
// checksums of memories. `stress`: like `run`, with a collection at each allocation. Numbers are
// written as the digits of their bits. `component`: runs a component with the calls in FILE.calls.
// `statistics` (with any FILE): what has been compiled for all modules so far.

#include "differ_components.h"

#include "base/text.h"
#include "engine/engine.h"
#include "exec/invoke.h"
#include "runtime/linker.h"
#include "wasm/validator.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <condition_variable>
#include <fstream>
#include <iostream>
#include <iterator>
#include <mutex>
#include <thread>

using namespace vitrine::core;

namespace {

// tools/differ.py uses the same limits.
constexpr uint64_t max_pages = 64;
constexpr size_t max_parts = 16, max_elements = 64;
constexpr int max_depth = 3;

constexpr size_t max_runs = 10;
constexpr std::chrono::seconds time_of_run { 1 };

constexpr std::array<uint64_t, 14> edges { 0, ~uint64_t { 0 }, 1, 0x80000000'80000000, 0x7fffffff'7fffffff,
    0x7ff00000'7f800000, 0x7ff80000'7fc00000, 0x40091eb8'4048f5c3, 65535, 0x43e00000'4f000000,
    0x80000000'00000000, 0x00000001'00000004, 0xc0000000'c0000000, 0x3fefffff'bf7fffff };

/// All features that both runtimes support.
FeatureSet features()
{
    FeatureSet set = FeatureSet::all();
    set.set(Feature::LegacyExceptions, false);
    return set;
}

std::string quoted(std::string_view text)
{
    std::string result = "\"";
    for (const char c : text)
        result += c < ' ' || c > '~' || c == '"' || c == '\\' ? '?' : c;
    return result + "\"";
}

uint32_t checksum(std::span<const uint8_t> bytes)
{
    static constexpr auto table = [] {
        std::array<uint32_t, 256> made {};
        for (uint32_t i = 0; i < made.size(); ++i) {
            made[i] = i;
            for (int bit = 0; bit < 8; ++bit)
                made[i] = (made[i] >> 1) ^ (made[i] & 1 ? 0xedb88320 : 0);
        }
        return made;
    }();
    uint32_t sum = ~uint32_t { 0 };
    for (const uint8_t byte : bytes)
        sum = (sum >> 8) ^ table[(sum ^ byte) & 0xff];
    return ~sum;
}

/// Interrupts a guest whose time is over, repeatedly, until it is told to stop.
class Alarm {
public:
    explicit Alarm(std::shared_ptr<Requests> requests)
        : thread_([requests = std::move(requests), this](const std::stop_token& stop) {
              std::unique_lock lock(mutex_);
              auto rest = std::chrono::duration_cast<std::chrono::milliseconds>(time_of_run);
              while (!stop.stop_requested()) {
                  changed_.wait_for(lock, stop, rest, [] { return false; });
                  if (!stop.stop_requested())
                      requests->add(Requests::interrupt);
                  rest = std::chrono::milliseconds(10);
              }
          })
    {}

private:
    std::mutex mutex_;
    std::condition_variable_any changed_;
    std::jthread thread_;
};

/// What has been compiled for all modules so far.
uint64_t compiled = 0, exits = 0;
std::string unavailable;

void add(const CompilerStatistics& statistics)
{
    compiled += statistics.functions;
    for (const CompilerStatistics::Exit& each : statistics.exits)
        exits += each.count;
    unavailable = statistics.unavailable;
}

std::string statistics_text()
{
    return "{\"end\": \"ok\", \"functions\": " + std::to_string(compiled)
        + ", \"exits\": " + std::to_string(exits) + ", \"unavailable\": " + quoted(unavailable) + "}";
}

/// Runs one module and writes the results.
class Runner {
public:
    explicit Runner(bool stress)
        : engine_(std::make_shared<Engine>(EngineConfig { .max_memory = { max_pages },
              .max_heap_bytes = 64 << 20,
              .stress_collector = stress,
              .features = features() }))
    {
        ASSERT(!engine_->environment_error);
    }

    /// Runs the module once for each exported function, in a new instance in which this function is
    /// called first. Generated modules count down the fuel of their loops in each instance, so a
    /// function that ends one loop may have used it all.
    std::string run(std::vector<uint8_t> bytes)
    {
        const auto module = load_module(std::move(bytes), engine_->types, engine_->config.features);
        if (!module)
            return "{\"end\": \"invalid\", \"text\": " + quoted(module.error().to_text()) + "}";
        std::vector<size_t> functions;
        for (size_t i = 0; i < (*module)->exports.size(); ++i)
            if ((*module)->exports[i].kind == ExternKind::Func && functions.size() < max_runs)
                functions.push_back(i);
        std::string text = "{\"end\": \"ok\", \"runs\": [";
        size_t runs = 0;
        do {
            text += runs == 0 ? "" : ", ";
            text += run(*module, functions, runs);
            // Everything else that this module does would wait as well.
            if (text.contains(to_text(TrapKind::Interrupted)))
                break;
        } while (++runs < functions.size());
        // Exits are only known while the module exists.
        add(engine_->statistics());
        return text + "]}";
    }

private:
    struct Guest : GuestStore {
        using GuestStore::GuestStore;

        Alarm alarm { thread.requests };
    };

    std::string run(
        const std::shared_ptr<const Module>& module, std::span<const size_t> functions, size_t first)
    {
        Guest guest(engine_);
        const auto instance = instantiate(guest.thread, Linker(), module);
        if (!instance) {
            if (const Trap* trap = std::get_if<Trap>(&instance.error()))
                return "{\"end\": " + quoted(text_of(*trap)) + ", \"trace\": " + quoted(trace_of(*trap))
                    + "}";
            return "{\"end\": \"refused\", \"text\": " + quoted(std::get<Error>(instance.error()).to_text())
                + "}";
        }
        std::string calls;
        const auto call = [&](size_t index, size_t seed) {
            const std::string text = call_one(guest.thread, **instance, index, seed);
            if (!text.empty())
                calls += (calls.empty() ? "" : ", ") + text;
        };
        for (size_t i = 0; i < functions.size(); ++i) {
            const size_t index = functions[(first + i) % functions.size()];
            if (i == 0) {
                call(index, 0);
                call(index, index + 3);
            }
            call(index, first * 7 + i + 1);
        }
        return "{\"end\": \"ok\", \"calls\": [" + calls + "], \"items\": [" + items_of(**instance) + "]}";
    }

    std::string number(ValueType type, uint64_t low, uint64_t high)
    {
        switch (type.kind()) {
        case ValueKind::I32: return "i32 " + hex_digits(low, 8);
        case ValueKind::F32: return "f32 " + hex_digits(low, 8);
        case ValueKind::I64: return "i64 " + hex_digits(low, 16);
        case ValueKind::F64: return "f64 " + hex_digits(low, 16);
        default: return "v128 " + hex_digits(high, 16) + hex_digits(low, 16);
        }
    }

    std::string text_of(const Object& object, int depth)
    {
        if (object.kind == Object::Kind::Extern)
            return "extern";
        std::string text = object.kind == Object::Kind::Struct ? "struct"
            : object.kind == Object::Kind::Array               ? "array " + std::to_string(object.length)
                                                               : "exn";
        if (depth == 0)
            return text;
        text += " {";
        for (uint32_t i = 0; i < std::min<size_t>(part_count(object), max_parts); ++i)
            text += (i ? ", " : "") + text_of(part_of(object, i), depth - 1);
        return text + "}";
    }

    std::string text_of(const Value& value, int depth = max_depth)
    {
        if (!value.type.is_ref())
            return number(value.type, value.low, value.high);
        const Ref ref = value.ref();
        if (ref.is_null())
            return "null";
        if (engine_->types.is_subtype(value.type, ValueType::funcref))
            return "func";
        if (ref.is_i31())
            return "i31 " + std::to_string(ref.i31_unsigned());
        return text_of(*ref.object(), depth);
    }

    std::string text_of(const Trap& trap)
    {
        std::string text = "trap " + std::string(to_text(trap.kind));
        if (trap.exception && trap.exception->object())
            text += ": " + text_of(*trap.exception->object(), max_depth);
        return text;
    }

    /// `3@0x4f 1@0x20`. Only for comparing our tiers.
    static std::string trace_of(const Trap& trap)
    {
        std::string text;
        for (const TraceEntry& entry : trap.trace)
            text += (text.empty() ? "" : " ") + std::to_string(entry.function->index.value) + "@"
                + hex(entry.offset);
        return text;
    }

    /// None if the type has no value that both runtimes can make.
    static std::optional<Value> make(ValueType type, size_t seed)
    {
        const uint64_t bits = edges[seed % edges.size()];
        if (type.is_ref()) {
            const bool holds_i31 =
                type.heap() == HeapKind::Any || type.heap() == HeapKind::Eq || type.heap() == HeapKind::I31;
            if (holds_i31 && (!type.is_nullable() || seed % 2 == 1))
                return Value::ref(type, Ref::i31(static_cast<uint32_t>(bits)));
            return type.is_nullable() ? std::optional(Value { type }) : std::nullopt;
        }
        if (type == ValueType::i32 || type == ValueType::f32)
            return Value { type, static_cast<uint32_t>(bits) };
        return Value { type, bits, type == ValueType::v128 ? edges[(seed + 5) % edges.size()] : 0 };
    }

    /// Empty if the function cannot be called.
    std::string call_one(Thread& thread, const Instance& instance, size_t index, size_t seed)
    {
        Function& function = *instance.functions[instance.module->exports[index].index];
        const FuncType& type = *engine_->types[function.type].func();
        std::vector<Value> arguments;
        std::string text = "{\"export\": " + std::to_string(index) + ", \"arguments\": [";
        for (const ValueType param : type.params) {
            const auto value = make(param, seed ? seed++ : 0);
            if (!value)
                return {};
            text += arguments.empty() ? "" : ", ";
            text +=
                value->ref().is_null() && param.is_ref() ? quoted(null_of(param)) : quoted(text_of(*value));
            arguments.push_back(*value);
        }
        text += "], \"count\": " + std::to_string(type.results.size());
        const auto results = invoke(thread, function, arguments);
        if (!results)
            return text + ", \"end\": " + quoted(text_of(results.error()))
                + ", \"trace\": " + quoted(trace_of(results.error())) + "}";
        text += ", \"end\": \"";
        for (const Value& result : *results)
            text += (&result == results->data() ? "" : ", ") + text_of(result);
        return text + "\"}";
    }

    /// Names the type hierarchy of a null reference.
    std::string null_of(ValueType type)
    {
        for (const ValueType top : { ValueType::funcref, ValueType::externref, ValueType::exnref })
            if (engine_->types.is_subtype(type, top))
                return "null " + top.to_text();
        return "null anyref";
    }

    std::string items_of(const Instance& instance)
    {
        std::string text;
        for (const Export& item : instance.module->exports)
            text += (text.empty() ? "" : ", ") + quoted(text_of(instance.find(item.kind, item.index)));
        return text;
    }

    std::string text_of(const Extern& item)
    {
        std::string text(to_text(kind_of(item)));
        if (const auto* global = std::get_if<Global*>(&item))
            text += " " + text_of((*global)->get());
        if (const auto* memory = std::get_if<Memory*>(&item))
            text +=
                " " + std::to_string((*memory)->size()) + " " + hex_digits(checksum((*memory)->bytes()), 8);
        if (const auto* table = std::get_if<Table*>(&item)) {
            text += " " + std::to_string((*table)->size());
            for (uint32_t i = 0; i < std::min<size_t>((*table)->size(), max_elements); ++i)
                text += ", " + text_of(Value::ref((*table)->type().element, (*table)->elements()[i]));
        }
        return text;
    }

    std::shared_ptr<Engine> engine_;
};

std::string validate(std::vector<uint8_t> bytes)
{
    TypeRegistry types;
    const auto module = load_module(std::move(bytes), types, features());
    return "{\"end\": "
        + (module ? "\"valid\"" : "\"invalid\", \"text\": " + quoted(module.error().to_text())) + "}";
}

} // namespace

int main()
{
    std::string mode, path;
    while (std::cin >> mode && std::getline(std::cin >> std::ws, path)) {
        std::ifstream file(path, std::ios::binary);
        std::vector<uint8_t> bytes { std::istreambuf_iterator<char>(file), {} };
        std::ifstream scripts(path + ".calls");
        std::cout << (mode == "validate" ? validate(std::move(bytes))
                : mode == "statistics"   ? statistics_text()
                : mode == "component"    ? component::run_component(std::move(bytes), scripts)
                                         : Runner(mode == "stress").run(std::move(bytes)))
                  << std::endl;
    }
}
