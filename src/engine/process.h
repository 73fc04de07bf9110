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

/// Why a guest cannot have another thread.
enum class SpawnRefusal : uint8_t {
    /// Its module exports no `wasi_thread_start` of the right type.
    NoEntry,
    /// It imports what stores cannot share.
    NotShareable,
    NoMemory,
    /// There are too many threads, or the process ends.
    NoThread,
};

/// The threads of one guest process: that of the embedder's store, which is not run here, and those that the guest spawns.
/// Each has a store and a thread of the host, and sees the same shared memories and the same host functions. [spec: wasi-threads]
class Process : public std::enable_shared_from_this<Process> {
public:
    /// `first` is the store of the thread that is there already.
    explicit Process(const StoreRef& first) : first_(first.requests) {}

    /// A thread's number, or why there is none.
    using Spawned = std::expected<int32_t, SpawnRefusal>;
    /// Runs `wasi_thread_start` of another instance like this one, which is in the store of `parent`.
    Spawned spawn(StoreRef& parent, const Instance& like, uint32_t argument);
    /// The first trap ends all threads.
    void end(const Trap& trap);
    /// Ends all but the first and waits for them; there will be no more.
    void close();
    /// Whether the calling thread is one of them.
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
    /// Threads of the host that have nothing left to do.
    std::vector<std::thread> ended_;
    int32_t last_number_ = 0;
    bool is_over_ = false;
    /// The store of the thread whose trap ended all: the trap's backtrace names functions of it.
    std::shared_ptr<StoreRef> cause_;
};

} // namespace vitrine::core
