// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "world.h"

#include <gmock/gmock.h>

#include <map>
#include <set>
#include <sstream>

namespace vitrine::core::wasi::test {
namespace {

/// A folder with some of everything, open in a guest whose memory holds arguments for every
/// function.
struct Example {
    Example()
    {
        folder.write("file", "content");
        folder.write("other", "other");
        folder.link("file", "link");
        folder.make_folder("folder");
        Config config = World::with(folder);
        config.args = { "program", "argument" };
        config.env = { { "NAME", "value" } };
        world.emplace(std::move(config));
        EXPECT_EQ(world->open("file"), Errno::Success);
        EXPECT_EQ(world->open("other"), Errno::Success);
        world->put_text(1000, "file");
        world->put_text(1100, "new");
        world->put_text(1200, "link");
        world->put_text(1300, "folder");
        world->put_buffer(4000, 5);
        world->put_text(4000, "hello");
        world->put<uint64_t>(5000, 77); // a subscription to a clock that is due at once
    }

    /// Everything that a call could have changed: memory, files, the position of an open one.
    std::string state()
    {
        std::ostringstream out;
        const auto bytes = world->memory().bytes();
        out << std::hash<std::string_view>()(text_of(bytes));
        std::set<std::filesystem::path> names;
        for (const auto& entry : std::filesystem::recursive_directory_iterator(folder.path()))
            names.insert(entry.path());
        std::error_code dangling;
        for (const auto& name : names)
            out << '\n'
                << name << ' ' << static_cast<int>(std::filesystem::symlink_status(name).type()) << ' '
                << std::filesystem::hard_link_count(name, dangling) << ' '
                << (is_regular_file(name) ? folder.read(name.string()) : "");
        const auto memory = std::vector(bytes.begin(), bytes.end());
        for (const uint32_t fd : { 3, 4, 5, 6 })
            out << '\n'
                << static_cast<int>((*world)("fd_tell", fd, 2000)) << ' ' << world->get<uint64_t>(2000);
        std::ranges::copy(memory, world->memory().writable_base());
        return out.str();
    }

    TemporaryFolder folder;
    std::optional<World> world;
};

struct Row {
    std::vector<Slot> arguments;
    Errno answer = Errno::Success;
};

/// A successful call of each function, in the world of `Example`.
const std::map<std::string_view, Row> examples {
    { "args_get", { { 2000, 2100 } } },
    { "args_sizes_get", { { 2000, 2004 } } },
    { "environ_get", { { 2000, 2100 } } },
    { "environ_sizes_get", { { 2000, 2004 } } },
    { "clock_res_get", { { 0, 2000 } } },
    { "clock_time_get", { { 0, 0, 2000 } } },
    { "fd_advise", { { 4, 0, 5, 0 } } },
    { "fd_allocate", { { 4, 0, 20 } } },
    { "fd_close", { { 4 } } },
    { "fd_datasync", { { 4 } } },
    { "fd_fdstat_get", { { 4, 2000 } } },
    { "fd_fdstat_set_flags", { { 4, fd_flags::append } } },
    { "fd_fdstat_set_rights", { { 4, 0, 0 }, Errno::Notsup } },
    { "fd_filestat_get", { { 4, 2000 } } },
    { "fd_filestat_set_size", { { 4, 3 } } },
    { "fd_filestat_set_times", { { 4, 0, 0, time_flags::mtim } } },
    { "fd_pread", { { 4, 3000, 1, 1, 2000 } } },
    { "fd_prestat_get", { { 3, 2000 } } },
    { "fd_prestat_dir_name", { { 3, 2000, 1 } } },
    { "fd_pwrite", { { 4, 3000, 1, 1, 2000 } } },
    { "fd_read", { { 4, 3000, 1, 2000 } } },
    { "fd_readdir", { { 3, 2100, 500, 0, 2000 } } },
    { "fd_renumber", { { 4, 5 } } },
    { "fd_seek", { { 4, 2, 0, 2000 } } },
    { "fd_sync", { { 4 } } },
    { "fd_tell", { { 4, 2000 } } },
    { "fd_write", { { 4, 3000, 1, 2000 } } },
    { "path_create_directory", { { 3, 1100, 3 } } },
    { "path_filestat_get", { { 3, 0, 1000, 4, 2000 } } },
    { "path_filestat_set_times", { { 3, 0, 1000, 4, 0, 0, time_flags::mtim } } },
    { "path_link", { { 3, 0, 1000, 4, 3, 1100, 3 } } },
    { "path_open", { { 3, 0, 1100, 3, open_flags::create, World::read_write, 0, 0, 2000 } } },
    { "path_readlink", { { 3, 1200, 4, 2100, 50, 2000 } } },
    { "path_remove_directory", { { 3, 1300, 6 } } },
    { "path_rename", { { 3, 1000, 4, 3, 1100, 3 } } },
    { "path_symlink", { { 1000, 4, 3, 1100, 3 } } },
    { "path_unlink_file", { { 3, 1000, 4 } } },
    { "poll_oneoff", { { 5000, 6000, 1, 2000 } } },
    { "proc_exit", { { 7 }, Errno { 7 } } }, // the argument stays: nothing is returned
    { "proc_raise", { { 1 }, Errno::Notsup } },
    { "sched_yield", { {} } },
    { "random_get", { { 2000, 16 } } },
    { "sock_accept", { { 4, 0, 2000 }, Errno::Notsock } },
    { "sock_recv", { { 4, 3000, 1, 0, 2000, 2004 }, Errno::Notsock } },
    { "sock_send", { { 4, 3000, 1, 0, 2000 }, Errno::Notsock } },
    { "sock_shutdown", { { 4, 1 }, Errno::Notsock } },
};

bool is_for_sockets(std::string_view name) { return name.starts_with("sock_"); }

/// Functions that change nothing that `Example::state` sees.
bool has_no_effect(std::string_view name)
{
    constexpr std::string_view names[] { "fd_advise", "fd_datasync", "fd_fdstat_set_flags",
        "fd_fdstat_set_rights", "fd_filestat_set_times", "fd_sync", "path_filestat_set_times", "proc_exit",
        "proc_raise", "sched_yield" };
    return is_for_sockets(name) || std::ranges::find(names, name) != std::end(names);
}

TEST(Functions, TheTableHasThe46OfPreview1AndTheTestsHaveACallOfEach)
{
    EXPECT_EQ(function_table().size(), 46u);
    EXPECT_EQ(examples.size(), 46u);
    for (const FunctionRow& row : function_table()) {
        ASSERT_TRUE(examples.contains(row.name)) << row.name;
        EXPECT_EQ(examples.at(row.name).arguments.size(), row.parameters.size()) << row.name;
    }
}

TEST(Functions, EachIsDefinedInBothSnapshotsExceptTheOneThatWasAdded)
{
    World world;
    for (const FunctionRow& row : function_table()) {
        EXPECT_NE(world.linker().find("wasi_snapshot_preview1", row.name), nullptr) << row.name;
        EXPECT_EQ(world.linker().find("wasi_unstable", row.name) != nullptr, row.name != "sock_accept")
            << row.name;
    }
    EXPECT_EQ(world.linker().find("wasi_snapshot_preview1", "fd_fly"), nullptr);
}

TEST(Functions, TheirTypesAreThoseOfTheDescription)
{
    World world;
    const auto type = [&](std::string_view name) {
        return std::get<std::shared_ptr<const HostFunction>>(
            *world.linker().find("wasi_snapshot_preview1", name))
            ->type.to_text();
    };
    EXPECT_EQ(type("path_open"), "(param i32 i32 i32 i32 i32 i64 i64 i32 i32) (result i32)");
    EXPECT_EQ(type("fd_seek"), "(param i32 i64 i32 i32) (result i32)");
    EXPECT_EQ(type("proc_exit"), "(param i32)");
    EXPECT_EQ(type("sched_yield"), "(result i32)");
}

TEST(Functions, EachDoesItsWorkAndChangesSomethingThatCanBeSeen)
{
    for (const auto& [name, row] : examples) {
        Example example;
        const std::string before = example.state();
        EXPECT_EQ(example.world->call(name, row.arguments), row.answer) << name;
        if (has_no_effect(name))
            EXPECT_EQ(example.state(), before) << name;
        else
            EXPECT_NE(example.state(), before) << name;
    }
}

TEST(Functions, APointerOutOfBoundsIsAFaultThatChangesNothing)
{
    size_t faults = 0;
    for (const FunctionRow& row : function_table()) {
        if (is_for_sockets(row.name))
            continue;
        for (size_t i = 0; i < row.parameters.size(); ++i) {
            if (row.parameters[i] != 'p')
                continue;
            // Far out of bounds, and at the last byte: all parameters of the examples need more.
            for (const Slot pointer : { Slot { 0xfffffff0 }, Slot { 2 * 65536 - 1 } }) {
                if (pointer != 0xfffffff0 && row.name == "fd_prestat_dir_name")
                    continue; // the name is one byte long
                Example example;
                const std::string before = example.state();
                std::vector<Slot> arguments = examples.at(row.name).arguments;
                arguments[i] = pointer;
                EXPECT_EQ(example.world->call(row.name, arguments), Errno::Fault)
                    << row.name << " parameter " << i;
                EXPECT_FALSE(example.world->trap);
                EXPECT_EQ(example.state(), before) << row.name << " parameter " << i;
                ++faults;
            }
        }
    }
    EXPECT_EQ(faults, 2 * 47u - 1);
}

TEST(Functions, ABadDescriptorIsNamedByEachThatTakesOne)
{
    for (const FunctionRow& row : function_table()) {
        for (size_t i = 0; i < row.parameters.size(); ++i) {
            if (row.parameters[i] != 'f')
                continue;
            for (const Slot fd : { Slot { 6 }, Slot { 0xffffffff } }) {
                Example example;
                std::vector<Slot> arguments = examples.at(row.name).arguments;
                arguments[i] = fd;
                EXPECT_EQ(example.world->call(row.name, arguments), Errno::Badf)
                    << row.name << " parameter " << i;
            }
        }
    }
}

TEST(Functions, OneOfSeveralBuffersOutOfBoundsIsAFaultThatChangesNothing)
{
    for (const std::string_view name : { "fd_read", "fd_write", "fd_pread", "fd_pwrite" }) {
        Example example;
        example.world->put<uint32_t>(3008, 2 * 65536 - 3);
        example.world->put<uint32_t>(3012, 4);
        const std::string before = example.state();
        std::vector<Slot> arguments = examples.at(name).arguments;
        arguments[2] = 2;
        EXPECT_EQ(example.world->call(name, arguments), Errno::Fault) << name;
        EXPECT_EQ(example.state(), before) << name;
    }
}

TEST(Functions, BuffersOfMoreThan4GiBTogetherAreRefused)
{
    Example example;
    World& world = *example.world;
    ASSERT_TRUE(world.memory().grow(80));
    for (uint32_t i = 0; i < 1024; ++i) {
        world.put<uint32_t>(8000 + i * 8, 0);
        world.put<uint32_t>(8004 + i * 8, 5 << 20);
    }
    EXPECT_EQ(world("fd_read", 4, 8000, 1024, 2000), Errno::Inval);
    EXPECT_EQ(world("fd_write", 4, 8000, 1024, 2000), Errno::Inval);
    EXPECT_EQ(world("fd_write", 4, 8000, 1025, 2000), Errno::Inval);
    EXPECT_EQ(example.folder.read("file"), "content");
}

TEST(Functions, ACallerWithoutMemoryIsToldSo)
{
    World world;
    world.caller = nullptr;
    world("fd_write", 1, 0, 0, 0);
    ASSERT_TRUE(world.trap);
    EXPECT_EQ(world.trap->kind, TrapKind::HostError);
    EXPECT_EQ(world.trap->message,
        "wasi_snapshot_preview1.fd_write: the calling module exports no memory named \"memory\"");
    EXPECT_EQ(world("fd_close", 1), Errno::Success) << "what has no pointers needs no memory";
}

TEST(Functions, TheForerunnerHasItsOwnLayouts)
{
    TemporaryFolder folder;
    folder.write("file", "content");
    World world(World::with(folder), preview0);
    ASSERT_EQ(world.open("file"), Errno::Success);
    // whence: 0 is from here, 1 from the end, 2 from the start
    ASSERT_EQ(world("fd_seek", 4, 3, 2, 2000), Errno::Success);
    ASSERT_EQ(world("fd_seek", 4, 1, 0, 2000), Errno::Success);
    EXPECT_EQ(world.get<uint64_t>(2000), 4u);
    ASSERT_EQ(world("fd_seek", 4, -2, 1, 2000), Errno::Success);
    EXPECT_EQ(world.get<uint64_t>(2000), 5u);
    // a filestat of 56 bytes, whose link count has four
    world.put<uint64_t>(2056, 0x1122334455667788);
    ASSERT_EQ(world("fd_filestat_get", 4, 2000), Errno::Success);
    EXPECT_EQ(world.get<uint32_t>(2020), 1u);
    EXPECT_EQ(world.get<uint64_t>(2024), 7u);
    EXPECT_EQ(world.get<uint64_t>(2056), 0x1122334455667788u);
    // A subscription of 56 bytes, in which a clock has an identifier before its number. Both are
    // due.
    for (const uint32_t at : { 5000, 5056 }) {
        world.put<uint64_t>(at, at);
        world.put<uint64_t>(at + 16, 999); // the identifier
        world.put<uint32_t>(at + 24, 1);
    }
    ASSERT_EQ(world("poll_oneoff", 5000, 6000, 2, 2000), Errno::Success);
    EXPECT_EQ(world.result(), 2u);
    EXPECT_EQ(world.get<uint64_t>(6032), 5056u);
    EXPECT_EQ(world.get<uint16_t>(6040), 0u);
}

TEST(Buffers, TellOfWhatWasReadAlone)
{
    struct : MutationListener {
        void on_mutation(Origin, const Mutation& mutation) override
        {
            const auto& range = std::get<MemoryBytes>(mutation);
            told.emplace_back(range.address, range.count);
        }
        std::vector<std::pair<uint64_t, uint64_t>> told;
    } listener;
    TemporaryFolder folder;
    folder.write("file", "abcdefg");
    World world(World::with(folder));
    ASSERT_EQ(world.open("file"), Errno::Success);
    // Two buffers. The system call fills a part of the second.
    world.put(3000, 4000u);
    world.put(3004, 5u);
    world.put(3008, 6000u);
    world.put(3012, 60'000u);
    const Definition* definition = world.linker().find("wasi_snapshot_preview1", "fd_read");
    std::vector<Slot> slots { 4, 3000, 2, 2000 };
    const auto& host = std::get<std::shared_ptr<const HostFunction>>(*definition);
    HostCall call = world.host_call(host, slots);
    world.store().mutator.set_listener(&listener);
    host->callback(call);
    world.store().mutator.set_listener(nullptr);
    const std::vector<std::pair<uint64_t, uint64_t>> expected { { 4000, 5 }, { 6000, 2 }, { 2000, 4 } };
    EXPECT_EQ(listener.told, expected);
    EXPECT_EQ(world.text(6000, 2), "fg");
}

} // namespace
} // namespace vitrine::core::wasi::test
