// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "base/text.h"
#include "host/file_calls.h"
#include "host/io.h"
#include "wasi2/descriptor.h"

#include <algorithm>
#include <climits>
#include <fcntl.h>

// The package wasi:filesystem.

namespace vitrine::core::wasi2 {

namespace {

/// EBADF for a directory, which has no bytes.
Answer<void> check_has_bytes(const File& file)
{
    if (file.is_directory())
        return refuse(EBADF);
    return {};
}

/// Calls a function of the host with a path below a directory.
template<class F>
auto with_path(Call& call, const Descriptor& folder, const std::string& name, const F& function)
    -> decltype(function(call.world.path_in(*folder.file, name)))
{
    CHECK(host::check_path(name));
    return function(call.world.path_in(*folder.file, name));
}

bool follows(PathFlags flags) { return flags.has(PathFlag::SymlinkFollow); }

// -- Streams

Answer<Own<InputStream>> read_via_stream(Descriptor& self, uint64_t offset)
{
    CHECK(check_has_bytes(*self.file));
    if (!self.file->can_read())
        return refuse(EBADF);
    if (!self.file->is_seekable())
        return Own<InputStream>::make(self.file);
    return Own<InputStream>::make(self.file, offset);
}

Answer<Own<OutputStream>> output_stream(Descriptor& self, OutputStream::Place place)
{
    CHECK(check_has_bytes(*self.file));
    if (!self.file->can_write())
        return refuse(EBADF);
    if (!self.file->is_seekable())
        return Own<OutputStream>::make(self.file);
    return Own<OutputStream>::make(self.file, place);
}

Answer<Own<OutputStream>> write_via_stream(Descriptor& self, uint64_t offset)
{
    return output_stream(self, offset);
}

Answer<Own<OutputStream>> append_via_stream(Descriptor& self)
{
    return output_stream(self, OutputStream::AtEnd {});
}

// -- Operations on open files

Answer<void> advise(Descriptor& self, uint64_t offset, uint64_t length, Advice advice)
{
    constexpr int advices[] = { POSIX_FADV_NORMAL, POSIX_FADV_SEQUENTIAL, POSIX_FADV_RANDOM,
        POSIX_FADV_WILLNEED, POSIX_FADV_DONTNEED, POSIX_FADV_NOREUSE };
    CHECK(check_has_bytes(*self.file));
    if (static_cast<size_t>(advice) >= std::size(advices))
        return refuse(EINVAL);
    return host::advise(*self.file, offset, length, advices[static_cast<size_t>(advice)]);
}

Answer<void> sync_data(Descriptor& self) { return host::sync_data(*self.file); }

Answer<void> sync(Descriptor& self) { return host::sync_all(*self.file); }

Answer<DescriptorFlags> get_flags(const Descriptor& self) { return flags_of(*self.file); }

Answer<DescriptorType> get_type(const Descriptor& self) { return type_of(self.file->type()); }

Answer<void> set_size(Descriptor& self, uint64_t size)
{
    CHECK(check_has_bytes(*self.file));
    return host::set_size(*self.file, size);
}

Answer<void> set_times(Descriptor& self, const NewTimestamp& accessed, const NewTimestamp& modified)
{
    return host::set_times(*self.file, TRY(times_of(accessed, modified)));
}

/// Bytes, and whether they end at the end of the file.
Answer<std::tuple<ByteList, bool>> read(Descriptor& self, uint64_t length, uint64_t offset)
{
    CHECK(check_has_bytes(*self.file));
    ByteList bytes(std::min<uint64_t>(length, host::bytes_at_once));
    const iovec buffer { bytes.data(), bytes.size() };
    bytes.resize(TRY(host::read_at(*self.file, { &buffer, 1 }, offset)));
    const bool is_end = bytes.empty() && length != 0;
    return std::tuple(std::move(bytes), is_end);
}

Answer<uint64_t> write(Descriptor& self, Bytes bytes, uint64_t offset)
{
    CHECK(check_has_bytes(*self.file));
    const iovec buffer { const_cast<std::byte*>(bytes.data()), std::min(bytes.size(), host::bytes_at_once) };
    return host::write_at(*self.file, { &buffer, 1 }, offset);
}

Answer<DescriptorStat> stat(const Descriptor& self)
{
    host::Stat found = TRY(host::stat_of(self.file->descriptor()));
    // The file's own type says more.
    found.type = self.file->type();
    return stat_of(found);
}

Answer<bool> are_same(const Descriptor& a, const Descriptor& b)
{
    const host::Stat first = TRY(host::stat_of(a.file->descriptor()));
    const host::Stat second = TRY(host::stat_of(b.file->descriptor()));
    return first.device == second.device && first.inode == second.inode;
}

bool is_same_object(const Descriptor& self, const Descriptor& other)
{
    return are_same(self, other).value_or(false);
}

Answer<MetadataHash> metadata_hash(Call& call, const Descriptor& self)
{
    return hash_of(TRY(host::stat_of(self.file->descriptor())), call.world.hash_key());
}

// -- Operations on paths

Answer<Own<DirectoryEntries>> read_directory(Call& call, const Descriptor& self)
{
    if (!self.file->is_directory())
        return refuse(ENOTDIR);
    CHECK(call.world.check_room());
    const std::string here = ".";
    auto folder =
        TRY(host::open(call.world.path_in(*self.file, here), false, { .read = true, .directory = true }));
    return Own<DirectoryEntries>::make(call.world.count(std::move(folder)));
}

Answer<void> create_directory_at(Call& call, const Descriptor& self, const std::string& path)
{
    return with_path(call, self, path, host::create_directory);
}

Answer<DescriptorStat> stat_at(Call& call, const Descriptor& self, PathFlags flags, const std::string& path)
{
    return with_path(call, self, path, [&](const host::Path& at) -> Answer<DescriptorStat> {
        return stat_of(TRY(host::stat_of(at, follows(flags))));
    });
}

Answer<void> set_times_at(Call& call, const Descriptor& self, PathFlags flags, const std::string& path,
    const NewTimestamp& accessed, const NewTimestamp& modified)
{
    const host::NewTimes times = TRY(times_of(accessed, modified));
    return with_path(
        call, self, path, [&](const host::Path& at) { return host::set_times(at, follows(flags), times); });
}

/// Calls a function of the host with two paths.
template<class F>
Answer<void> with_paths(Call& call, const Descriptor& folder, const std::string& from,
    const Descriptor& other_folder, const std::string& to, const F& function)
{
    return with_path(call, folder, from, [&](const host::Path& first) {
        return with_path(
            call, other_folder, to, [&](const host::Path& second) { return function(first, second); });
    });
}

Answer<void> link_at(Call& call, const Descriptor& self, PathFlags flags, const std::string& from,
    const Descriptor& folder, const std::string& to)
{
    // The host does not follow links here.
    if (follows(flags))
        return refuse(EINVAL);
    return with_paths(call, self, from, folder, to, host::link);
}

Answer<Own<Descriptor>> open_at(Call& call, const Descriptor& self, PathFlags path_flags,
    const std::string& path, OpenFlags open_flags, DescriptorFlags flags)
{
    const host::OpenMode mode = TRY(mode_of(open_flags, flags));
    if (mode.changes() || flags.has(DescriptorFlag::MutateDirectory))
        CHECK(self.file->check_changeable());
    CHECK(call.world.check_room());
    auto file = TRY(with_path(
        call, self, path, [&](const host::Path& at) { return host::open(at, follows(path_flags), mode); }));
    return Own<Descriptor>::make(call.world.count(std::move(file)));
}

Answer<std::string> readlink_at(Call& call, const Descriptor& self, const std::string& path)
{
    std::string target(PATH_MAX, '\0');
    target.resize(
        TRY(with_path(call, self, path, [&](const host::Path& at) { return host::read_link(at, target); })));
    if (!is_utf8(bytes_of(target)))
        return refuse(EILSEQ);
    return target;
}

Answer<void> remove_directory_at(Call& call, const Descriptor& self, const std::string& path)
{
    return with_path(call, self, path, host::remove_directory);
}

Answer<void> rename_at(Call& call, const Descriptor& self, const std::string& from, const Descriptor& folder,
    const std::string& to)
{
    return with_paths(call, self, from, folder, to, host::rename);
}

Answer<void> symlink_at(
    Call& call, const Descriptor& self, const std::string& target, const std::string& path)
{
    CHECK(host::check_path(target));
    return with_path(call, self, path, [&](const host::Path& at) { return host::symlink(target, at); });
}

Answer<void> unlink_file_at(Call& call, const Descriptor& self, const std::string& path)
{
    return with_path(call, self, path, host::unlink_file);
}

Answer<MetadataHash> metadata_hash_at(
    Call& call, const Descriptor& self, PathFlags flags, const std::string& path)
{
    return with_path(call, self, path, [&](const host::Path& at) -> Answer<MetadataHash> {
        return hash_of(TRY(host::stat_of(at, follows(flags))), call.world.hash_key());
    });
}

Answer<std::optional<DirectoryEntry>> read_directory_entry(DirectoryEntries& self) { return self.next(); }

std::optional<ErrorCode> filesystem_error_code(const IoError& error) { return error_code_of(error.number); }

// -- wasi:filesystem/preopens

std::vector<std::tuple<Own<Descriptor>, std::string>> get_directories(Call& call)
{
    std::vector<std::tuple<Own<Descriptor>, std::string>> folders;
    for (const host::OpenedFile& opened : call.world.host().files())
        if (opened.file->preopened_as)
            folders.emplace_back(Own<Descriptor>::make(opened.file), utf8_of(*opened.file->preopened_as));
    return folders;
}

} // namespace

void define_filesystem(Definitions& to)
{
    to.interface("wasi:filesystem/types")
        .resource<IoError>("error")
        .resource<InputStream>("input-stream")
        .resource<OutputStream>("output-stream")
        .resource<Descriptor>("descriptor")
        .resource<DirectoryEntries>("directory-entry-stream")
        .func("[method]descriptor.read-via-stream", read_via_stream)
        .func("[method]descriptor.write-via-stream", write_via_stream)
        .func("[method]descriptor.append-via-stream", append_via_stream)
        .func("[method]descriptor.advise", advise)
        .func("[method]descriptor.sync-data", sync_data)
        .func("[method]descriptor.get-flags", get_flags)
        .func("[method]descriptor.get-type", get_type)
        .func("[method]descriptor.set-size", set_size)
        .func("[method]descriptor.set-times", set_times)
        .func("[method]descriptor.read", read)
        .func("[method]descriptor.write", write)
        .func("[method]descriptor.read-directory", read_directory)
        .func("[method]descriptor.sync", sync)
        .func("[method]descriptor.create-directory-at", create_directory_at)
        .func("[method]descriptor.stat", stat)
        .func("[method]descriptor.stat-at", stat_at)
        .func("[method]descriptor.set-times-at", set_times_at)
        .func("[method]descriptor.link-at", link_at)
        .func("[method]descriptor.open-at", open_at)
        .func("[method]descriptor.readlink-at", readlink_at)
        .func("[method]descriptor.remove-directory-at", remove_directory_at)
        .func("[method]descriptor.rename-at", rename_at)
        .func("[method]descriptor.symlink-at", symlink_at)
        .func("[method]descriptor.unlink-file-at", unlink_file_at)
        .func("[method]descriptor.is-same-object", is_same_object)
        .func("[method]descriptor.metadata-hash", metadata_hash)
        .func("[method]descriptor.metadata-hash-at", metadata_hash_at)
        .func("[method]directory-entry-stream.read-directory-entry", read_directory_entry)
        .func("filesystem-error-code", filesystem_error_code);

    to.interface("wasi:filesystem/preopens")
        .resource<Descriptor>("descriptor")
        .func("get-directories", get_directories);
}

} // namespace vitrine::core::wasi2
