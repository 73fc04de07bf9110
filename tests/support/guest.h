// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "engine/engine.h"
#include "exec/frame.h"
#include "exec/invoke.h"
#include "runtime/linker.h"
#include "support/tiers.h"
#include "support/wat.h"
#include "wasm/validator.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace vitrine::core::test {

/// The module of a text, which must be valid.
inline std::shared_ptr<const Module> module_of(EngineState& engine, std::string_view wat)
{
    auto module = load_module(wasm_of(wat), engine.types, engine.config.features);
    EXPECT_TRUE(module.has_value()) << module.error().to_text();
    return *module;
}

/// An engine, a store and its guest thread, as an embedder has them.
struct Guest {
    explicit Guest(EngineConfig config = { .guest_debug = true }) : Guest(std::make_shared<Engine>(config)) {}
    explicit Guest(std::shared_ptr<Engine> shared_engine) : engine(std::move(shared_engine))
    {
        EXPECT_FALSE(engine->environment_error) << engine->environment_error->message;
    }
    ~Guest()
    {
        if (engine)
            note_statistics(engine->statistics());
    }
    Guest(const Guest&) = delete;
    Guest& operator=(const Guest&) = delete;

    /// Defines a host function.
    void define(std::string module, std::string name, FuncType type, HostCallback callback)
    {
        auto host = std::make_shared<HostFunction>(
            HostFunction { module, name, std::move(type), std::move(callback) });
        ASSERT_TRUE(linker.define(
            std::move(module), std::move(name), std::shared_ptr<const HostFunction>(std::move(host))));
    }

    std::expected<Instance*, Failure> try_instantiate(std::string_view wat)
    {
        return core::instantiate(thread, linker, module_of(*engine, wat));
    }

    Instance& instantiate(std::string_view wat)
    {
        auto instance = try_instantiate(wat);
        EXPECT_TRUE(instance.has_value());
        return **instance;
    }

    static Function& function(Instance& instance, std::string_view name)
    {
        return *std::get<Function*>(*instance.find_export(name));
    }

    OrTrapped<std::vector<Value>> call(
        Instance& instance, std::string_view name, std::vector<Value> arguments = {})
    {
        return invoke(thread, function(instance, name), arguments);
    }

    std::shared_ptr<Engine> engine;
    GuestStore guest_store { engine };
    Store& store = guest_store.store;
    Thread& thread = guest_store.thread;
    Linker linker;
};

} // namespace vitrine::core::test
