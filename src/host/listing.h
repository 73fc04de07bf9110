// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "host/error.h"
#include "host/stat.h"

#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <sys/types.h>
#include <vector>

namespace vitrine::core::host {

/// [doc] Listings of folders
///
/// A guest reads a folder in pieces of its own size, and names an entry by its number to go on from there. The numbers count
/// up from 0, as guests keep them in 32 bits. The host names entries by positions: any number of up to 63 bits.
///
/// An open folder keeps the batch that was read last, and a table of some of the positions: of every entry in a folder of at
/// most `max_positions`, of every second in one twice as large, and so on. So an entry keeps its number while others come and
/// go (the numbers of entries that have gone are left out), what is kept does not grow with the folder, and no entry is far
/// from one whose position is known.
class Listing {
public:
    struct Entry {
        std::string name;
        uint64_t inode;
        FileType type;
        /// The number of the entry behind it.
        uint64_t next;
    };
    /// Entries that were read at once. An empty batch is the end.
    struct Batch {
        /// The number of its first entry, and of the one behind its last.
        uint64_t first = 0, next = 0;
        std::vector<Entry> entries {};
        /// The host's position behind it.
        off_t end = 0;
    };
    using BatchPointer = std::shared_ptr<const Batch>;

    /// The batch with this entry, or one before it from where `after` leads there. Number 0 begins a new listing.
    Answer<BatchPointer> find(int folder, uint64_t number);
    Answer<BatchPointer> after(int folder, const Batch& batch);

private:
    static constexpr size_t max_positions = 2048;

    Answer<BatchPointer> read(int folder, uint64_t number, off_t position);
    void note(uint64_t number, off_t position);
    /// The number of the entry at a position: the known one, if it is at least `least`; otherwise `least`.
    uint64_t number_at(off_t position, uint64_t least) const;

    std::mutex mutex_;
    /// Where the host's descriptor is.
    off_t host_position_ = -1;
    BatchPointer last_;
    /// Of the entries 2, 2 + `stride_`, 2 + 2 * `stride_` and so on, as far as they have been read.
    std::vector<off_t> positions_;
    uint64_t stride_ = 1;
};

} // namespace vitrine::core::host
