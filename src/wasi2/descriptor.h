// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "host/path_calls.h"
#include "wasi2/streams.h"
#include "wasi2/values.h"

#include <optional>
#include <string>
#include <tuple>
#include <variant>

// The types of wasi:filesystem/types.

namespace vitrine::core::wasi2 {

enum class DescriptorType : uint8_t {
    Unknown,
    BlockDevice,
    CharacterDevice,
    Directory,
    Fifo,
    SymbolicLink,
    RegularFile,
    Socket,
};

enum class DescriptorFlag : uint8_t {
    Read,
    Write,
    FileIntegritySync,
    DataIntegritySync,
    RequestedWriteSync,
    MutateDirectory,
};
using DescriptorFlags = ComponentFlags<DescriptorFlag>;

enum class PathFlag : uint8_t { SymlinkFollow };
using PathFlags = ComponentFlags<PathFlag>;

enum class OpenFlag : uint8_t { Create, Directory, Exclusive, Truncate };
using OpenFlags = ComponentFlags<OpenFlag>;

struct DescriptorStat {
    DescriptorType type;
    uint64_t link_count;
    uint64_t size;
    std::optional<Datetime> accessed;
    std::optional<Datetime> modified;
    std::optional<Datetime> changed;
};

/// A time of a file stays as it is, becomes the present, or becomes this.
using NewTimestamp = std::variant<std::monostate, std::monostate, Datetime>;

struct DirectoryEntry {
    DescriptorType type;
    std::string name;
};

enum class Advice : uint8_t { Normal, Sequential, Random, WillNeed, DontNeed, NoReuse };

/// 128 bits that tell files apart.
struct MetadataHash {
    uint64_t lower;
    uint64_t upper;
};

/// The resource `descriptor`: an open file or directory.
struct Descriptor {
    std::shared_ptr<File> file;
};

/// The resource `directory-entry-stream`. It has a descriptor of the host of its own, so that
/// several of one directory do not disturb each other.
class DirectoryEntries {
public:
    explicit DirectoryEntries(std::shared_ptr<File> folder) : folder_(std::move(folder)) {}

    /// The next entry, none at the end. `.` and `..` are not entries.
    Answer<std::optional<DirectoryEntry>> next();

private:
    std::shared_ptr<File> folder_;
    host::Listing::BatchPointer batch_;
    size_t position_ = 0;
};

DescriptorType type_of(host::FileType type);
DescriptorStat stat_of(const host::Stat& stat);
/// EINVAL for a time that the system cannot represent.
Answer<host::NewTimes> times_of(const NewTimestamp& accessed, const NewTimestamp& modified);
/// How a file is opened for these flags.
Answer<host::OpenMode> mode_of(OpenFlags open, DescriptorFlags flags);
/// What a descriptor may be used for.
Answer<DescriptorFlags> flags_of(const File& file);
/// A hash of the device and the inode.
MetadataHash hash_of(const host::Stat& stat, const std::array<uint64_t, 2>& key);

} // namespace vitrine::core::wasi2
