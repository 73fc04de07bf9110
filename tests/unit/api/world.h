// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "support/wat.h"

#include <vitrine/vitrine.hpp>

#include <gmock/gmock.h>

#include <string>
#include <string_view>
#include <vector>

namespace vitrine::test {

inline Result<Module> try_module(const Engine& engine, std::string_view wat)
{
    const std::vector<std::uint8_t> bytes = core::test::wasm_of(wat);
    return Module::from_bytes(engine, std::as_bytes(std::span(bytes)));
}

/// An engine, a store and a linker, as an embedder has them.
struct World {
    explicit World(bool guest_debug = true) : World(Config().guest_debug(guest_debug)) {}
    explicit World(const Config& config) : engine(config), store(engine), linker(engine) {}

    Module module(std::string_view wat) const { return try_module(engine, wat).value(); }
    Instance instantiate(std::string_view wat) { return linker.instantiate(store, module(wat)).value(); }
    /// Why a module of this text cannot be instantiated here.
    std::string refusal(std::string_view wat)
    {
        const auto instance = linker.instantiate(store, module(wat));
        return instance ? "" : instance.error().message();
    }

    Engine engine;
    Store store;
    Linker linker;
};

/// The message of a failed result; empty for a success.
template<class T> std::string error_of(const Result<T>& result)
{
    return result ? "" : result.error().message();
}

/// The stop of an event, which must be one.
inline debug::Stopped stopped(debug::Event event)
{
    if (const auto* exited = std::get_if<debug::Exited>(&event))
        ADD_FAILURE() << "ended instead of stopping: " << error_of(exited->results);
    return std::get<debug::Stopped>(std::move(event));
}

/// The outcome of an event, which must be the end.
inline Result<std::vector<Val>> exited(debug::Event event)
{
    if (const auto* stop = std::get_if<debug::Stopped>(&event))
        ADD_FAILURE() << "stopped instead of ending: " << stop->reason().to_text();
    return std::get<debug::Exited>(std::move(event)).results;
}

} // namespace vitrine::test
