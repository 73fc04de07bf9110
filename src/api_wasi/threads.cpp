// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <vitrine/wasi.hpp>

#include "api/access.h"
#include "engine/process.h"
#include "wasi/abi.h"

namespace vitrine {

using detail::Access;

namespace {

/// The errno that `thread-spawn` returns, negated, instead of a thread number.
core::wasi::Errno errno_of(core::SpawnRefusal why)
{
    using core::wasi::Errno;
    using Why = core::SpawnRefusal;
    switch (why) {
    case Why::NoEntry: return Errno::Nosys;
    case Why::NotShareable: return Errno::Notsup;
    case Why::NoMemory: return Errno::Nomem;
    case Why::NoThread: return Errno::Again;
    }
    std::unreachable();
}

/// `wasi.thread-spawn`, for every store that belongs to a process.
core::HostOutcome spawn(core::HostCall& call)
{
    const auto link = Access::link_of(call.store);
    const auto number = link->process && call.caller
        ? link->process->spawn(*link, *call.caller, static_cast<uint32_t>(call.slots[0]))
        : std::unexpected(core::SpawnRefusal::NoEntry);
    const int32_t answer = number ? *number : -static_cast<int32_t>(errno_of(number.error()));
    call.slots[0] = static_cast<uint32_t>(answer);
    return core::Returned {};
}

/// Defines a memory for each shared memory that the module imports and that has no definition yet.
core::Result<void> define_memories(
    core::Linker& linker, const detail::EngineBody& engine, const core::Module& module)
{
    for (const core::Import& import : module.imports) {
        if (import.kind != core::ExternKind::Memory || linker.find(import.module, import.name))
            continue;
        const core::MemoryType& type = module.memories[core::MemoryIndex { import.index }].type;
        if (!type.limits.is_shared)
            continue;
        std::shared_ptr<core::Memory> memory = TRY(engine.make_memory(type));
        CHECK(linker.define(std::string(import.module), std::string(import.name), std::move(memory)));
    }
    return {};
}

} // namespace

Result<void> add_wasi_threads(Linker& linker, Store& store, const Module& module)
{
    return detail::guarded<void>([&]() -> Result<void> {
        const auto& link = Access::link(store);
        CHECK(Access::check_use(link));
        const auto& body = Access::body(linker);
        if (link->engine != body->engine || Access::body(module)->engine != body->engine)
            return Error("store, linker and module belong to different engines");
        auto host = std::make_shared<const core::HostFunction>(core::HostFunction { "wasi", "thread-spawn",
            { { core::ValueType::i32 }, { core::ValueType::i32 } }, &spawn, core::HostKind::Engine });
        CHECK(body->linker.define("wasi", "thread-spawn", std::move(host)));
        CHECK(define_memories(body->linker, *link->engine, *Access::body(module)->module));
        if (!link->process)
            link->process = std::make_shared<core::Process>(*link);
        return {};
    });
}

void end_wasi_threads(Store& store)
{
    const auto process = Access::link(store) ? Access::link(store)->process : nullptr;
    if (!process)
        return;
    if (process->is_inside())
        detail::misused("end_wasi_threads was called on a thread that it would end");
    process->close();
}

} // namespace vitrine
