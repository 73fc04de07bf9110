// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace vitrine::core::gdb {

/// The requests of a client: one struct for each meaning, whichever packet carries it. Numbers are
/// not checked: the code that replies decides whether such a thread, frame or address exists.
namespace ask {

/// A thread's number; none for any thread or all threads.
using ThreadId = std::optional<uint64_t>;

/// A packet that we do not support. The protocol requires an empty reply.
struct Unknown {};
/// A supported packet with malformed arguments.
struct Malformed {
    std::string_view packet;
};
/// A packet that only needs the reply OK.
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
/// Selects the thread for the following requests, or for the next resume if `is_for_going_on` is
/// set.
struct SelectThread {
    ThreadId thread;
    bool is_for_going_on;
};
/// Lists all threads and why each stopped.
struct ThreadsInfo {};
/// Asks why the guest stopped; the reply repeats the stop reply.
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

/// What the threads do. The leftmost action that matches a thread applies to it; a thread without
/// one stays stopped.
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
/// A command that the user typed for us, not for LLDB.
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

/// Parses a packet's payload. Never fails: returns `Malformed` for malformed arguments and
/// `Unknown` for an unsupported packet.
Request parse_request(std::string_view payload);

/// The prefixes of the supported packets, for tests.
std::vector<std::string_view> known_packets();

} // namespace vitrine::core::gdb
