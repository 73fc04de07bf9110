// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace vitrine::core::gdb {

/// What a client may ask: one struct for each thing, whatever packets ask for it. Numbers are as they came; whether
/// there is such a thread, frame or address is for the answer to say.
namespace ask {

/// Which thread is meant: its number, or nothing when any or all are.
using ThreadId = std::optional<uint64_t>;

/// A packet that is none of ours: the protocol wants the empty answer.
struct Unknown {};
/// A packet of ours with arguments that make no sense.
struct Malformed {
    std::string_view packet;
};
/// Something we need only agree to.
struct Agree {};

struct StopAcks {};
struct ErrorTexts {};
struct Features {};
struct HostInfo {};
struct ProcessInfo {};
struct ResumeActions {};
struct RegisterInfo {
    uint64_t number;
};
struct Libraries {
    uint64_t offset;
    uint64_t length;
};

struct ThreadList {
    bool is_first;
};
struct CurrentThread {};
struct ThreadExists {
    ThreadId thread;
};
/// Which thread the next questions are about; `is_for_going_on` when not they, but the next resume is meant.
struct SelectThread {
    ThreadId thread;
    bool is_for_going_on;
};
/// All threads, with why each stopped.
struct ThreadsInfo {};
/// Why the guest stopped, as the stop itself was told.
struct LastStop {};
struct ThreadStop {
    ThreadId thread;
};

struct CallStack {
    ThreadId thread;
};
struct ReadRegister {
    uint64_t number;
    ThreadId thread {};
};
struct WriteRegister {
    uint64_t number;
    uint64_t value;
    ThreadId thread {};
};
struct ReadLocal {
    uint64_t frame;
    uint64_t index;
};
struct ReadOperand {
    uint64_t frame;
    uint64_t index;
};
struct ReadGlobal {
    uint64_t frame;
    uint64_t index;
};
struct ReadGlobalOf {
    uint64_t instance;
    uint64_t index;
};

struct ReadMemory {
    uint64_t address;
    uint64_t length;
    bool is_binary;
};
struct WriteMemory {
    uint64_t address;
    std::vector<uint8_t> bytes;
};
struct MemoryRegion {
    uint64_t address;
};

struct SetBreakpoint {
    uint64_t address;
};
struct RemoveBreakpoint {
    uint64_t address;
};
struct Watch {
    enum class Kind : uint8_t { Write = 2, Read, Access };

    Kind kind;
    uint64_t address;
    uint64_t length;

    friend auto operator<=>(const Watch&, const Watch&) = default;
};
struct SetWatchpoint {
    Watch watch;
};
struct RemoveWatchpoint {
    Watch watch;
};
struct WatchpointCount {};

/// What threads shall do: for each the leftmost action that means it; one that none means stands still.
struct Resume {
    struct Action {
        bool is_step;
        ThreadId thread {};
    };

    std::vector<Action> actions;
};
struct Detach {
    bool stays_stopped;
};
struct Kill {};
/// Words that the user typed for us alone.
struct Monitor {
    std::string command;
};

} // namespace ask

using Request = std::variant<ask::Unknown, ask::Malformed, ask::Agree, ask::StopAcks, ask::ErrorTexts,
    ask::Features, ask::HostInfo, ask::ProcessInfo, ask::ResumeActions, ask::RegisterInfo, ask::Libraries,
    ask::ThreadList, ask::CurrentThread, ask::ThreadExists, ask::SelectThread, ask::ThreadsInfo,
    ask::LastStop, ask::ThreadStop, ask::CallStack, ask::ReadRegister, ask::WriteRegister, ask::ReadLocal,
    ask::ReadOperand, ask::ReadGlobal, ask::ReadGlobalOf, ask::ReadMemory, ask::WriteMemory,
    ask::MemoryRegion, ask::SetBreakpoint, ask::RemoveBreakpoint, ask::SetWatchpoint, ask::RemoveWatchpoint,
    ask::WatchpointCount, ask::Resume, ask::Detach, ask::Kill, ask::Monitor>;

/// What a packet's payload asks for. Never fails: what makes no sense is `Malformed`, what is not known `Unknown`.
Request parse_request(std::string_view payload);

/// The beginnings of the packets that are understood, for tests.
std::vector<std::string_view> known_packets();

} // namespace vitrine::core::gdb
