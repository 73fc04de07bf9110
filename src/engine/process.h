// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "engine/store_ref.h"

#include <condition_variable>
#include <cstdint>
#include <expected>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>
#include <vector>

namespace vitrine::core {

/// Why a guest cannot spawn a thread.
enum class SpawnRefusal : uint8_t {
    /// Its module does not export a `wasi_thread_start` of the right type.
    NoEntry,
    /// Its module imports something that stores cannot share.
    NotShareable,
    NoMemory,
    /// There are too many threads, or the process is ending.
    NoThread,
};

/// The threads of one guest process: the one of the embedder's store, which the embedder runs, and
/// those that the guest spawns. Each has a store and a host thread of its own, and sees the same
/// shared memories and host functions. [spec: wasi-threads]
class Process : public std::enable_shared_from_this<Process> {
public:
    /// `first` is the embedder's store.
    explicit Process(const StoreRef& first) : first_(first.requests) {}

    /// A thread's number, or why it could not be spawned.
    using Spawned = std::expected<int32_t, SpawnRefusal>;
    /// Spawns a thread: runs `wasi_thread_start` of a new instance that is a sibling of `like`.
    /// `like` is in the store of `parent`.
    Spawned spawn(StoreRef& parent, const Instance& like, uint32_t argument);
    /// Ends the spawned threads because the embedder's thread has trapped. Only the first trap of a
    /// process has an effect.
    void end(const Trap& trap);
    /// Ends all spawned threads and waits for them. No more can be spawned.
    void close();
    /// Whether the calling host thread is one of the spawned threads.
    bool is_inside();

private:
    struct Child {
        std::shared_ptr<StoreRef> ref;
        std::thread thread {};
    };

    std::optional<int32_t> free_number();
    Spawned make_child(StoreRef& parent, const Instance& like, uint32_t argument);
    Spawned start(const std::shared_ptr<StoreRef>& ref, Instance& instance, uint32_t argument);
    void run(int32_t number, const std::shared_ptr<StoreRef>& ref, Instance& instance, Function& entry,
        uint32_t argument);
    void end(const Trap& trap, std::shared_ptr<StoreRef> cause);

    const std::shared_ptr<Requests> first_;
    std::mutex mutex_;
    std::condition_variable changed_;
    std::map<int32_t, Child> running_;
    /// Host threads that have finished and must be joined.
    std::vector<std::thread> ended_;
    int32_t last_number_ = 0;
    bool is_over_ = false;
    /// The store of the thread whose trap ended the process. Kept alive because the trap's
    /// backtrace refers to its functions.
    std::shared_ptr<StoreRef> cause_;
};

} // namespace vitrine::core
