// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "wasi/preview1.h"

#include "wasi/call.h"

namespace vitrine::core::wasi {

Preview1::Preview1(std::unique_ptr<host::World> world, std::function<int(Thread&)> wake_fd,
    std::function<bool(Thread&)> may_go_on, uint32_t max_files)
    : world_(std::move(world)),
      wake_fd_(std::move(wake_fd)),
      may_go_on_(std::move(may_go_on)),
      files_(max_files)
{}

Result<std::shared_ptr<Preview1>> Preview1::create(Config config)
{
    auto wake_fd = std::move(config.wake_fd);
    auto may_go_on = std::move(config.may_go_on);
    const uint32_t max_files = config.max_files;
    auto world = TRY(host::World::create(std::move(config)));
    auto process =
        std::make_shared<Preview1>(std::move(world), std::move(wake_fd), std::move(may_go_on), max_files);
    for (const host::OpenedFile& opened : process->world().files())
        if (!process->files().add(opened.file))
            return failure(
                opened.what + ": the guest may have at most " + std::to_string(max_files) + " open files");
    return process;
}

namespace {

template<class T> constexpr char letter = 'i';
template<> constexpr char letter<Fd> = 'f';
template<> constexpr char letter<Pointer> = 'p';
template<> constexpr char letter<Long> = 'l';
template<class... Params> constexpr char letters[] = { letter<Params>..., '\0' };

Memory* memory_of(const Instance* caller)
{
    if (!caller)
        return nullptr;
    const auto exported = caller->find_export("memory");
    Memory* const* memory = exported ? std::get_if<Memory*>(&*exported) : nullptr;
    return memory ? *memory : nullptr;
}

/// Defines one function of one snapshot. The C++ type determines its parameters and how they are
/// read from the slots.
template<class... Params>
Result<void> define(Linker& linker, const std::shared_ptr<Preview1>& process, const Snapshot& snapshot,
    std::string_view name, Answer<void> (*function)(Call&, Params...), bool returns, HostKind kind)
{
    constexpr bool needs_memory = (std::is_same_v<Params, Pointer> || ...);
    const std::string module(snapshot.module);
    auto callback = [=, &snapshot](HostCall& host_call) -> HostOutcome {
        Memory* const memory = needs_memory ? memory_of(host_call.caller) : nullptr;
        if (needs_memory && !memory)
            return Trap { .kind = TrapKind::HostError,
                .message = module + "." + std::string(name)
                    + ": the calling module exports no memory named \"memory\"" };
        Call call(*process, host_call, snapshot, memory);
        const auto answer = [&]<size_t... I>(std::index_sequence<I...>) {
            return function(call, static_cast<Params>(host_call.slots[I])...);
        }(std::index_sequence_for<Params...>());
        if (call.trap)
            return std::move(*call.trap);
        host_call.slots[0] = static_cast<Slot>(answer ? Errno::Success : answer.error());
        return Returned {};
    };
    FuncType type { { (sizeof(Params) == 8 ? ValueType::i64 : ValueType::i32)... }, {} };
    if (returns)
        type.results.push_back(ValueType::i32);
    return linker.define(module, std::string(name),
        std::make_shared<const HostFunction>(
            HostFunction { module, std::string(name), std::move(type), std::move(callback), kind }));
}

template<class... Params>
constexpr FunctionRow row_of(std::string_view name, Answer<void> (*)(Call&, Params...), bool is_in_preview0)
{
    return { name, letters<Params...>, is_in_preview0 };
}

} // namespace

Result<void> define(Linker& linker, const std::shared_ptr<Preview1>& process)
{
#define DEFINE(snapshot, name, returns, kind) \
    CHECK(define(linker, process, snapshot, #name, &wasi::name, returns, HostKind::kind))
#define FUNCTION(name, ...)             \
    DEFINE(preview1, name, true, Host); \
    DEFINE(preview0, name, true, Host);
#define WAITING(name, ...)               \
    DEFINE(preview1, name, true, Waits); \
    DEFINE(preview0, name, true, Waits);
#define ADDED(name, ...) DEFINE(preview1, name, true, Waits);
#define ENDING(name, ...)                \
    DEFINE(preview1, name, false, Host); \
    DEFINE(preview0, name, false, Host);
#include "wasi/preview1.inc"
#undef DEFINE
    return {};
}

std::span<const FunctionRow> function_table()
{
    static constexpr FunctionRow rows[] = {
#define FUNCTION(name, ...) row_of(#name, &wasi::name, true),
#define ADDED(name, ...) row_of(#name, &wasi::name, false),
#include "wasi/preview1.inc"
    };
    return rows;
}

} // namespace vitrine::core::wasi
