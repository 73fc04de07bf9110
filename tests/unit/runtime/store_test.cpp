// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "runtime/store.h"

#include "runtime/linker.h"
#include "support/module_builder.h"
#include "support/resident.h"
#include "support/sanitizer.h"
#include "wasm/validator.h"

#include <gtest/gtest.h>

#include <initializer_list>
#include <thread>
#include <vector>

namespace vitrine::core::test {
namespace {

std::shared_ptr<const HostFunction> host_function(FuncType type)
{
    return std::make_shared<const HostFunction>(HostFunction {
        "host", "function", std::move(type), [](HostCall&) -> HostOutcome { return Returned {}; } });
}

TEST(Store, OneFunctionStandsForAHostFunction)
{
    const auto engine = std::make_shared<EngineState>();
    Store store(engine);
    const auto host = host_function({ { ValueType::i32 }, {} });
    Function* const function = *store.add_host_function(host);
    EXPECT_EQ(*store.add_host_function(host), function);
    EXPECT_NE(*store.add_host_function(host_function({ { ValueType::i32 }, {} })), function);
    EXPECT_EQ(store.find_host_function(*function), host);
    EXPECT_EQ(store.find_host_function(Function {}), nullptr);
    EXPECT_EQ(*engine->types[function->type].func(), host->type);
}

TEST(Store, NumbersHostFunctionsAsTheyAreMade)
{
    const auto engine = std::make_shared<EngineState>();
    Store store(engine);
    const auto first = host_function({}), second = host_function({});
    EXPECT_EQ((*store.add_host_function(first))->host_number, 0u);
    EXPECT_EQ((*store.add_host_function(second))->host_number, 1u);
    EXPECT_EQ((*store.add_host_function(first))->host_number, 0u) << "the one that is there";

    // One host function, many functions.
    const TypeRegistry::FunctionType type = *engine->types.add(second->type);
    Function trampolines[2];
    const int contexts[2] {};
    for (size_t i = 0; i < 2; ++i)
        store.make_host_function(trampolines[i], *second, type.id, &contexts[i]);
    EXPECT_EQ(trampolines[1].host_number, 3u);
    EXPECT_EQ(trampolines[1].host, second.get());
    EXPECT_EQ(trampolines[1].context, &contexts[1]);
    EXPECT_EQ((*store.add_host_function(second))->context, nullptr);

    auto nameless = std::make_shared<HostFunction>(*second);
    nameless->name = "";
    EXPECT_EQ((*store.add_host_function(nameless))->name(), "host.function4");
    EXPECT_EQ(trampolines[0].name(), "host.function");
}

TEST(Store, OwnsWhatIsAttachedAndEndsItBeforeItself)
{
    struct Note {
        Note(Store& store, std::vector<std::string>& ends, std::string name)
            : store(store), ends(ends), name(std::move(name))
        {}
        ~Note() { ends.push_back(name + (store.find_attached<Note>() ? "" : ", the last")); }
        Store& store;
        std::vector<std::string>& ends;
        std::string name;
    };
    struct Data {
        Data(Store& store, std::vector<std::string>& ends) : store(store), ends(ends) {}
        ~Data()
        {
            // The instances still exist.
            ends.push_back("data of " + std::to_string(store.instances().size()));
        }
        Store& store;
        std::vector<std::string>& ends;
    };
    std::vector<std::string> ends;
    {
        const auto engine = std::make_shared<EngineState>();
        Store store(engine);
        EXPECT_EQ(store.find_attached<Note>(), nullptr);
        store.attach<Note>(store, ends, "first");
        Data& data = store.attach<Data>(store, ends);
        Note& second = store.attach<Note>(store, ends, "second");
        EXPECT_EQ(store.find_attached<Data>(), &data);
        EXPECT_EQ(store.find_attached<Note>(), &second);
        ASSERT_TRUE(store.add_instance(*load_module(module_with({}), engine->types)));
        EXPECT_EQ(ends.size(), 0u);
    }
    EXPECT_EQ(ends, (std::vector<std::string> { "second", "data of 1", "first, the last" }));
}

TEST(Store, KeepsTheTypesOfWhatTheEmbedderAddsUntilItEnds)
{
    const auto engine = std::make_shared<EngineState>();
    {
        Store store(engine);
        const Function* const function = *store.add_host_function(host_function({ { ValueType::i32 }, {} }));
        const Tag* const tag = *store.add_tag(FuncType { { ValueType::i64 }, {} });
        EXPECT_EQ(engine->types.size(), 2u);
        EXPECT_EQ(engine->types[function->type].func()->params.front(), ValueType::i32);
        EXPECT_EQ(tag->type->type.func()->params.front(), ValueType::i64);
    }
    EXPECT_EQ(engine->types.size(), 0u);
}

TEST(Store, AFullEngineRefusesWhatHasANewType)
{
    const auto engine = std::make_shared<EngineState>();
    Store store(engine);
    const Function* const known = *store.add_host_function(host_function({ { ValueType::i32 }, {} }));
    IndexVector<TypeIndex, SubType> types;
    for (uint32_t i = 1; i < TypeRegistry::max_types; ++i) {
        types.push_back(SubType { .composite = StructType {} });
        types.back().group_size = TypeRegistry::max_types - 1;
    }
    const auto all = engine->types.add(types);
    ASSERT_TRUE(all);
    EXPECT_EQ(
        store.add_host_function(host_function({})).error().message, "too many different types in one engine");
    EXPECT_EQ(store.add_tag(FuncType {}).error().message, "too many different types in one engine");
    EXPECT_EQ((*store.add_host_function(host_function({ { ValueType::i32 }, {} })))->type, known->type);
}

TEST(Store, AllTablesTogetherHaveALimit)
{
    Store store(std::make_shared<EngineState>());
    const TableType large { .element = ValueType::funcref, .limits = { .min = Table::max_elements } };
    const TableType empty { .element = ValueType::funcref, .limits = { .min = 0 } };
    for (uint64_t taken = 0; taken < Store::max_table_elements - Table::max_elements;
        taken += Table::max_elements)
        EXPECT_TRUE(store.add_table(large, {}));
    Table& last = **store.add_table(empty, {});
    EXPECT_EQ(store.grow(last, Table::max_elements - 1, {}), 0u);
    EXPECT_EQ(store.add_table(large, {}).error().message,
        "too many table elements in the store: the limit is 50000000, and 10000000 more were requested");
    Table& another = **store.add_table(empty, {});
    EXPECT_EQ(store.grow(another, 2, {}), std::nullopt);
    EXPECT_EQ(store.grow(another, 1, {}), 0u);
    EXPECT_EQ(store.grow(another, 1, {}), std::nullopt);
    EXPECT_EQ(store.grow(another, 0, {}), 1u);
    EXPECT_EQ(store.grow(another, UINT64_MAX, {}), std::nullopt);
    // Growth that the table itself refuses is not counted.
    Store other(std::make_shared<EngineState>());
    Table& bounded = **other.add_table({ ValueType::funcref, { .min = 0, .max = 1 } }, {});
    for (int i = 0; i < 10; ++i)
        EXPECT_EQ(other.grow(bounded, Table::max_elements, {}), std::nullopt);
    EXPECT_TRUE(other.add_table(large, {}));
    EXPECT_EQ(store.add_table({ ValueType::funcref, { .min = Table::max_elements + 1 } }, {}).error().message,
        "a table of 10000001 elements is larger than the limit of 10000000");
}

TEST(Store, TheLimiterIsAskedFirst)
{
    Store store(std::make_shared<EngineState>());
    std::vector<std::pair<Resource, uint64_t>> asked;
    bool agrees = true;
    store.limiter = [&](Resource resource, uint64_t, uint64_t desired) {
        asked.emplace_back(resource, desired);
        return agrees;
    };
    Table& table = **store.add_table({ ValueType::funcref, { .min = 3 } }, {});
    Memory& memory = **store.add_memory(MemoryType { .limits = { .min = 1 } });
    const std::vector<std::pair<Resource, uint64_t>> expected { { Resource::Tables, 1 },
        { Resource::Table, 3 }, { Resource::Memories, 1 }, { Resource::Memory, Memory::page_size } };
    EXPECT_EQ(asked, expected);
    agrees = false;
    EXPECT_EQ(store.grow(table, 1, {}), std::nullopt);
    EXPECT_EQ(store.grow(memory, 1), std::nullopt);
    EXPECT_EQ(table.size(), 3u);
    EXPECT_EQ(memory.pages(), 1u);
    EXPECT_EQ(store.add_table({ ValueType::funcref, {} }, {}).error().message,
        "the embedder's limiter refuses 2 tables");
    EXPECT_FALSE(store.add_memory(MemoryType {}));
}

TEST(Store, SharesAMemoryOnce)
{
    Store store(std::make_shared<EngineState>());
    const MemoryType type { .limits = { .min = 1, .max = 2, .is_shared = true } };
    Memory* const memory = *store.add_memory(type);
    const auto owner = store.find_shared(memory);
    ASSERT_TRUE(owner);
    EXPECT_EQ(*store.add_memory(owner), memory);
    Memory* const own = *store.add_memory(MemoryType { .limits = { .min = 1 } });
    EXPECT_EQ(store.find_shared(own), nullptr);
}

void add(ByteWriter& to, std::initializer_list<uint8_t> bytes)
{
    for (const uint8_t byte : bytes)
        to.byte(byte);
}

/// A module with types that no other number has, a global of each, and a body that is valid or not.
ByteVector numbered_module(uint32_t number, bool is_valid)
{
    constexpr uint8_t count = 30, bits = 32;
    ByteWriter types, globals;
    add(types, { count, 0x60, 0x00, 0x00 });
    globals.byte(count - 1);
    for (uint8_t type = 1; type < count; ++type) {
        add(types, { 0x5f, bits });
        for (uint32_t bit = 0; bit < bits; ++bit)
            add(types, { (number * 32 + type) >> bit & 1 ? uint8_t { 0x7f } : uint8_t { 0x7e }, 0x00 });
        add(globals, { 0x63, type, 0x00, 0xd0, type, 0x0b });
    }
    return module_with({ section(1, types.bytes()), hex_bytes("03 02 01 00"), section(6, globals.bytes()),
        section(10, std::vector<ByteVector> { body_of(hex_bytes(is_valid ? "0b" : "1a 0b")) }) });
}

TEST(Store, TenThousandModulesOfAnEngineLeaveNothing)
{
    const auto engine = std::make_shared<EngineState>();
    uint64_t before = 0;
    for (uint32_t number = 0; number < 10'000; ++number) {
        if (number == 1000)
            before = resident_bytes();
        EXPECT_FALSE(load_module(numbered_module(number, false), engine->types));
        EXPECT_EQ(engine->types.size(), 0u);
        auto module = load_module(numbered_module(number, true), engine->types);
        ASSERT_TRUE(module);
        Store store(engine);
        const auto instance = Linker().instantiate(store, *module);
        ASSERT_TRUE(instance);
        (*module).reset();
        EXPECT_EQ(engine->types.size(), 30u) << "the instance keeps them";
        EXPECT_EQ((*instance)->globals.size(), 29u);
    }
    EXPECT_EQ(engine->types.size(), 0u);
    if (!is_sanitized) {
        EXPECT_LT(resident_bytes(), before + (4u << 20));
    }
}

TEST(Store, ModulesComeAndGoInManyThreads)
{
    const auto engine = std::make_shared<EngineState>();
    {
        std::vector<std::jthread> threads;
        for (uint32_t thread = 0; thread < 4; ++thread)
            threads.emplace_back([&engine] {
                for (uint32_t number = 0; number < 200; ++number) {
                    // All threads load the same module.
                    const auto module =
                        load_module(numbered_module(number % 7, number % 3 != 0), engine->types);
                    EXPECT_EQ(module.has_value(), number % 3 != 0);
                    if (!module)
                        continue;
                    Store store(engine);
                    EXPECT_TRUE(Linker().instantiate(store, *module));
                }
            });
    }
    EXPECT_EQ(engine->types.size(), 0u);
}

TEST(Store, ThreeRefusedModulesOfAMillionTypesLeaveRoomForAFourth)
{
    TypeRegistry types;
    const auto load = [&](uint8_t kind, bool is_valid) {
        // Each has a field that refers to the one before, so all are different.
        ByteWriter contents;
        contents.leb(uint32_t { 600'000 });
        add(contents, { 0x60, 0x00, 0x00 });
        for (int32_t i = 1; i < 600'000; ++i) {
            add(contents, { 0x5f, 0x02, kind, 0x00, 0x63 });
            contents.leb(i - 1);
            contents.byte(0x00);
        }
        return load_module(
            module_with({ section(1, contents.bytes()), hex_bytes("03 02 01 00"),
                section(10, std::vector<ByteVector> { body_of(hex_bytes(is_valid ? "0b" : "1a 0b")) }) }),
            types);
    };
    for (const uint8_t kind : { 0x7f, 0x7e, 0x7d })
        EXPECT_FALSE(load(kind, false));
    EXPECT_TRUE(load(0x7c, true));
}

} // namespace
} // namespace vitrine::core::test
