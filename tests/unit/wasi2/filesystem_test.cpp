// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "unit/wasi2/guest.h"

#include <algorithm>

namespace vitrine::core::wasi2::test {
namespace {

using File = Own<Descriptor>;
using VoidOr = FileResult<void>;
using ReadOr = FileResult<std::tuple<ByteList, bool>>;
using StatOr = FileResult<DescriptorStat>;

constexpr PathFlags follow = PathFlag::SymlinkFollow;
const DescriptorFlags both { DescriptorFlag::Read, DescriptorFlag::Write };

class FilesystemTest : public testing::Test {
protected:
    File open(std::string path, OpenFlags flags = {}, DescriptorFlags mode = both)
    {
        auto opened = guest_.open(root_, std::move(path), flags, mode);
        EXPECT_TRUE(opened.has_value());
        return *std::move(opened);
    }
    std::string read(const File& file, uint64_t length = 100, uint64_t offset = 0)
    {
        auto got = guest_.call<ReadOr>(
            "wasi:filesystem/types#[method]descriptor.read", Borrow(file), length, offset);
        return text_of_bytes(std::get<0>(*got)) + (std::get<1>(*got) ? "$" : "");
    }
    FileResult<uint64_t> write(const File& file, std::string_view text, uint64_t offset = 0)
    {
        return guest_.call<FileResult<uint64_t>>(
            "wasi:filesystem/types#[method]descriptor.write", Borrow(file), bytes_of_text(text), offset);
    }
    /// Calls a method on the root and a path that returns `result<_, error-code>`.
    VoidOr at(std::string name, std::string path)
    {
        return guest_.call<VoidOr>("[method]descriptor." + name, Borrow(root_), std::move(path));
    }
    StatOr stat(std::string path, PathFlags flags = {})
    {
        return guest_.call<StatOr>("[method]descriptor.stat-at", Borrow(root_), flags, std::move(path));
    }

    TemporaryFolder folder_;
    Guest guest_ { Guest::with(folder_) };
    File root_ = guest_.root();
};

TEST_F(FilesystemTest, ReadsAndWritesAtOffsets)
{
    const File file = open("new", OpenFlag::Create);
    EXPECT_EQ(5u, *write(file, "hello"));
    EXPECT_EQ(2u, *write(file, "LO", 3));
    EXPECT_EQ("helLO", read(file));
    EXPECT_EQ("lL", read(file, 2, 2));
    EXPECT_EQ("$", read(file, 2, 5));
    EXPECT_EQ("", read(file, 0, 5));
    EXPECT_EQ("helLO", read(file, UINT64_MAX)) << "a length that no list can have";
    EXPECT_EQ("helLO", folder_.read("new"));
    EXPECT_TRUE(guest_.call<VoidOr>("[method]descriptor.set-size", Borrow(file), uint64_t { 2 }).has_value());
    EXPECT_EQ("he", folder_.read("new"));
    EXPECT_TRUE(guest_.call<VoidOr>("[method]descriptor.sync", Borrow(file)).has_value());
    EXPECT_TRUE(guest_.call<VoidOr>("[method]descriptor.sync-data", Borrow(file)).has_value());
    EXPECT_TRUE(guest_
            .call<VoidOr>(
                "[method]descriptor.advise", Borrow(file), uint64_t { 0 }, uint64_t { 0 }, Advice::Sequential)
            .has_value());
    // A component may have declared more cases than there are.
    EXPECT_EQ(ErrorCode::Invalid,
        guest_
            .call<VoidOr>(
                "[method]descriptor.advise", Borrow(file), uint64_t { 0 }, uint64_t { 0 }, Advice(9))
            .error());
}

TEST_F(FilesystemTest, StreamsHavePositionsOfTheirOwn)
{
    folder_.write("file", "0123456789");
    const File file = open("file");
    using InOr = FileResult<Own<InputStream>>;
    using OutOr = FileResult<Own<OutputStream>>;
    const auto a = *guest_.call<InOr>("[method]descriptor.read-via-stream", Borrow(file), uint64_t { 2 });
    const auto b = *guest_.call<InOr>("[method]descriptor.read-via-stream", Borrow(file), uint64_t { 8 });
    const auto next = [&](const Own<InputStream>& stream, uint64_t length) {
        auto got = guest_.call<StreamAnswer<ByteList>>("[method]input-stream.read", Borrow(stream), length);
        return got ? text_of_bytes(*got) : std::string("closed");
    };
    EXPECT_EQ("23", next(a, 2));
    EXPECT_EQ("89", next(b, 5));
    EXPECT_EQ("45", next(a, 2));
    EXPECT_EQ("closed", next(b, 5));

    const auto put = [&](const Own<OutputStream>& stream, std::string_view text) {
        return guest_
            .call<StreamAnswer<void>>(
                "[method]output-stream.blocking-write-and-flush", Borrow(stream), bytes_of_text(text))
            .has_value();
    };
    const auto at = *guest_.call<OutOr>("[method]descriptor.write-via-stream", Borrow(file), uint64_t { 1 });
    const auto end = *guest_.call<OutOr>("[method]descriptor.append-via-stream", Borrow(file));
    EXPECT_TRUE(put(at, "ab"));
    EXPECT_TRUE(put(end, "!"));
    EXPECT_TRUE(put(at, "c"));
    EXPECT_TRUE(put(end, "?"));
    EXPECT_EQ("0abc456789!?", folder_.read("file"));

    const File readable = open("file", {}, DescriptorFlag::Read);
    EXPECT_EQ(ErrorCode::BadDescriptor,
        guest_.call<OutOr>("[method]descriptor.append-via-stream", Borrow(readable)).error());
    EXPECT_EQ(ErrorCode::BadDescriptor,
        guest_.call<InOr>("[method]descriptor.read-via-stream", Borrow(root_), uint64_t { 0 }).error());
}

TEST_F(FilesystemTest, OpenFlags)
{
    folder_.write("old", "old");
    EXPECT_EQ(ErrorCode::NoEntry, guest_.open(root_, "missing").error());
    EXPECT_EQ(
        ErrorCode::Exist, guest_.open(root_, "old", { OpenFlag::Create, OpenFlag::Exclusive }, both).error());
    EXPECT_EQ(ErrorCode::NotDirectory, guest_.open(root_, "old", OpenFlag::Directory).error());
    EXPECT_EQ(ErrorCode::Invalid, guest_.open(root_, ".", { OpenFlag::Directory, OpenFlag::Create }).error());
    EXPECT_EQ(ErrorCode::NotPermitted, guest_.open(root_, "../secret").error());
    EXPECT_EQ(ErrorCode::NotPermitted, guest_.open(root_, "/etc/passwd").error());
    EXPECT_EQ(ErrorCode::Invalid, guest_.open(root_, std::string("a\0b", 3)).error());
    EXPECT_EQ(ErrorCode::NameTooLong, guest_.open(root_, std::string(5000, 'a')).error());
    EXPECT_EQ("$", read(open("old", OpenFlag::Truncate)));

    using FlagsOr = FileResult<DescriptorFlags>;
    const auto flags_of = [&](const File& file) {
        return *guest_.call<FlagsOr>("[method]descriptor.get-flags", Borrow(file));
    };
    EXPECT_EQ(both, flags_of(open("old")));
    EXPECT_EQ(DescriptorFlags(DescriptorFlag::Read), flags_of(open("old", {}, {})));
    EXPECT_EQ(DescriptorFlags({ DescriptorFlag::Read, DescriptorFlag::MutateDirectory }), flags_of(root_));
    EXPECT_EQ(DescriptorFlags({ DescriptorFlag::Write, DescriptorFlag::DataIntegritySync }),
        flags_of(open("old", {}, { DescriptorFlag::Write, DescriptorFlag::DataIntegritySync })));
    EXPECT_EQ(DescriptorType::Directory,
        *guest_.call<FileResult<DescriptorType>>("[method]descriptor.get-type", Borrow(root_)));
}

TEST_F(FilesystemTest, OnlySoManyFilesAtATime)
{
    folder_.write("file", "");
    std::vector<File> files;
    for (size_t i = 0; i < World::max_files; ++i)
        files.push_back(open("file"));
    EXPECT_EQ(ErrorCode::InsufficientMemory, guest_.open(root_, "file").error());
    // A stream keeps its file open.
    auto stream = guest_.call<FileResult<Own<InputStream>>>(
        "[method]descriptor.read-via-stream", Borrow(files.back()), uint64_t { 0 });
    files.pop_back();
    EXPECT_EQ(ErrorCode::InsufficientMemory, guest_.open(root_, "file").error());
    stream = err(ErrorCode::Io);
    EXPECT_TRUE(guest_.open(root_, "file").has_value());
}

TEST_F(FilesystemTest, DirectoriesAreListedWithoutDots)
{
    for (int i = 0; i < 600; ++i)
        folder_.write("file" + std::to_string(i), "");
    folder_.make_folder("folder");
    folder_.link("file1", "link");
    using Entries = FileResult<Own<DirectoryEntries>>;
    using EntryOr = FileResult<std::optional<DirectoryEntry>>;
    const auto next = [&](const Own<DirectoryEntries>& entries) {
        return *guest_.call<EntryOr>("[method]directory-entry-stream.read-directory-entry", Borrow(entries));
    };
    const auto first = *guest_.call<Entries>("[method]descriptor.read-directory", Borrow(root_));
    const auto second = *guest_.call<Entries>("[method]descriptor.read-directory", Borrow(root_));
    std::vector<std::string> names;
    for (auto entry = next(first); entry; entry = next(first)) {
        EXPECT_TRUE(next(second).has_value()) << "two listings do not disturb each other";
        names.push_back(entry->name);
        EXPECT_EQ(entry->name == "folder" ? DescriptorType::Directory
                : entry->name == "link"   ? DescriptorType::SymbolicLink
                                          : DescriptorType::RegularFile,
            entry->type);
    }
    EXPECT_FALSE(next(second).has_value());
    EXPECT_FALSE(next(first).has_value());
    std::ranges::sort(names);
    EXPECT_EQ(602u, names.size());
    EXPECT_EQ(names.end(), std::ranges::adjacent_find(names));

    const File file = open("file1");
    EXPECT_EQ(ErrorCode::NotDirectory,
        guest_.call<Entries>("[method]descriptor.read-directory", Borrow(file)).error());
    // Names that are no strings.
    TemporaryFolder odd;
    odd.write("\xff", "");
    Guest other(Guest::with(odd));
    const File there = other.root();
    const auto entries = *other.call<Entries>("[method]descriptor.read-directory", Borrow(there));
    EXPECT_EQ(ErrorCode::IllegalByteSequence,
        other.call<EntryOr>("[method]directory-entry-stream.read-directory-entry", Borrow(entries)).error());
}

TEST_F(FilesystemTest, PathsAreCreatedRenamedAndRemoved)
{
    EXPECT_TRUE(at("create-directory-at", "a").has_value());
    EXPECT_EQ(ErrorCode::Exist, at("create-directory-at", "a").error());
    folder_.write("a/file", "text");
    EXPECT_EQ(ErrorCode::NotEmpty, at("remove-directory-at", "a").error());
    const char* const rename = "[method]descriptor.rename-at";
    EXPECT_TRUE(
        guest_.call<VoidOr>(rename, Borrow(root_), std::string("a/file"), Borrow(root_), std::string("b"))
            .has_value());
    EXPECT_TRUE(at("remove-directory-at", "a").has_value());
    const char* const link = "[method]descriptor.link-at";
    EXPECT_TRUE(guest_
            .call<VoidOr>(link, Borrow(root_), PathFlags(), std::string("b"), Borrow(root_), std::string("c"))
            .has_value());
    EXPECT_EQ(ErrorCode::Invalid,
        guest_.call<VoidOr>(link, Borrow(root_), follow, std::string("b"), Borrow(root_), std::string("d"))
            .error());
    EXPECT_EQ(2u, stat("b")->link_count);
    EXPECT_TRUE(at("unlink-file-at", "b").has_value());
    EXPECT_EQ("text", folder_.read("c"));
    EXPECT_EQ(ErrorCode::NoEntry, at("unlink-file-at", "b").error());

    const auto symlink = [&](std::string target, std::string path) {
        return guest_.call<VoidOr>(
            "[method]descriptor.symlink-at", Borrow(root_), std::move(target), std::move(path));
    };
    EXPECT_TRUE(symlink("c", "l").has_value());
    EXPECT_EQ(ErrorCode::NotPermitted, symlink("/etc", "m").error());
    EXPECT_EQ("c",
        *guest_.call<FileResult<std::string>>(
            "[method]descriptor.readlink-at", Borrow(root_), std::string("l")));
    EXPECT_EQ(ErrorCode::Invalid,
        guest_
            .call<FileResult<std::string>>("[method]descriptor.readlink-at", Borrow(root_), std::string("c"))
            .error());
    EXPECT_EQ(DescriptorType::SymbolicLink, stat("l")->type);
    EXPECT_EQ(DescriptorType::RegularFile, stat("l", follow)->type);
}

TEST_F(FilesystemTest, TimesAndHashes)
{
    folder_.write("file", "text");
    const char* const name = "[method]descriptor.set-times-at";
    const auto set = [&](NewTimestamp accessed, NewTimestamp modified) {
        return guest_.call<VoidOr>(name, Borrow(root_), PathFlags(), std::string("file"), accessed, modified);
    };
    const NewTimestamp unchanged(std::in_place_index<0>), now(std::in_place_index<1>);
    EXPECT_TRUE(set(Datetime { 5, 7 }, Datetime { 1'000'000, 999'999'999 }).has_value());
    EXPECT_EQ(5u, stat("file")->accessed->seconds);
    EXPECT_EQ(999'999'999u, stat("file")->modified->nanoseconds);
    EXPECT_TRUE(set(now, unchanged).has_value());
    EXPECT_GT(stat("file")->accessed->seconds, 1'000'000u);
    EXPECT_EQ(1'000'000u, stat("file")->modified->seconds);
    // These numbers mean something else to the system.
    EXPECT_EQ(ErrorCode::Invalid, set(Datetime { 5, UTIME_NOW }, unchanged).error());
    EXPECT_EQ(ErrorCode::Invalid, set(Datetime { UINT64_MAX, 0 }, unchanged).error());

    const File file = open("file");
    EXPECT_EQ(4u, guest_.call<StatOr>("[method]descriptor.stat", Borrow(file))->size);
    using HashOr = FileResult<MetadataHash>;
    const auto a = *guest_.call<HashOr>("[method]descriptor.metadata-hash", Borrow(file));
    const auto b = *guest_.call<HashOr>(
        "[method]descriptor.metadata-hash-at", Borrow(root_), follow, std::string("file"));
    const auto c = *guest_.call<HashOr>("[method]descriptor.metadata-hash", Borrow(root_));
    EXPECT_EQ(a.lower, b.lower);
    EXPECT_EQ(a.upper, b.upper);
    EXPECT_NE(a.lower, c.lower);
    const File again = open("file");
    EXPECT_TRUE(guest_.call<bool>("[method]descriptor.is-same-object", Borrow(file), Borrow(again)));
    EXPECT_FALSE(guest_.call<bool>("[method]descriptor.is-same-object", Borrow(file), Borrow(root_)));
    Guest other(Guest::with(folder_));
    const auto there = *other.call<HashOr>(
        "[method]descriptor.metadata-hash-at", Borrow(other.root()), follow, std::string("file"));
    EXPECT_NE(a.lower, there.lower) << "another world has another key";
}

TEST_F(FilesystemTest, AReadOnlyDirectoryStaysAsItIs)
{
    folder_.write("file", "text");
    Guest reader(Guest::with(folder_, host::Access::ReadOnly));
    const File root = reader.root();
    EXPECT_TRUE(reader.open(root, "file").has_value());
    EXPECT_EQ(ErrorCode::ReadOnly, reader.open(root, "file", {}, both).error());
    EXPECT_EQ(ErrorCode::ReadOnly, reader.open(root, "new", OpenFlag::Create).error());
    EXPECT_EQ(ErrorCode::ReadOnly,
        reader.open(root, ".", OpenFlag::Directory, DescriptorFlag::MutateDirectory).error());
    EXPECT_EQ(ErrorCode::ReadOnly,
        reader.call<VoidOr>("[method]descriptor.create-directory-at", Borrow(root), std::string("a"))
            .error());
    EXPECT_EQ(ErrorCode::ReadOnly,
        reader.call<VoidOr>("[method]descriptor.unlink-file-at", Borrow(root), std::string("file")).error());
}

TEST_F(FilesystemTest, PipesAreStreams)
{
    ASSERT_EQ(0, ::mkfifo((folder_ / "pipe").c_str(), 0600));
    EXPECT_EQ(DescriptorType::Fifo, stat("pipe")->type);
    const File pipe = open("pipe");
    const auto out = *guest_.call<FileResult<Own<OutputStream>>>(
        "[method]descriptor.write-via-stream", Borrow(pipe), uint64_t { 7 });
    const auto in = *guest_.call<FileResult<Own<InputStream>>>(
        "[method]descriptor.read-via-stream", Borrow(pipe), uint64_t { 9 });
    EXPECT_TRUE(guest_
            .call<StreamAnswer<void>>(
                "[method]output-stream.blocking-write-and-flush", Borrow(out), bytes_of_text("through"))
            .has_value());
    EXPECT_EQ("through",
        text_of_bytes(
            *guest_.call<StreamAnswer<ByteList>>("[method]input-stream.read", Borrow(in), uint64_t { 100 })));
}

} // namespace
} // namespace vitrine::core::wasi2::test
