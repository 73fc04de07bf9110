// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "wasi2/descriptor.h"

#include "base/text.h"

#include <bit>

namespace vitrine::core::wasi2 {

namespace {

constexpr uint64_t second = 1'000'000'000;

Answer<timespec> time_of(const NewTimestamp& timestamp)
{
    switch (timestamp.index()) {
    case 0: return host::new_time::unchanged;
    case 1: return host::new_time::now;
    default: break;
    }
    const auto& time = std::get<2>(timestamp);
    if (time.nanoseconds >= second || time.seconds > INT64_MAX)
        return refuse(EINVAL);
    return timespec { static_cast<time_t>(time.seconds), static_cast<long>(time.nanoseconds) };
}

/// SipHash-2-4 of 16 bytes.
uint64_t sip_hash(uint64_t key0, uint64_t key1, uint64_t first, uint64_t second)
{
    uint64_t v0 = key0 ^ 0x736f6d6570736575, v1 = key1 ^ 0x646f72616e646f6d;
    uint64_t v2 = key0 ^ 0x6c7967656e657261, v3 = key1 ^ 0x7465646279746573;
    const auto mix = [&](int rounds) {
        for (int i = 0; i < rounds; ++i) {
            v0 += v1, v1 = std::rotl(v1, 13) ^ v0, v0 = std::rotl(v0, 32);
            v2 += v3, v3 = std::rotl(v3, 16) ^ v2;
            v0 += v3, v3 = std::rotl(v3, 21) ^ v0;
            v2 += v1, v1 = std::rotl(v1, 17) ^ v2, v2 = std::rotl(v2, 32);
        }
    };
    for (const uint64_t word : { first, second, uint64_t { 16 } << 56 }) {
        v3 ^= word;
        mix(2);
        v0 ^= word;
    }
    v2 ^= 0xff;
    mix(4);
    return v0 ^ v1 ^ v2 ^ v3;
}

} // namespace

Answer<std::optional<DirectoryEntry>> DirectoryEntries::next()
{
    // The entries after `.` and `..`, which have the numbers 0 and 1.
    if (!batch_)
        batch_ = TRY(folder_->listing.find(folder_->descriptor(), 2));
    if (position_ == batch_->entries.size()) {
        if (batch_->entries.empty())
            return std::nullopt;
        batch_ = TRY(folder_->listing.after(folder_->descriptor(), *batch_));
        position_ = 0;
        if (batch_->entries.empty())
            return std::nullopt;
    }
    const host::Listing::Entry& entry = batch_->entries[position_++];
    if (!is_utf8(bytes_of(entry.name)))
        return refuse(EILSEQ);
    return DirectoryEntry { type_of(entry.type), entry.name };
}

DescriptorType type_of(host::FileType type)
{
    using enum host::FileType;
    switch (type) {
    case Unknown: return DescriptorType::Unknown;
    case BlockDevice: return DescriptorType::BlockDevice;
    case CharacterDevice: return DescriptorType::CharacterDevice;
    case Directory: return DescriptorType::Directory;
    case RegularFile: return DescriptorType::RegularFile;
    case SocketDgram:
    case SocketStream: return DescriptorType::Socket;
    case SymbolicLink: return DescriptorType::SymbolicLink;
    case Fifo: return DescriptorType::Fifo;
    }
    std::unreachable();
}

DescriptorStat stat_of(const host::Stat& stat)
{
    return { .type = type_of(stat.type),
        .link_count = stat.links,
        .size = stat.size,
        .accessed = datetime_of(stat.accessed),
        .modified = datetime_of(stat.modified),
        .changed = datetime_of(stat.changed) };
}

Answer<host::NewTimes> times_of(const NewTimestamp& accessed, const NewTimestamp& modified)
{
    return host::NewTimes { .accessed = TRY(time_of(accessed)), .modified = TRY(time_of(modified)) };
}

Answer<host::OpenMode> mode_of(OpenFlags open, DescriptorFlags flags)
{
    using enum DescriptorFlag;
    host::OpenMode mode {
        .read = flags.has(Read) || !flags.has(Write),
        .write = flags.has(Write),
        .create = open.has(OpenFlag::Create),
        .exclusive = open.has(OpenFlag::Exclusive),
        .truncate = open.has(OpenFlag::Truncate),
        .directory = open.has(OpenFlag::Directory),
        .flags = { .sync_data = flags.has(DataIntegritySync),
            .sync_all = flags.has(FileIntegritySync) || flags.has(RequestedWriteSync) },
    };
    if (mode.directory && (mode.create || mode.exclusive || mode.truncate))
        return refuse(EINVAL);
    return mode;
}

Answer<DescriptorFlags> flags_of(const File& file)
{
    const host::FileFlags host_flags = TRY(file.flags());
    DescriptorFlags flags;
    flags.set(DescriptorFlag::Read, file.can_read())
        .set(DescriptorFlag::Write, file.can_write())
        .set(DescriptorFlag::FileIntegritySync, host_flags.sync_all)
        .set(DescriptorFlag::DataIntegritySync, host_flags.sync_data)
        .set(
            DescriptorFlag::MutateDirectory, file.is_directory() && file.access() == host::Access::ReadWrite);
    return flags;
}

MetadataHash hash_of(const host::Stat& stat, const std::array<uint64_t, 2>& key)
{
    return { .lower = sip_hash(key[0], key[1], stat.device, stat.inode),
        .upper = sip_hash(key[1], ~key[0], stat.device, stat.inode) };
}

} // namespace vitrine::core::wasi2
