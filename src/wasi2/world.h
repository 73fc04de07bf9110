// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "host/path_calls.h"
#include "host/world.h"
#include "runtime/store.h"

#include <array>
#include <cstdint>
#include <memory>

namespace vitrine::core::wasi2 {

using host::Answer;
using host::File;
using host::refuse;

/// What the components of one store see of this machine. The functions of WASI, which are defined
/// once for a linker, find it through the store.
class World {
public:
    /// The maximum number of files that are open at a time because a guest opened them, so that it
    /// cannot use up the descriptors of the host.
    static constexpr size_t max_files = 512;

    World(std::unique_ptr<host::World> host, std::array<uint64_t, 2> hash_key)
        : host_(std::move(host)), hash_key_(hash_key)
    {}

    const host::World& host() const { return *host_; }
    const std::shared_ptr<File>& input() const { return host_->files()[0].file; }
    const std::shared_ptr<File>& output() const { return host_->files()[1].file; }
    const std::shared_ptr<File>& errors() const { return host_->files()[2].file; }

    host::Path path_in(const File& folder, const std::string& name) const
    {
        return { host_->sandbox(), folder, name };
    }
    /// EMFILE if the guest may not open another file.
    Answer<void> check_room() const;
    /// Counts a file that the guest opened until it is closed.
    std::shared_ptr<File> count(std::shared_ptr<File> file);

    /// The key of the hashes that stand for files. Different in each world, so that a hash does not
    /// reveal the inode.
    const std::array<uint64_t, 2>& hash_key() const { return hash_key_; }

private:
    const std::unique_ptr<host::World> host_;
    const std::array<uint64_t, 2> hash_key_;
    std::shared_ptr<size_t> open_files_ = std::make_shared<size_t>(0);
};

/// Gives the components of a store their world, in place of an earlier one. Fails for a directory
/// that cannot be opened, and for strings that cannot be passed to a guest.
Result<std::shared_ptr<World>> attach(Store& store, host::Config config);
/// The world of a store, or null.
std::shared_ptr<World> find_world(const Store& store);

} // namespace vitrine::core::wasi2
