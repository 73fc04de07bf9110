// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "engine/engine.h"
#include "exec/invoke.h"
#include "jit/compiling_tier.h"
#include "runtime/linker.h"
#include "support/wat.h"
#include "wasm/opcode.h"
#include "wasm/validator.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <bit>
#include <cstring>
#include <memory>
#include <random>
#include <ranges>
#include <span>
#include <string>
#include <string_view>
#include <vector>

// Compares compiled code for several kinds of processors with the interpreter.

namespace vitrine::core::test {

/// How an instance is executed: interpreted, or compiled for a kind of processor.
enum class Level : uint8_t { Interpreted, Sse, Avx, Avx2 };

template<Level level> constexpr jit::Processor processor_of()
{
    return { .avx = level >= Level::Avx, .avx2 = level >= Level::Avx2 };
}

/// The compiler for the processor of a level.
template<Level level> jit::CompileRequest at_level(const jit::CompileRequest& request)
{
    return { request.module, request.types, request.function, request.key, processor_of<level>() };
}
template<Level level> jit::Generator generator_of()
{
    return { .compile =
                 [](const jit::CompileRequest& request) { return jit::compile(at_level<level>(request)); },
        .describe = [](const jit::CompileRequest& request,
                        uint64_t max_bytes) { return jit::describe(at_level<level>(request), max_bytes); },
        .describe_place =
            [](const jit::CompileRequest& request, jit::StopPoint point) {
                return jit::describe_place(at_level<level>(request), point);
            } };
}

/// How code is compiled, at all levels.
struct Ways {
    /// Whether it may use faults instead of comparing addresses.
    bool signal_handlers = true;
    /// The percentage of instructions before which it goes back to the interpreter.
    uint32_t exit_percent = 0;
};

/// An instance that is executed at a certain level: every function is compiled when it is called
/// first.
class LevelInstance {
public:
    /// The module must have neither imports nor a start function.
    LevelInstance(Level level, const std::vector<uint8_t>& wasm, Ways ways)
        : level_(level),
          engine_(std::make_shared<Engine>(EngineConfig {
              .features = FeatureSet::all(),
              .tier = TierPolicy::Interpreter,
              .signal_handlers = ways.signal_handlers,
              .exit_percent = ways.exit_percent,
          }))
    {
        if (level != Level::Interpreted) {
            auto tier = jit::CompilingTier::create(engine_->interpreter, *engine_,
                level == Level::Sse       ? generator_of<Level::Sse>()
                    : level == Level::Avx ? generator_of<Level::Avx>()
                                          : generator_of<Level::Avx2>());
            ASSERT(tier);
            compiling_ = std::move(*tier);
        }
        store_ = std::make_unique<Store>(engine_);
        Tier& tier = compiling_ ? static_cast<Tier&>(*compiling_) : engine_->tier();
        thread_ = std::make_unique<Thread>(*store_, tier, engine_->stacks);
        auto module = load_module(wasm, engine_->types, engine_->config.features);
        EXPECT_TRUE(module.has_value()) << module.error().to_text();
        instance_ = *core::instantiate(*store_, *module, {});
    }

    Level level() const { return level_; }
    OrTrapped<std::vector<Value>> call(const std::string& function, std::span<const Value> arguments)
    {
        return invoke(*thread_, *std::get<Function*>(*instance_->find_export(function)), arguments);
    }
    std::span<uint8_t> memory(size_t index)
    {
        Memory& memory = *instance_->memories[index];
        return { memory.writable_base(), memory.size() };
    }
    size_t memories() const { return instance_->memories.size(); }
    CompilerStatistics statistics() const { return compiling_->statistics(); }

private:
    const Level level_;
    std::shared_ptr<Engine> engine_;
    std::unique_ptr<jit::CompilingTier> compiling_;
    std::unique_ptr<Store> store_;
    std::unique_ptr<Thread> thread_;
    Instance* instance_ = nullptr;
};

/// The same module at all levels that this processor has.
class Levels {
public:
    explicit Levels(const std::string& wat, Ways ways = {})
    {
        const std::vector<uint8_t> wasm = wasm_of(wat);
        const jit::Processor processor = jit::Processor::current();
        all_.push_back(std::make_unique<LevelInstance>(Level::Interpreted, wasm, ways));
        all_.push_back(std::make_unique<LevelInstance>(Level::Sse, wasm, ways));
        if (processor.avx)
            all_.push_back(std::make_unique<LevelInstance>(Level::Avx, wasm, ways));
        if (processor.avx2)
            all_.push_back(std::make_unique<LevelInstance>(Level::Avx2, wasm, ways));
    }

    /// Calls a function at all levels. False, with a failure, if the outcomes differ.
    bool agree(const std::string& function, std::span<const Value> arguments)
    {
        const std::string expected = outcome(*all_.front(), function, arguments);
        bool is_same = true;
        for (const auto& instance : all_ | std::views::drop(1)) {
            const std::string found = outcome(*instance, function, arguments);
            if (found == expected)
                continue;
            std::string text = function;
            for (const Value& argument : arguments)
                text += " " + argument.to_text();
            ADD_FAILURE() << text << " at level " << static_cast<int>(instance->level()) << ": " << found
                          << ", but interpreted: " << expected;
            is_same = false;
        }
        return is_same;
    }

    /// Whether the memories are the same at all levels.
    bool have_same_memories()
    {
        for (const auto& instance : all_ | std::views::drop(1))
            for (size_t i = 0; i < instance->memories(); ++i)
                if (!std::ranges::equal(instance->memory(i), all_.front()->memory(i)))
                    return false;
        return true;
    }

    template<class F> void for_each(const F& f)
    {
        for (const auto& instance : all_)
            f(*instance);
    }
    /// Expects that the compiled instances went back to the interpreter.
    void expect_exits()
    {
        for (const auto& instance : all_ | std::views::drop(1))
            EXPECT_FALSE(instance->statistics().exits.empty());
    }
    /// Expects that they never did.
    void expect_no_exits()
    {
        for (const auto& instance : all_ | std::views::drop(1)) {
            const CompilerStatistics statistics = instance->statistics();
            EXPECT_GT(statistics.functions, 0u);
            EXPECT_TRUE(statistics.refused.empty());
            EXPECT_TRUE(statistics.exits.empty());
        }
    }

private:
    static std::string outcome(
        LevelInstance& instance, const std::string& function, std::span<const Value> arguments)
    {
        const auto results = instance.call(function, arguments);
        if (!results)
            return "trap: " + std::string(to_text(results.error().kind));
        std::string text;
        for (const Value& result : *results)
            text += describe(result) + " ";
        return text;
    }
    /// The bits, so that NaNs are compared too.
    static std::string describe(const Value& value)
    {
        return fmt::format("{:x}:{:x}", value.high, value.low);
    }

    std::vector<std::unique_ptr<LevelInstance>> all_;
};

/// Random numbers that like the edges of all types.
class Numbers {
public:
    explicit Numbers(uint64_t seed) : random_(seed) {}

    uint64_t below(uint64_t end) { return random_() % end; }

    uint64_t integer(uint32_t bits)
    {
        const uint64_t mask = bits == 64 ? UINT64_MAX : (uint64_t { 1 } << bits) - 1;
        const uint64_t top = uint64_t { 1 } << (bits - 1);
        switch (below(10)) {
        case 0: return 0;
        case 1: return 1;
        case 2: return mask;
        case 3: return top;
        case 4: return top - 1;
        case 5: return (top + 1) & mask;
        case 6: return below(32) & mask;
        default: return random_() & mask;
        }
    }
    uint32_t f32()
    {
        static constexpr float edges[] { 0.0f, -0.0f, 0.5f, -0.5f, 1.5f, 2.5f, -2.5f, 8388607.5f,
            2147483520.0f, 2147483648.0f, -2147483648.0f, -2147483904.0f, 4294967040.0f, 4294967296.0f, 1e30f,
            -1e30f, 1e-45f };
        static constexpr uint32_t special[] { 0x7fc00000, 0xffc00000, 0x7f800001, 0xffbfffff, 0x7fc12345,
            0x7f800000, 0xff800000, 0x00400000, 0x7f7fffff };
        switch (below(4)) {
        case 0: return std::bit_cast<uint32_t>(edges[below(std::size(edges))]);
        case 1: return special[below(std::size(special))];
        case 2:
            return std::bit_cast<uint32_t>(static_cast<float>(static_cast<int64_t>(random_()) >> below(64)));
        default: return static_cast<uint32_t>(random_());
        }
    }
    uint64_t f64()
    {
        static constexpr double edges[] { 0.0, -0.0, 0.5, -0.5, 1.5, 2.5, -0.9999, 2147483647.0, 2147483647.5,
            2147483648.0, -2147483648.0, -2147483648.5, -2147483649.0, 4294967295.0, 4294967295.5,
            4294967296.0, 1e300, -1e300, 5e-324, 4503599627370495.5 };
        static constexpr uint64_t special[] { 0x7ff8000000000000, 0xfff8000000000000, 0x7ff0000000000001,
            0xfff7ffffffffffff, 0x7ff8000012345678, 0x7ff0000000000000, 0xfff0000000000000,
            0x000fffffffffffff };
        switch (below(4)) {
        case 0: return std::bit_cast<uint64_t>(edges[below(std::size(edges))]);
        case 1: return special[below(std::size(special))];
        case 2:
            return std::bit_cast<uint64_t>(static_cast<double>(static_cast<int64_t>(random_()) >> below(64)));
        default: return random_();
        }
    }
    Value v128()
    {
        Value value { ValueType::v128 };
        const uint64_t kind = below(7);
        for (Slot* const half : { &value.low, &value.high }) {
            if (kind == 6) {
                *half = random_();
            } else if (kind == 5) {
                *half = f64();
            } else if (kind == 4) {
                *half = f32();
                *half |= uint64_t { f32() } << 32;
            } else {
                const uint32_t bits = 8u << kind;
                for (uint32_t at = 0; at < 64; at += bits)
                    *half |= integer(bits) << at;
            }
        }
        return value;
    }
    Value value(ValueKind kind)
    {
        switch (kind) {
        case ValueKind::I32: return Value::i32(static_cast<uint32_t>(integer(32)));
        case ValueKind::I64: return Value::i64(integer(64));
        case ValueKind::F32: return { ValueType::f32, f32() };
        case ValueKind::F64: return { ValueType::f64, f64() };
        default: return v128();
        }
    }

private:
    std::mt19937_64 random_;
};

inline std::string type_text(ValueKind kind)
{
    switch (kind) {
    case ValueKind::I32: return "i32";
    case ValueKind::I64: return "i64";
    case ValueKind::F32: return "f32";
    case ValueKind::F64: return "f64";
    default: return "v128";
    }
}

/// The functions of a module under test.
struct TestFunctions {
    struct Function {
        std::string name;
        std::vector<ValueKind> params;
    };
    std::vector<Function> list;
    std::string text;

    void add(std::string_view instruction, std::vector<ValueKind> params,
        const std::vector<ValueKind>& results, const std::string& body)
    {
        std::string name = fmt::format("{} {}", instruction, list.size());
        text += fmt::format("(func (export \"{}\") (param", name);
        for (const ValueKind param : params)
            text += " " + type_text(param);
        text += ") (result";
        for (const ValueKind result : results)
            text += " " + type_text(result);
        text += ") " + body + ")\n";
        list.push_back({ std::move(name), std::move(params) });
    }
};

} // namespace vitrine::core::test
