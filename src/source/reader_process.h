// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "base/bytes.h"

#include <atomic>
#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <sys/types.h>

namespace vitrine::core::source {

/// What a reader process gets: the program to start, and the bytes to read.
struct ReaderFiles {
    /// The program and its first arguments: `{ "/proc/self/exe", "symbols" }`.
    std::vector<std::string> command;
    /// The module. `owner` keeps the bytes alive.
    Bytes module;
    std::shared_ptr<const void> owner {};
    /// The file that has the debug information, if it is not the module itself.
    Bytes debug_file {};
    std::shared_ptr<const void> debug_owner {};
    /// A package of split debug information (`.dwp`).
    Bytes package {};
    std::shared_ptr<const void> package_owner {};
    /// Finds a file of split debug information (`.dwo`) by its name and the directory in which the
    /// compiler ran. The reader opens no files: it asks. May be null.
    std::function<std::optional<std::vector<uint8_t>>(const std::string& name, const std::string& directory)>
        find_split {};
};

/// The descriptors that the reader process finds open. All others are closed.
namespace reader_descriptor {
constexpr int socket = 3, module = 4, progress = 5, debug_file = 6, package = 7;
} // namespace reader_descriptor

/// What a message from the reader is, by its first byte.
enum class FromReader : uint8_t {
    /// The answer follows.
    Answer,
    /// Two strings that each end with a zero byte follow: the name and the directory of a file of
    /// split debug information. The client sends the file, or an empty message.
    FindSplit,
};

/// A file of split debug information is at most this large.
constexpr size_t max_split_bytes = size_t { 256 } << 20;

/// A process that reads debug information: one question, one answer at a time.
class ReaderProcess {
public:
    /// Starts it. It skips the units `without`.
    static Result<std::unique_ptr<ReaderProcess>> start(
        const ReaderFiles& files, const std::vector<uint32_t>& without);
    /// Ends it.
    ~ReaderProcess();
    ReaderProcess(const ReaderProcess&) = delete;
    ReaderProcess& operator=(const ReaderProcess&) = delete;

    /// Sends a question and waits for its answer. Fails if the process has ended or the time is
    /// over.
    Result<std::vector<uint8_t>> ask(Bytes question, std::chrono::milliseconds limit);

    pid_t id() const { return id_; }
    /// The unit that it is reading.
    std::optional<uint32_t> unit() const;
    /// Ends it, if it has not ended by itself: `signal 11`, `status 1`; empty if it had to be
    /// ended.
    std::string end();

private:
    ReaderProcess() = default;
    Result<void> send_split(Bytes request, std::chrono::steady_clock::time_point until);

    decltype(ReaderFiles::find_split) find_split_;
    int socket_ = -1;
    pid_t id_ = 0;
    /// Memory that is shared with the process.
    std::atomic<uint32_t>* progress_ = nullptr;
};

/// Sends a message, preceded by its length in 4 bytes. For both sides.
Result<void> send_message(
    int socket, Bytes message, std::optional<std::chrono::steady_clock::time_point> until);
/// Receives one. Fails at the end of the stream, and if it is longer than `max_bytes`.
Result<std::vector<uint8_t>> receive_message(
    int socket, size_t max_bytes, std::optional<std::chrono::steady_clock::time_point> until);

} // namespace vitrine::core::source
