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

/// [doc] Listings of directories
///
/// A guest reads a directory in pieces of any size. To continue, it names the entry that comes next
/// by number. The numbers count up from 0, because guests keep them in 32 bits. The host instead
/// identifies entries by positions, which are arbitrary numbers of up to 63 bits.
///
/// An open directory keeps the batch that was read last and a table of some positions: of every
/// entry in a directory of up to `max_positions` entries, of every second entry in one of up to
/// twice that size, and so on. An entry therefore keeps its number while others are added and
/// removed (the numbers of removed entries are skipped), the table does not grow with the
/// directory, and no entry is far from one whose position is known.
class Listing {
public:
    struct Entry {
        std::string name;
        uint64_t inode;
        FileType type;
        /// The number of the entry after it.
        uint64_t next;
    };
    /// Entries that were read at once. An empty batch means the end of the directory.
    struct Batch {
        /// The number of the first entry, and of the entry after the last.
        uint64_t first = 0, next = 0;
        std::vector<Entry> entries {};
        /// The host's position after the batch.
        off_t end = 0;
    };
    using BatchPointer = std::shared_ptr<const Batch>;

    /// The batch that contains this entry, or an earlier one from which `after` leads to it. Number
    /// 0 starts a new listing.
    Answer<BatchPointer> find(int folder, uint64_t number);
    Answer<BatchPointer> after(int folder, const Batch& batch);

private:
    static constexpr size_t max_positions = 2048;

    Answer<BatchPointer> read(int folder, uint64_t number, off_t position);
    void note(uint64_t number, off_t position);
    /// The number of the entry at a position: the one in the table, if it is at least `least`;
    /// otherwise `least`.
    uint64_t number_at(off_t position, uint64_t least) const;

    std::mutex mutex_;
    /// The current position of the host's descriptor; -1 if unknown.
    off_t host_position_ = -1;
    BatchPointer last_;
    /// The positions of entries 2, 2 + `stride_`, 2 + 2 * `stride_` and so on, as far as they have
    /// been read.
    std::vector<off_t> positions_;
    uint64_t stride_ = 1;
};

} // namespace vitrine::core::host
