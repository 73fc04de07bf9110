// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "gdb/request.h"

#include <algorithm>
#include <charconv>

namespace vitrine::core::gdb {

namespace {

/// The arguments after a packet's name. Each method consumes what it reads, or returns none.
class Arguments {
public:
    explicit Arguments(std::string_view text) : text_(text) {}

    bool at_end() const { return text_.empty(); }

    bool skip(std::string_view expected)
    {
        if (!text_.starts_with(expected))
            return false;
        text_.remove_prefix(expected.size());
        return true;
    }

    char letter()
    {
        if (text_.empty())
            return '\0';
        const char letter = text_.front();
        text_.remove_prefix(1);
        return letter;
    }

    template<class T = uint64_t> std::optional<T> number(int base = 16)
    {
        T value = 0;
        const auto [end, error] = std::from_chars(text_.data(), text_.data() + text_.size(), value, base);
        if (error != std::errc {})
            return std::nullopt;
        text_.remove_prefix(static_cast<size_t>(end - text_.data()));
        return value;
    }

    /// `separator` and the number after it.
    std::optional<uint64_t> next_number(std::string_view separator, int base = 16)
    {
        return skip(separator) ? number(base) : std::nullopt;
    }

    /// A thread's number. 0 and -1 mean any thread and all threads, returned as an empty inner
    /// optional. The outer optional is empty if there is no number.
    std::optional<ask::ThreadId> thread()
    {
        if (skip("-1"))
            return ask::ThreadId {};
        const auto number = this->number();
        if (!number)
            return std::nullopt;
        return *number == 0 ? ask::ThreadId {} : number;
    }

    /// Two hexadecimal digits.
    std::optional<uint8_t> byte()
    {
        Arguments pair(text_.substr(0, 2));
        const bool has_two = text_.size() >= 2;
        const auto byte = pair.number<uint8_t>();
        if (!has_two || !byte || !pair.at_end())
            return std::nullopt;
        text_.remove_prefix(2);
        return byte;
    }

    /// The rest, as pairs of hexadecimal digits.
    std::optional<std::vector<uint8_t>> bytes()
    {
        std::vector<uint8_t> bytes;
        while (!text_.empty()) {
            const auto byte = this->byte();
            if (!byte)
                return std::nullopt;
            bytes.push_back(*byte);
        }
        return bytes;
    }

private:
    std::string_view text_;
};

/// None if the arguments are malformed.
using Parsed = std::optional<Request>;

template<class Ask> Parsed just(Arguments in)
{
    if (!in.at_end())
        return ask::Unknown {};
    return Ask {};
}

template<class Ask> Parsed whatever_follows(Arguments) { return Ask {}; }

template<class Ask> Parsed number(Arguments in)
{
    const auto number = in.number();
    if (!number || !in.at_end())
        return std::nullopt;
    return Ask { *number };
}

template<class Ask> Parsed thread(Arguments in)
{
    const auto thread = in.thread();
    if (!thread || !in.at_end())
        return std::nullopt;
    return Ask { *thread };
}

template<bool is_first> Parsed thread_list(Arguments in)
{
    return in.at_end() ? ask::ThreadList { is_first } : Request(ask::Unknown {});
}

Parsed select_thread(Arguments in)
{
    const char operation = in.letter();
    const auto thread = in.thread();
    if ((operation != 'g' && operation != 'c') || !thread || !in.at_end())
        return std::nullopt;
    return ask::SelectThread { *thread, operation == 'c' };
}

Parsed libraries(Arguments in)
{
    const auto offset = in.number();
    const auto length = in.next_number(",");
    if (!offset || !length || !in.at_end())
        return std::nullopt;
    return ask::Libraries { *offset, *length };
}

/// `;thread:1;` after the arguments, or nothing.
std::optional<ask::ThreadId> thread_suffix(Arguments& in)
{
    std::optional<ask::ThreadId> thread = ask::ThreadId {};
    if (in.skip(";thread:"))
        thread = in.thread();
    in.skip(";");
    return in.at_end() ? thread : std::nullopt;
}

Parsed read_register(Arguments in)
{
    const auto number = in.number();
    const auto thread = thread_suffix(in);
    if (!number || !thread)
        return std::nullopt;
    return ask::ReadRegister { *number, *thread };
}

/// The value has the bytes of a register, the lowest first.
Parsed write_register(Arguments in)
{
    const auto number = in.number();
    if (!number || !in.skip("="))
        return std::nullopt;
    uint64_t value = 0;
    for (unsigned i = 0; i < sizeof value; ++i) {
        const auto byte = in.byte();
        if (!byte)
            return std::nullopt;
        value |= uint64_t { *byte } << 8 * i;
    }
    const auto thread = thread_suffix(in);
    if (!thread)
        return std::nullopt;
    return ask::WriteRegister { *number, value, *thread };
}

/// `frame;index`, both decimal.
template<class Ask> Parsed frame_and_index(Arguments in)
{
    const auto frame = in.number(10);
    const auto index = in.next_number(";", 10);
    if (!frame || !index || !in.at_end())
        return std::nullopt;
    return Ask { *frame, *index };
}

/// `frame;index` like the others, or `index;instance:id;`.
Parsed read_global(Arguments in)
{
    if (const auto of_frame = frame_and_index<ask::ReadGlobal>(in))
        return of_frame;
    const auto index = in.number(10);
    const auto instance = in.next_number(";instance:", 10);
    in.skip(";");
    if (!index || !instance || !in.at_end())
        return std::nullopt;
    return ask::ReadGlobalOf { *instance, *index };
}

template<bool is_binary> Parsed read_memory(Arguments in)
{
    const auto address = in.number();
    const auto length = in.next_number(",");
    if (!address || !length || !in.at_end())
        return std::nullopt;
    return ask::ReadMemory { *address, *length, is_binary };
}

Parsed write_memory(Arguments in)
{
    const auto address = in.number();
    const auto length = in.next_number(",");
    auto bytes = in.skip(":") ? in.bytes() : std::nullopt;
    if (!address || !length || !bytes || bytes->size() != *length)
        return std::nullopt;
    return ask::WriteMemory { *address, std::move(*bytes) };
}

/// `kind,address,size`. Software and hardware breakpoints are the same here.
template<class Break, class WatchAsk> Parsed stop_point(Arguments in)
{
    const auto kind = in.number();
    const auto address = in.next_number(",");
    const auto size = in.next_number(",");
    if (!kind || !address || !size || !in.at_end())
        return std::nullopt;
    if (*kind <= 1)
        return Break { *address };
    if (*kind > static_cast<uint64_t>(ask::Watch::Kind::Access))
        return ask::Unknown {};
    return WatchAsk { { static_cast<ask::Watch::Kind>(*kind), *address, *size } };
}

/// After `C` and `S` comes the signal to resume with, which has no meaning for a guest.
template<bool is_step, bool has_signal> Parsed resume(Arguments in)
{
    if ((has_signal && !in.number()) || !in.at_end())
        return std::nullopt;
    return ask::Resume { { { is_step } } };
}

/// `c`, `C05`, `s:1`, ... separated by `;`.
Parsed resume_actions(Arguments in)
{
    ask::Resume resume;
    do {
        const char letter = in.letter();
        const bool is_step = letter == 's' || letter == 'S';
        const bool has_signal = letter == 'C' || letter == 'S';
        if ((!is_step && letter != 'c' && letter != 'C') || (has_signal && !in.number()))
            return std::nullopt;
        const std::optional<ask::ThreadId> thread = in.skip(":") ? in.thread() : ask::ThreadId {};
        if (!thread)
            return std::nullopt;
        resume.actions.push_back({ is_step, *thread });
    } while (in.skip(";"));
    if (!in.at_end())
        return std::nullopt;
    return resume;
}

Parsed detach(Arguments in)
{
    const bool stays_stopped = in.skip("1");
    if (!in.at_end() && !(in.skip(";") && in.number()))
        return std::nullopt;
    return ask::Detach { stays_stopped };
}

Parsed monitor(Arguments in)
{
    const auto bytes = in.bytes();
    if (!bytes)
        return std::nullopt;
    return ask::Monitor { std::string(bytes->begin(), bytes->end()) };
}

struct Row {
    std::string_view prefix;
    Parsed (*parse)(Arguments);
};

/// The supported packets. The first row that matches applies. [rsp: packets; lldb: gdb-remote
/// protocol]
constexpr Row packets[] = {
    { "?", just<ask::LastStop> },
    { "C", resume<false, true> },
    { "D", detach },
    { "H", select_thread },
    { "M", write_memory },
    { "P", write_register },
    { "QEnableErrorStrings", just<ask::ErrorTexts> },
    { "QListThreadsInStopReply", just<ask::Agree> },
    { "QStartNoAckMode", just<ask::StopAcks> },
    { "QThreadSuffixSupported", just<ask::Agree> },
    { "S", resume<true, true> },
    { "T", thread<ask::ThreadExists> },
    // Z0 and Z1 set breakpoints, Z2 to Z4 watchpoints. "Five walks" in ARCHITECTURE.md follows Z0.
    { "Z", stop_point<ask::SetBreakpoint, ask::SetWatchpoint> },
    { "c", resume<false, false> },
    { "jThreadsInfo", just<ask::ThreadsInfo> },
    { "k", just<ask::Kill> },
    { "m", read_memory<false> },
    { "p", read_register },
    { "qC", just<ask::CurrentThread> },
    { "qHostInfo", just<ask::HostInfo> },
    { "qMemoryRegionInfo:", number<ask::MemoryRegion> },
    { "qProcessInfo", just<ask::ProcessInfo> },
    { "qRcmd,", monitor },
    { "qRegisterInfo", number<ask::RegisterInfo> },
    { "qSupported", whatever_follows<ask::Features> },
    { "qSupportsDetachAndStayStopped:", just<ask::Agree> },
    { "qSymbol:", whatever_follows<ask::Agree> },
    { "qThreadStopInfo", thread<ask::ThreadStop> },
    { "qWasmCallStack:", thread<ask::CallStack> },
    { "qWasmGlobal:", read_global },
    { "qWasmLocal:", frame_and_index<ask::ReadLocal> },
    { "qWasmStackValue:", frame_and_index<ask::ReadOperand> },
    { "qWatchpointSupportInfo", whatever_follows<ask::WatchpointCount> },
    { "qXfer:libraries:read::", libraries },
    { "qfThreadInfo", thread_list<true> },
    { "qsThreadInfo", thread_list<false> },
    { "s", resume<true, false> },
    { "vCont;", resume_actions },
    { "vCont?", just<ask::ResumeActions> },
    { "x", read_memory<true> },
    { "z", stop_point<ask::RemoveBreakpoint, ask::RemoveWatchpoint> },
};

} // namespace

Request parse_request(std::string_view payload)
{
    for (const Row& row : packets) {
        if (!payload.starts_with(row.prefix))
            continue;
        auto request = row.parse(Arguments(payload.substr(row.prefix.size())));
        return request ? std::move(*request) : ask::Malformed { row.prefix };
    }
    return ask::Unknown {};
}

std::vector<std::string_view> known_packets()
{
    std::vector<std::string_view> prefixes;
    std::ranges::transform(packets, std::back_inserter(prefixes), &Row::prefix);
    return prefixes;
}

} // namespace vitrine::core::gdb
