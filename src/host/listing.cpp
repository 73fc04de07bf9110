// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "host/listing.h"

#include "base/result.h"

#include <algorithm>
#include <dirent.h>
#include <fcntl.h>
#include <string_view>

namespace vitrine::core::host {

namespace {

/// The number of the first entry that comes from the host. `.` and `..` come before it and are made
/// here; those of the host are skipped.
constexpr uint64_t first_of_host = 2;
/// The buffer size for one system call.
constexpr size_t batch_bytes = size_t { 16 } << 10;

/// The entries `.` and `..`. The guest must not learn the inode of the parent directory, so it is
/// 0.
Answer<std::vector<Listing::Entry>> own_entries(int folder)
{
    struct stat self;
    if (::fstat(folder, &self) != 0)
        return system_error();
    return std::vector<Listing::Entry> { { ".", self.st_ino, FileType::Directory, 1 },
        { "..", 0, FileType::Directory, first_of_host } };
}

FileType type_of(int folder, const dirent64& entry)
{
    struct stat status;
    if (entry.d_type == DT_UNKNOWN && ::fstatat(folder, entry.d_name, &status, AT_SYMLINK_NOFOLLOW) == 0)
        return file_type_of(status.st_mode);
    return file_type_of(DTTOIF(entry.d_type));
}

} // namespace

Answer<Listing::BatchPointer> Listing::find(int folder, uint64_t number)
{
    const std::lock_guard lock(mutex_);
    if (number == 0) {
        last_.reset();
        positions_.clear();
        stride_ = 1;
        note(first_of_host, 0);
    }
    if (number < first_of_host)
        return std::make_shared<const Batch>(Batch { 0, first_of_host, TRY(own_entries(folder)), 0 });
    if (positions_.empty())
        note(first_of_host, 0);
    if (last_ && number >= last_->first && number < last_->next)
        return last_;
    const uint64_t step = std::min((number - first_of_host) / stride_, uint64_t { positions_.size() - 1 });
    // The last batch may end closer to the entry than the nearest known position.
    const uint64_t known = first_of_host + step * stride_;
    if (last_ && last_->next <= number && last_->first >= known)
        return last_;
    return read(folder, known, positions_[step]);
}

Answer<Listing::BatchPointer> Listing::after(int folder, const Batch& batch)
{
    const std::lock_guard lock(mutex_);
    return read(folder, batch.next, batch.end);
}

Answer<Listing::BatchPointer> Listing::read(int folder, uint64_t number, off_t position)
{
    auto batch = std::make_shared<Batch>(Batch { .first = number, .next = number, .end = position });
    // Do not seek if the descriptor is already there: after a seek, some hosts miscount if entries
    // have been removed meanwhile.
    if (position != host_position_ && ::lseek(folder, position, SEEK_SET) < 0)
        return system_error();
    alignas(dirent64) char bytes[batch_bytes];
    // A read that returned nothing but `.` and `..` is not the end.
    for (bool is_end = false; batch->entries.empty() && !is_end;) {
        host_position_ = -1;
        const ssize_t size = ::getdents64(folder, bytes, sizeof bytes);
        if (size < 0)
            return system_error();
        is_end = size == 0;
        for (ssize_t at = 0; at < size;) {
            const auto& entry = *reinterpret_cast<const dirent64*>(bytes + at);
            const std::string_view name = entry.d_name;
            at += entry.d_reclen;
            batch->end = entry.d_off;
            if (name != "." && name != "..") {
                batch->next = number_at(entry.d_off, batch->next + 1);
                batch->entries.push_back(
                    { std::string(name), entry.d_ino, type_of(folder, entry), batch->next });
            }
            note(batch->next, entry.d_off);
        }
    }
    host_position_ = batch->end;
    // An empty batch at the end will not be needed again soon.
    last_ = batch->entries.empty() ? nullptr : batch;
    return batch;
}

uint64_t Listing::number_at(off_t position, uint64_t least) const
{
    for (uint64_t i = (least - first_of_host + stride_ - 1) / stride_; i < positions_.size(); ++i)
        if (positions_[i] == position)
            return first_of_host + i * stride_;
    return least;
}

void Listing::note(uint64_t number, off_t position)
{
    if (number != first_of_host + positions_.size() * stride_)
        return;
    if (positions_.size() == max_positions) {
        for (size_t i = 0; i < max_positions / 2; ++i)
            positions_[i] = positions_[2 * i];
        positions_.resize(max_positions / 2);
        stride_ *= 2;
    }
    if (number == first_of_host + positions_.size() * stride_)
        positions_.push_back(position);
}

} // namespace vitrine::core::host
